"""The lib0 encoding (varints, strings, byte arrays), bounded and always in linear time."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from app.domain.rooms.wire.refusal import Refused

LARGEST_ID: Final = 2**53 - 1  # the largest integer that every browser holds exactly
LARGEST_CLOCK: Final = 2**31 - 1  # the CRDT library adds clocks and lengths in 32 bits


class Reader:
    """Reads one message from front to back and never looks behind its end."""

    __slots__ = ("_data", "_end", "position")

    def __init__(self, data: bytes | memoryview, position: int = 0) -> None:
        self._data = data
        self._end = len(data)
        self.position = position

    @property
    def left(self) -> int:
        return self._end - self.position

    def uint(self, most: int = LARGEST_ID) -> int:
        """A variable-length integer of at most 8 bytes, written the shortest way."""
        data, start = self._data, self.position
        value = shift = 0
        for position in range(start, min(start + 8, self._end)):
            byte = data[position]
            value |= (byte & 127) << shift
            if byte < 128:
                if value > most or (byte == 0 and position > start):
                    raise Refused("bad_number")
                self.position = position + 1
                return value
            shift += 7
        raise Refused("bad_number" if self._end - start >= 8 else "truncated")

    def sized(self, most: int | None = None) -> bytes:
        """A byte array behind its length (`varUint8Array`)."""
        size = self.uint()
        if most is not None and size > most:
            raise Refused("too_long")
        start, end = self.position, self.position + size
        if end > self._end:
            raise Refused("truncated")
        self.position = end
        return bytes(self._data[start:end])

    def text(self, most: int | None = None) -> str:
        """A string behind its length in bytes (`varString`), strict UTF-8."""
        return decode_text(self.sized(most))

    def finish(self) -> None:
        """Refuse what follows the last part of a message."""
        if self.position != self._end:
            raise Refused("trailing_bytes")


def decode_text(raw: bytes) -> str:
    """Strict UTF-8: neither overlong forms nor the three bytes of half a surrogate pair."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        half = raw[error.start] == 0xED and raw[error.start + 1 : error.start + 2] >= b"\xa0"
        raise Refused("lone_surrogate" if half else "bad_text") from None


def uint(value: int) -> bytes:
    """A variable-length integer, written the shortest way."""
    if value < 128:
        return bytes((value,))
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def sized(raw: bytes) -> bytes:
    """A byte array behind its length."""
    return uint(len(raw)) + raw


def text(value: str) -> bytes:
    """A string behind its length in bytes."""
    return sized(value.encode())


def utf16_length(value: str) -> int:
    """How many clocks a string takes in a Yjs document: its UTF-16 code units."""
    return len(value) if value.isascii() else len(value.encode("utf-16-le")) >> 1


def read_json(raw: bytes, deepest: int) -> Any:
    """JSON as browsers read it: UTF-8, finite numbers, no half surrogate pairs, bounded depth."""
    if raw.count(b"[") + raw.count(b"{") > deepest and _depth(raw) > deepest:
        raise Refused("too_deep")
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeError):
        raise Refused("bad_json") from None


def _depth(raw: bytes) -> int:
    """How deep brackets are nested, looked at before a recursive parser sees them."""
    depth = deepest = 0
    quoted = escaped = False
    for byte in raw:
        if quoted:
            quoted = escaped or byte != 0x22
            escaped = byte == 0x5C and not escaped
        elif byte == 0x22:
            quoted = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest
