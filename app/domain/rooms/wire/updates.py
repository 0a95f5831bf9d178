"""Reads Yjs updates (V1) and state vectors: who wrote which clocks, where, and what is deleted.

Patterns take a block's head in one step of C code, which is what makes a keystroke cost
microseconds. Each pattern is a fixed row of bounded numbers, so nothing can backtrack.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from app.domain.rooms.wire.encoding import (
    LARGEST_CLOCK,
    LARGEST_ID,
    Reader,
    decode_text,
    uint,
    utf16_length,
)
from app.domain.rooms.wire.refusal import Refused

GC, DELETED, STRING = 0, 1, 4
HAS_ORIGIN, HAS_RIGHT, HAS_KEY, KIND = 0x80, 0x40, 0x20, 0x1F
ROOT: Final = "text"
FOREIGN_KINDS: Final = {
    2: "kind_json",
    3: "kind_binary",
    5: "kind_embed",
    6: "kind_format",
    7: "kind_type",
    8: "kind_any",
    9: "kind_doc",
    10: "kind_skip",
    11: "kind_move",
}

# Numbers as honest writers write them: the last byte of a longer one is never zero.
ID = rb"([\x00-\x7f]|[\x80-\xff]{1,7}[\x01-\x7f])"
CLOCK = rb"([\x00-\x7f]|[\x80-\xff]{1,4}[\x01-\x7f])"
_IN_ROOT = b"\x01\x04" + ROOT.encode()  # "the parent is the root with this name"
_SECTION = re.compile(CLOCK + ID + CLOCK)  # how many blocks, whose, from which clock
_ENTRY = re.compile(ID + CLOCK)  # a client of a delete set with its number of ranges
_RANGE = re.compile(CLOCK + CLOCK)
_COUNT = re.compile(CLOCK)
_HEADS: Final = {
    GC: re.compile(CLOCK).match,
    **{
        kind | flags: re.compile(where + CLOCK).match
        for kind in (DELETED, STRING)
        for flags, where in (
            (0, _IN_ROOT),
            (HAS_ORIGIN, ID + CLOCK),
            (HAS_RIGHT, ID + CLOCK),
            (HAS_ORIGIN | HAS_RIGHT, ID + CLOCK + ID + CLOCK),
        )
    },
}

Id = tuple[int, int]
Deletes = list[tuple[int, list[tuple[int, int]]]]  # client, its ranges as (start, end)


class Block(NamedTuple):
    """Clocks `clock` to `end` of one client, put between `origin` and `right`."""

    clock: int
    end: int
    kind: int
    origin: Id | None
    right: Id | None
    text: str | None  # of a STRING, None otherwise


_new = tuple.__new__  # a third of the time of Block(…), and most of an update is blocks


class Section(NamedTuple):
    """All blocks of one client in an update, without a gap between them."""

    client: int
    clock: int
    end: int
    blocks: list[Block]


class Update(NamedTuple):
    sections: list[Section]
    deletes: Deletes


def number(token: bytes) -> int:
    """The value of a clock, length or count that a pattern has found."""
    size = len(token)
    if size == 1:
        return token[0]
    if size == 2:
        return token[0] & 127 | token[1] << 7
    value = 0
    for byte in reversed(token):
        value = value << 7 | byte & 127
    if value > LARGEST_CLOCK:
        raise Refused("bad_number")
    return value


@lru_cache(maxsize=4096)  # a few writers at a time are read again and again
def client_id(token: bytes) -> int:
    """The value of a client id that a pattern has found."""
    value = 0
    for byte in reversed(token):
        value = value << 7 | byte & 127
    if value > LARGEST_ID:
        raise Refused("bad_number")
    return value


def read_blocks(data: bytes, most: int) -> tuple[list[Section], int]:
    """The blocks of an update and where its delete set begins."""
    count, position = _count(data, 0)
    sections: list[Section] = []
    for _ in range(count):
        match = _SECTION.match(data, position)
        if match is None:
            raise _short_or_odd(data, position)
        size, client, clock = match.groups()
        most -= number(size)
        if most < 0:
            raise Refused("too_many_blocks")
        blocks, position = _blocks(data, match.end(), number(size), number(clock))
        section = Section(client_id(client), blocks[0].clock, blocks[-1].end, blocks)
        if section.end > LARGEST_CLOCK:
            raise Refused("bad_number")
        sections.append(section)
    if len({section.client for section in sections}) != len(sections):
        raise Refused("client_twice")
    return sections, position


def _blocks(data: bytes, position: int, count: int, clock: int) -> tuple[list[Block], int]:
    if count == 0:
        raise Refused("no_blocks")
    blocks: list[Block] = []
    for _ in range(count):
        info = data[position] if position < len(data) else -1
        head = _HEADS.get(info)
        match = head(data, position + 1) if head else None
        if match is None:
            raise _odd_block(data, position, info)
        tokens = match.groups()
        size, position = number(tokens[-1]), match.end()
        origin = (client_id(tokens[0]), number(tokens[1])) if info & HAS_ORIGIN else None
        right = (client_id(tokens[-3]), number(tokens[-2])) if info & HAS_RIGHT else None
        kind = info & KIND
        value = None
        if size == 0:
            raise Refused("empty_block")
        if kind == STRING:
            value, position, size = _string(data, position, size)
        end = clock + size
        blocks.append(_new(Block, (clock, end, kind, origin, right, value)))
        clock = end
    return blocks, position


def _string(data: bytes, position: int, size: int) -> tuple[str, int, int]:
    """A string, where it ends, and its length in clocks."""
    end = position + size
    if end > len(data):
        raise Refused("truncated")
    value = decode_text(data[position:end])
    return value, end, size if len(value) == size else utf16_length(value)


def read_deletes(data: bytes, position: int, most: int) -> Deletes:
    """The delete set that ends an update."""
    count, position = _count(data, position)
    found: Deletes = []
    for _ in range(count):
        match = _ENTRY.match(data, position)
        if match is None:
            raise _short_or_odd(data, position)
        size = number(match[2])
        most -= size
        if most < 0:
            raise Refused("too_many_deletes")
        ranges, position = _ranges(data, match.end(), size)
        found.append((client_id(match[1]), ranges))
    if position != len(data):
        raise Refused("trailing_bytes")
    if len({client for client, _ in found}) != len(found):
        raise Refused("client_twice")
    return found


def _ranges(data: bytes, position: int, count: int) -> tuple[list[tuple[int, int]], int]:
    if count == 0:
        raise Refused("no_blocks")
    ranges: list[tuple[int, int]] = []
    before = 0
    for _ in range(count):
        match = _RANGE.match(data, position)
        if match is None:
            raise _short_or_odd(data, position)
        start, size = number(match[1]), number(match[2])
        if start < before:
            raise Refused("delete_order")
        if size == 0:
            raise Refused("empty_delete")
        before = start + size
        ranges.append((start, before))
        position = match.end()
    if before > LARGEST_CLOCK:
        raise Refused("bad_number")
    return ranges, position


def read_update(data: bytes, most: int = LARGEST_CLOCK) -> Update:
    """A whole update; `most` bounds its blocks and, apart from them, its deleted ranges."""
    sections, position = read_blocks(data, most)
    return Update(sections, read_deletes(data, position, most))


def read_state_vector(data: bytes, most: int) -> dict[int, int]:
    """Client ids with the clock up to which each is known, at most `most` of them."""
    reader = Reader(data)
    count = reader.uint()
    if count > reader.left or count > most:
        raise Refused("too_many_clients")
    clocks = {reader.uint(): reader.uint(LARGEST_CLOCK) for _ in range(count)}
    reader.finish()
    if len(clocks) != count:
        raise Refused("state_vector")
    return clocks


def write_state_vector(clocks: dict[int, int]) -> bytes:
    parts = [uint(len(clocks))]
    for client, clock in clocks.items():
        parts += (uint(client), uint(clock))
    return b"".join(parts)


def _count(data: bytes, position: int) -> tuple[int, int]:
    match = _COUNT.match(data, position)
    if match is None:
        raise _short_or_odd(data, position)
    return number(match[1]), match.end()


def _short_or_odd(data: bytes, position: int) -> Refused:
    """Why a row of numbers could not be read: the bytes ended, or a number is not one."""
    if len(data) - position >= 40:  # five numbers of eight bytes: the longest row fits
        return Refused("bad_number")
    reader = Reader(data, position)
    try:
        while True:
            reader.uint(LARGEST_ID)
    except Refused as refusal:
        return refusal


def _odd_block(data: bytes, position: int, info: int) -> Refused:
    """Why no pattern knows the head of a block."""
    if info < 0:
        return Refused("truncated")
    if info & KIND in FOREIGN_KINDS:
        return Refused(FOREIGN_KINDS[info & KIND])
    if info not in _HEADS:
        return Refused("map_key" if info & HAS_KEY and info & KIND else "bad_block")
    if info & (HAS_ORIGIN | HAS_RIGHT) or info == GC:
        return _short_or_odd(data, position + 1)
    if data.startswith(_IN_ROOT, position + 1):
        return _short_or_odd(data, position + 1 + len(_IN_ROOT))
    return Refused("parent")
