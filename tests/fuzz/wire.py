"""A writer (and plain reader) of Yjs V1 bytes made from the format alone, able to write what no client should.

It shares nothing with the application's own reader, so an error of understanding there is not
repeated here. Every count, length and flag that an honest writer derives can be overridden.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

GC, DELETED, JSON, BINARY, STRING, EMBED, FORMAT, TYPE, ANY, DOC, SKIP, MOVE = range(12)
HAS_ORIGIN, HAS_RIGHT, HAS_KEY, KIND = 0x80, 0x40, 0x20, 0x1F
LARGEST = 2**53 - 1  # the largest integer a browser can hold

Id = tuple[int, int]


class MalformedError(Exception):
    """These bytes are not an update that an honest writer makes."""


def uint(number: int, width: int = 0) -> bytes:
    """A varint; `width` pads it with useless bytes, as no honest writer does."""
    out = bytearray()
    while number > 127 or len(out) + 1 < width:
        out.append(128 | (number & 127))
        number >>= 7
    out.append(number)
    return bytes(out)


def sint(number: int) -> bytes:
    """The signed varint of lib0: sign in the second bit, six bits in the first byte."""
    rest = abs(number)
    out = bytearray([(64 if number < 0 else 0) | (128 if rest > 63 else 0) | (rest & 63)])
    rest >>= 6
    while out[-1] & 128:
        out.append((128 if rest > 127 else 0) | (rest & 127))
        rest >>= 7
    return bytes(out)


def raw(data: bytes) -> bytes:
    """Bytes behind their length."""
    return uint(len(data)) + data


def chars(text: str) -> bytes:
    """A string behind its length; lone surrogates become the three bytes that UTF-8 forbids."""
    return raw(text.encode("utf-8", "surrogatepass"))


def units(text: str) -> int:
    """How many clocks a string takes: UTF-16 code units."""
    return len(text) + sum(1 for c in text if ord(c) > 0xFFFF)


@dataclass(frozen=True, slots=True)
class Block:
    """One struct of an update; `info` overrides the flags that its fields imply."""

    kind: int
    body: bytes
    length: int
    origin: Id | None = None
    right: Id | None = None
    parent: str | Id | None = "text"
    key: str | None = None
    info: int | None = None
    text: str = ""

    def flags(self) -> int:
        """The info byte an honest writer would put first."""
        return (
            self.kind
            | (HAS_ORIGIN if self.origin is not None else 0)
            | (HAS_RIGHT if self.right is not None else 0)
            | (HAS_KEY if self.key is not None else 0)
        )

    def encode(self) -> bytes:
        """The block's bytes."""
        info = self.flags() if self.info is None else self.info
        out = bytearray([info & 255])
        if self.kind in (GC, SKIP):
            return bytes(out) + self.body
        if self.origin is not None:
            out += uint(self.origin[0]) + uint(self.origin[1])
        if self.right is not None:
            out += uint(self.right[0]) + uint(self.right[1])
        if self.origin is None and self.right is None and self.parent is not None:
            out += self._home()
        return bytes(out) + self.body

    def _home(self) -> bytes:
        out = b"\x01" + chars(self.parent) if isinstance(self.parent, str) else b"\x00"
        if isinstance(self.parent, tuple):
            out += uint(self.parent[0]) + uint(self.parent[1])
        return out + (chars(self.key) if self.key is not None else b"")


Place = dict[str, object]


def string(text: str, **place: object) -> Block:
    """Characters."""
    return Block(STRING, chars(text), units(text), text=text, **place)


def bad_string(data: bytes, length: int = 1, **place: object) -> Block:
    """A string block of bytes that may not be UTF-8."""
    return Block(STRING, raw(data), length, **place)


def deleted(length: int, **place: object) -> Block:
    """Characters already deleted."""
    return Block(DELETED, uint(length), length, **place)


def gc(length: int, info: int | None = None) -> Block:
    """A range collected with its parent."""
    return Block(GC, uint(length), length, info=info)


def skip(length: int) -> Block:
    """A hole."""
    return Block(SKIP, uint(length), length)


def anys(*values: bytes, count: int | None = None, **place: object) -> Block:
    """Plain values."""
    body = uint(len(values) if count is None else count) + b"".join(values)
    return Block(ANY, body, max(1, len(values)), **place)


def jsons(*values: str, count: int | None = None, **place: object) -> Block:
    """The older form of plain values."""
    body = uint(len(values) if count is None else count) + b"".join(chars(v) for v in values)
    return Block(JSON, body, max(1, len(values)), **place)


def binary(data: bytes, **place: object) -> Block:
    """A byte string."""
    return Block(BINARY, raw(data), 1, **place)


def embed(value: str, **place: object) -> Block:
    """An embedded JSON object."""
    return Block(EMBED, chars(value), 1, **place)


def formatted(name: str, value: str, **place: object) -> Block:
    """The start or end of a format."""
    return Block(FORMAT, chars(name) + chars(value), 1, **place)


def nested(reference: int, tail: bytes = b"", **place: object) -> Block:
    """A nested shared type: 0 array, 1 map, 2 text, 3 element, 4 fragment, 5 hook, 6 XML text, 7 link."""
    return Block(TYPE, uint(reference) + tail, 1, **place)


