"""Writes Yjs updates block by block, also ones that no honest client sends."""

from __future__ import annotations

from app.domain.rooms.wire.encoding import text, uint
from app.domain.rooms.wire.updates import DELETED, GC, HAS_ORIGIN, HAS_RIGHT, STRING, Id

Deletes = dict[int, list[tuple[int, int]]]


def head(kind: int, origin: Id | None = None, right: Id | None = None) -> bytes:
    info = kind | (HAS_ORIGIN if origin else 0) | (HAS_RIGHT if right else 0)
    ids = b"".join(uint(part) for neighbour in (origin, right) if neighbour for part in neighbour)
    return bytes((info,)) + (ids or b"\x01" + text("text"))


def string(value: str, origin: Id | None = None, right: Id | None = None) -> bytes:
    return head(STRING, origin, right) + text(value)


def deleted(length: int, origin: Id | None = None, right: Id | None = None) -> bytes:
    return head(DELETED, origin, right) + uint(length)


def gc(length: int) -> bytes:
    return bytes((GC,)) + uint(length)


def section(client: int, clock: int, *blocks: bytes) -> bytes:
    return uint(len(blocks)) + uint(client) + uint(clock) + b"".join(blocks)


def update(*sections: bytes, deletes: Deletes | None = None) -> bytes:
    return uint(len(sections)) + b"".join(sections) + delete_set(deletes or {})


def delete_set(deletes: Deletes) -> bytes:
    """`deletes` are (start, length) by client."""
    parts = [uint(len(deletes))]
    for client, ranges in deletes.items():
        parts += [uint(client), uint(len(ranges))]
        parts += [uint(start) + uint(length) for start, length in ranges]
    return b"".join(parts)
