"""A room client's bytes: handshake, masked frames and updates, all made before the clock starts.

Updates are written by hand (Yjs update V1), as an editor writes them whose author types on at one
place: each block between the one before and what stood behind the cursor. The text of a block is
the time it was sent, so that a receiver on the same machine can tell how long it took.
"""

from __future__ import annotations

import base64
import os
import time

from app.domain.rooms.wire import encoding, protocol

STAMP = 14  # digits of a nanosecond clock, enough for a day
WRAP = 10**STAMP
UPDATE_END = b"\x00"  # behind the text of a block: nothing is deleted


def stamp() -> bytes:
    return b"%014d" % (time.perf_counter_ns() % WRAP)


def masked_head(size: int) -> bytes:
    """What stands before `size` bytes from a client (RFC 6455): a zero mask changes nothing."""
    if size < 126:
        return bytes((0x82, 0x80 | size)) + b"\0\0\0\0"
    if size < 65_536:
        return b"\x82\xfe" + size.to_bytes(2) + b"\0\0\0\0"
    return b"\x82\xff" + size.to_bytes(8) + b"\0\0\0\0"


def masked(payload: bytes) -> bytes:
    return masked_head(len(payload)) + payload


def _before_stamp(payload: bytes, behind: int = 0) -> bytes:
    """The frame of `payload` up to the stamp in it, which `behind` bytes follow."""
    return masked(payload)[: -STAMP - behind]


BARRIER = _before_stamp(protocol.barrier(b"0" * STAMP))  # a stamp behind it makes a frame


class Writer:
    """One client id, typing on and on at one place of a text that `author` has made."""

    def __init__(self, client: int, author: int, place: int) -> None:
        self._client = encoding.uint(client)
        self._clock = 0
        self._before = encoding.uint(author) + encoding.uint(place)
        self._behind = encoding.uint(author) + encoding.uint(place + 1)

    def edit(self) -> bytes:
        """The next edit's frame up to its text: a stamp and `UPDATE_END` complete it."""
        head = b"\x01\x01" + self._client + encoding.uint(self._clock) + b"\xc4"
        text = encoding.text("0" * STAMP) + UPDATE_END
        update = head + self._before + self._behind + text
        self._clock += STAMP
        self._before = self._client + encoding.uint(self._clock - 1)
        return _before_stamp(protocol.sync_update(update), len(UPDATE_END))


def author_of(state: bytes) -> int:
    """Who made the first block of a SyncStep2 message; 1 if it holds none."""
    reader = encoding.Reader(encoding.Reader(state, 2).sized())
    if reader.uint() == 0:
        return 1
    reader.uint()
    return reader.uint()


def cursor(client: int, clock: int) -> bytes:
    """A frame that moves `client`'s cursor."""
    state = f'{{"cursor":null,"mode":"editing","active":{clock}}}'
    payload = b"\x01" + encoding.uint(client) + encoding.uint(clock) + encoding.text(state)
    return masked(protocol.awareness(payload))


def handshake(host: str, path: str, headers: dict[str, str]) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
