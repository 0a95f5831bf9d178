"""The cheapest possible room client: raw TCP, no CRDT, so that the load costs less than the work.

Updates are written by hand (Yjs update V1): one string block after the other under one client
id, each behind the one before. The text of a block starts with the time it was sent, so that a
receiver in the same process can tell how long it took.
"""

from __future__ import annotations

import asyncio
import base64
import os
import time
from collections.abc import Callable

from app.domain.rooms import encoding, protocol

STAMP = 14  # digits of a nanosecond clock, enough for a day


def masked_frame(payload: bytes) -> bytes:
    """A client's binary frame (RFC 6455). A zero mask is legal and costs nothing to apply."""
    size = len(payload)
    if size < 126:
        return bytes((0x82, 0x80 | size)) + b"\0\0\0\0" + payload
    if size < 65536:
        return b"\x82\xfe" + size.to_bytes(2, "big") + b"\0\0\0\0" + payload
    return b"\x82\xff" + size.to_bytes(8, "big") + b"\0\0\0\0" + payload


class Writer:
    """Makes one client id's updates."""

    def __init__(self, client: int) -> None:
        self._client = encoding.uint(client)
        self._clock = 0

    def update(self, text: str) -> bytes:
        """A well-formed update that appends `text` (ASCII) behind this writer's own last block."""
        clock = self._clock
        head = b"\x01\x01" + self._client + encoding.uint(clock)
        if clock:
            origin = b"\x84" + self._client + encoding.uint(clock - 1)
        else:
            origin = b"\x04\x01" + encoding.text("text")
        self._clock += len(text)
        return head + origin + encoding.text(text) + b"\x00"


class Client(asyncio.Protocol):
    """One connection. `on_message` gets every binary message."""

    def __init__(self, host: str, path: str, headers: dict[str, str]) -> None:
        self.on_message: Callable[[Client, bytes], None] = lambda _c, _m: None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.synced: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.close_code: int | None = None
        self._buffer = bytearray()
        self._is_open = False
        self._request = _request(host, path, headers)
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop has a class of its own
        transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        for future in (self.opened, self.synced):
            if not future.done():
                future.set_exception(ConnectionError(f"closed ({self.close_code})"))
                future.exception()

    def send(self, message: bytes) -> None:
        self.transport.write(masked_frame(message))

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        if not self._is_open:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if not buffer.startswith(b"HTTP/1.1 101"):
                self.opened.set_exception(ConnectionError(bytes(buffer[:end]).decode("latin-1")))
                return
            del buffer[: end + 4]
            self._is_open = True
            self.opened.set_result(None)
        self._take_frames(buffer)

    def _take_frames(self, buffer: bytearray) -> None:
        position, size = 0, len(buffer)
        while size - position >= 2:
            length, start = buffer[position + 1], position + 2
            if length == 126:
                length, start = int.from_bytes(buffer[start : start + 2], "big"), start + 2
            elif length == 127:
                length, start = int.from_bytes(buffer[start : start + 8], "big"), start + 8
            if size < start + length:
                break
            self._take(buffer[position], bytes(buffer[start : start + length]))
            position = start + length
        del buffer[:position]

    def _take(self, first: int, payload: bytes) -> None:
        kind = first & 15
        if kind == 2:
            if payload[:2] == b"\x00\x01" and not self.synced.done():
                self.synced.set_result(time.perf_counter())
            self.on_message(self, payload)
        elif kind == 8:
            self.close_code = int.from_bytes(payload[:2], "big")
        elif kind == 9:
            self.transport.write(b"\x8a" + bytes((0x80 | len(payload),)) + b"\0\0\0\0" + payload)


def _request(host: str, path: str, headers: dict[str, str]) -> bytes:
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


async def connect(host: str, port: int, path: str, headers: dict[str, str]) -> Client:
    """An open connection that has asked for the room's state."""
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(
        lambda: Client(f"{host}:{port}", path, headers), host, port
    )
    await client.opened
    client.send(protocol.sync_step1(b"\x00"))
    return client


def stamped(filler: str = "") -> str:
    """The text of an edit that says when it was made."""
    return f"{time.perf_counter_ns() % 10**STAMP:0{STAMP}d}{filler}"


def age(message: bytes) -> float | None:
    """How many seconds ago the edit in an update message was made; None for other messages."""
    if message[:2] != b"\x00\x02":
        return None
    now = time.perf_counter_ns() % 10**STAMP
    return (now - int(message[-1 - STAMP : -1])) / 1e9