def subdocument(guid: str, options: bytes = b"\x76\x00", **place: object) -> Block:
    """A document in the document."""
    return Block(DOC, chars(guid) + options, 1, **place)


def moved(start: Id, end: Id | None = None, flags: int = 0, **place: object) -> Block:
    """A moved range, which Rust knows and JavaScript doesn't."""
    body = sint(flags if end is not None else flags | 1) + uint(start[0]) + uint(start[1])
    if end is not None:
        body += uint(end[0]) + uint(end[1])
    return Block(MOVE, body, 1, **place)


@dataclass(slots=True)
class Section:
    """The blocks of one client from one clock on."""

    client: int
    clock: int
    blocks: list[Block] = field(default_factory=list)
    count: int | None = None

    def encode(self) -> bytes:
        """The section's bytes."""
        count = len(self.blocks) if self.count is None else self.count
        head = uint(count) + uint(self.client) + uint(self.clock)
        return head + b"".join(block.encode() for block in self.blocks)

    @property
    def end(self) -> int:
        """The clock after the last block."""
        return self.clock + sum(block.length for block in self.blocks)


@dataclass(slots=True)
class Deletes:
    """The deleted ranges (clock, length) of one client."""

    client: int
    ranges: list[tuple[int, int]] = field(default_factory=list)
    count: int | None = None

    def encode(self) -> bytes:
        """The ranges' bytes."""
        count = len(self.ranges) if self.count is None else self.count
        body = b"".join(uint(clock) + uint(length) for clock, length in self.ranges)
        return uint(self.client) + uint(count) + body


@dataclass(slots=True)
class Update:
    """A whole update; the two counts can lie."""

    sections: list[Section] = field(default_factory=list)
    deletes: list[Deletes] = field(default_factory=list)
    section_count: int | None = None
    delete_count: int | None = None
    tail: bytes = b""

    def encode(self) -> bytes:
        """The update's bytes."""
        sections = len(self.sections) if self.section_count is None else self.section_count
        deletes = len(self.deletes) if self.delete_count is None else self.delete_count
        return b"".join(
            [
                uint(sections),
                *(section.encode() for section in self.sections),
                uint(deletes),
                *(ranges.encode() for ranges in self.deletes),
                self.tail,
            ]
        )


def state_vector(pairs: list[Id], count: int | None = None) -> bytes:
    """Clocks by client."""
    head = uint(len(pairs) if count is None else count)
    return head + b"".join(uint(client) + uint(clock) for client, clock in pairs)


def awareness(entries: list[tuple[int, int, str]], count: int | None = None) -> bytes:
    """Presence: client, clock and state as JSON text."""
    head = uint(len(entries) if count is None else count)
    return head + b"".join(uint(c) + uint(k) + chars(state) for c, k, state in entries)


def frame(kind: int, payload: bytes = b"") -> bytes:
    """A room frame."""
    return uint(kind) + payload


def any_number(value: float) -> bytes:
    """A 64-bit float as a plain value."""
    return b"\x7b" + struct.pack(">d", value)


def any_depth(levels: int, objects: bool = False) -> bytes:
    """A plain value nested so deep that a recursive reader runs out of stack."""
    step = b"\x76\x01\x01a" if objects else b"\x75\x01"
    return step * levels + b"\x7e"


class Reader:
    """Reads what honest writers write; used to know a document and to cut up real traffic."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def uint(self) -> int:
        """A varint."""
        number = shift = 0
        while True:
            if self.at >= len(self.data) or shift > 63:
                raise MalformedError
            byte = self.data[self.at]
            self.at += 1
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number

    def raw(self) -> bytes:
        """Bytes behind their length."""
        length = self.uint()
        if self.at + length > len(self.data):
            raise MalformedError
        self.at += length
        return self.data[self.at - length : self.at]

    def id(self) -> Id:
        """Client and clock."""
        return self.uint(), self.uint()

    def block(self) -> Block:
        """A block of the kinds that plain text has."""
        if self.at >= len(self.data):
            raise MalformedError
        info = self.data[self.at]
        self.at += 1
        kind = info & KIND
        if kind == GC:
            return gc(self.uint())
        origin = self.id() if info & HAS_ORIGIN else None
        right = self.id() if info & HAS_RIGHT else None
        parent: str | Id | None = None
        if origin is None and right is None:
            parent = self.raw().decode(errors="replace") if self.uint() else self.id()
        if kind == DELETED:
            return deleted(self.uint(), origin=origin, right=right, parent=parent)
        if kind != STRING:
            raise MalformedError
        try:
            text = self.raw().decode()
        except UnicodeDecodeError:
            raise MalformedError from None
        return string(text, origin=origin, right=right, parent=parent)


def parse(data: bytes) -> Update:
    """The update in its parts."""
    reader = Reader(data)
    update = Update()
    for _ in range(reader.uint()):
        count, client, clock = reader.uint(), reader.uint(), reader.uint()
        update.sections.append(Section(client, clock, [reader.block() for _ in range(count)]))
    for _ in range(reader.uint()):
        client, count = reader.uint(), reader.uint()
        update.deletes.append(Deletes(client, [reader.id() for _ in range(count)]))
    return update


def parse_state_vector(data: bytes) -> dict[int, int]:
    """Clocks by client."""
    reader = Reader(data)
    return dict(reader.id() for _ in range(reader.uint()))
