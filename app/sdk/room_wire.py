"""What goes through a room's socket (docs/protocol.md), as bytes and back. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

SYNC, AWARENESS, AUTH = 0, 1, 2
HELLO, HELLO_BACK, BARRIER, NACK, EVENT, ROLE, DRAIN = 100, 101, 102, 103, 104, 105, 106
STEP1, STEP2, UPDATE = 0, 1, 2


class Reader:
    """Raises `ValueError` for what is cut short."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def uint(self) -> int:
        value = shift = 0
        while True:
            if self._at >= len(self._data) or shift > 56:
                raise ValueError("this message is cut short")
            byte = self._data[self._at]
            self._at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def sized(self) -> bytes:
        size = self.uint()
        part = self._data[self._at : self._at + size]
        if len(part) < size:
            raise ValueError("this message is cut short")
        self._at += size
        return part

    def json(self) -> Any:
        return json.loads(self.sized())


def uint(value: int) -> bytes:
    done = bytearray()
    while value > 127:
        done.append(128 | value & 127)
        value >>= 7
    done.append(value)
    return bytes(done)


def sized(data: bytes) -> bytes:
    return uint(len(data)) + data


def sync(step: int, payload: bytes) -> bytes:
    return bytes((SYNC, step)) + sized(payload)


def barrier(number: int) -> bytes:
    return uint(BARRIER) + sized(str(number).encode())


def hello_back(epoch: str | None, client: int) -> bytes:
    told = {"v": 1, "client": "promptroom-sdk", "epoch": epoch, "client_id": client}
    return uint(HELLO_BACK) + sized(json.dumps(told).encode())


def presence(client: int, clock: int, state: Mapping[str, Any] | None) -> bytes:
    entry = uint(client) + uint(clock) + sized(json.dumps(state).encode())
    return uint(AWARENESS) + sized(uint(1) + entry)


def people(payload: bytes) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Each client with what it shows of itself; None = it has left."""
    reader = Reader(payload)
    for _ in range(reader.uint()):
        client, _clock, state = reader.uint(), reader.uint(), reader.json()
        yield client, state if isinstance(state, dict) else None
