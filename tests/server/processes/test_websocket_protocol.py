"""The socket below a room: whole frames in, encoded frames out, and an end that always comes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from websockets.frames import Opcode

from app.domain.rooms.wire.protocol import websocket_frame
from app.server.processes.websocket_protocol import EXTENSION, RoomProtocol
from tests.support.waiting import until

_MOST = 100_000


@dataclass
class Room:
    """What the application behind the socket got, and how it answers."""

    answer: Callable[[RoomProtocol, bytes], None] = lambda frames, data: None
    adopt_late: asyncio.Event | None = None
    got: list[bytes] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    frames: RoomProtocol | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        if self.adopt_late is not None:
            await self.adopt_late.wait()
        frames: RoomProtocol = scope["extensions"][EXTENSION]
        self.frames = frames
        gone = asyncio.Event()

        def on_frame(data: bytes) -> None:
            self.got.append(data)
            self.answer(frames, data)

        def on_lost(code: int) -> None:
            self.lost.append(code)
            gone.set()

        frames.adopt(on_frame, on_lost)
        await gone.wait()


class Peer:
    """A client that writes every byte itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame."""
        head, size = await self.reader.readexactly(2)
        if size == 126:
            (size,) = struct.unpack("!H", await self.reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
        return head & 15, await self.reader.readexactly(size)

    async def close_code(self) -> int:
        while True:
            opcode, data = await self.frame()
            if opcode == Opcode.CLOSE:
                return int.from_bytes(data[:2])


def frame(
    data: bytes, opcode: int = Opcode.BINARY, *, fin: bool = True, mask: bytes | None = b"mask"
) -> bytes:
    head = bytes((opcode | (0x80 if fin else 0),))
    flag = 0 if mask is None else 0x80
    size = len(data)
    if size < 126:
        head += bytes((size | flag,))
    elif size < 65_536:
        head += bytes((126 | flag,)) + struct.pack("!H", size)
    else:
        head += bytes((127 | flag,)) + struct.pack("!Q", size)
    if mask is None:
        return head + data
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))


@asynccontextmanager
async def serving(room: Room, **options: Any) -> AsyncIterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
    config = uvicorn.Config(
        room,
        ws=RoomProtocol,
        ws_max_size=_MOST,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        **options,
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    try:
        yield listener.getsockname()[1]
    finally:
        for listening in server.servers:
            listening.close()
        listener.close()
        for connection in tuple(server.server_state.connections):
            connection.transport.abort()
        await until(lambda: not (server.server_state.connections or server.server_state.tasks))


@asynccontextmanager
async def connected(room: Room, first: bytes = b"", **options: Any) -> AsyncIterator[Peer]:
    async with serving(room, **options) as port:
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        plain.connect(("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=plain, limit=16 * 1024)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        writer.write(first)
        if room.adopt_late is None:
            await until(lambda: room.frames)
        yield Peer(reader, writer)
        writer.transport.abort()


def echo(frames: RoomProtocol, data: bytes) -> None:
    frames.write_frame(websocket_frame(data))


class TestFrames:
    @pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, _MOST])
    async def test_of_every_size_go_in_and_out(self, size: int) -> None:
        room = Room(echo)
        data = bytes(at % 251 for at in range(size))
        async with connected(room) as peer:
            peer.writer.write(frame(data))
            assert await peer.frame() == (Opcode.BINARY, data)
        assert room.got == [data]
        assert type(room.got[0]) is bytes

    async def test_that_come_byte_by_byte_are_whole(self) -> None:
        room = Room(echo)
        async with connected(room) as peer:
            for byte in frame(b"hello") + frame(b"", Opcode.PING) + frame(b"x" * 130):
                peer.writer.write(bytes((byte,)))
                await peer.writer.drain()
                await asyncio.sleep(0)
            assert await peer.frame() == (Opcode.BINARY, b"hello")
            assert await peer.frame() == (Opcode.PONG, b"")
            assert await peer.frame() == (Opcode.BINARY, b"x" * 130)

    async def test_many_in_one_packet_keep_their_order(self) -> None:
        room = Room()
        words = [b"%d" % number for number in range(500)]
        async with connected(room) as peer:
            peer.writer.write(b"".join(map(frame, words)))
            await until(lambda: len(room.got) == 500)
        assert room.got == words

    async def test_a_message_in_fragments_is_one(self) -> None:
        room = Room(echo)
        async with connected(room) as peer:
            peer.writer.write(
                frame(b"one ", fin=False)
                + frame(b"ping", Opcode.PING)
                + frame(b"two ", Opcode.CONT, fin=False)
                + frame(b"three", Opcode.CONT)
                + frame(b"next")
            )
            assert await peer.frame() == (Opcode.PONG, b"ping")
            assert await peer.frame() == (Opcode.BINARY, b"one two three")
            assert await peer.frame() == (Opcode.BINARY, b"next")

    async def test_that_came_before_the_room_took_over_are_not_lost(self) -> None:
        room = Room(echo, adopt_late=asyncio.Event())
        async with connected(room, first=frame(b"early") + frame(b"bird")) as peer:
            await asyncio.sleep(0.01)
            assert room.adopt_late is not None
            room.adopt_late.set()
            peer.writer.write(frame(b"late"))
            for word in (b"early", b"bird", b"late"):
                assert await peer.frame() == (Opcode.BINARY, word)

    async def test_the_same_when_the_last_one_was_torn(self) -> None:
        room = Room(echo, adopt_late=asyncio.Event())
        torn = frame(b"a longer one that comes in two parts")
        async with connected(room, first=frame(b"early") + torn[:9]) as peer:
            await asyncio.sleep(0.01)
            assert room.adopt_late is not None
            room.adopt_late.set()
            await until(lambda: room.got)
            peer.writer.write(torn[9:] + frame(b"late"))
            assert await peer.frame() == (Opcode.BINARY, b"early")
            assert (await peer.frame())[1].startswith(b"a longer one")
            assert await peer.frame() == (Opcode.BINARY, b"late")


class TestNonsense:
    @pytest.mark.parametrize(
        ("sent", "code"),
        [
            pytest.param(frame(b"x", mask=None), 1002, id="without a mask"),
            pytest.param(frame(b"x", 0x3), 1002, id="unknown opcode"),
            pytest.param(b"\xc2\x80" + bytes(4), 1002, id="reserved bit"),
            pytest.param(frame(b"x", Opcode.CONT), 1002, id="continues nothing"),
            pytest.param(frame(b"x", fin=False) + frame(b"y"), 1002, id="begins within another"),
            pytest.param(frame(b"x" * 126, Opcode.PING), 1002, id="long ping"),
            pytest.param(frame(b"hello", Opcode.TEXT), 1003, id="text"),
            pytest.param(frame(bytes(_MOST + 1)), 1009, id="too large"),
            pytest.param(b"\x82\xff\x7f" + b"\xff" * 7 + bytes(9), 1009, id="size of everything"),
            pytest.param(
                frame(bytes(_MOST), fin=False) + frame(b"xx", Opcode.CONT), 1009, id="large parts"
            ),
            pytest.param(
                frame(b"", fin=False) + frame(b"", Opcode.CONT, fin=False) * 3000,
                1009,
                id="countless parts",
            ),
        ],
    )
    async def test_closes_with_its_code(self, sent: bytes, code: int) -> None:
        room = Room(echo)
        async with connected(room) as peer:
            peer.writer.write(sent)
            assert await peer.close_code() == code
            await until(lambda: room.lost)
        assert room.lost == [code]

    async def test_a_text_before_the_room_took_over_too(self) -> None:
        room = Room(echo, adopt_late=asyncio.Event())
        async with connected(room, first=frame(b"hello", Opcode.TEXT)) as peer:
            await asyncio.sleep(0.01)
            assert room.adopt_late is not None
            room.adopt_late.set()
            assert await peer.close_code() == 1003


class TestEnds:
    async def test_we_close_and_the_peer_agrees(self) -> None:
        room = Room(lambda frames, _: frames.close_with(4422, "why"))
        async with connected(room) as peer:
            peer.writer.write(frame(b"x"))
            assert await peer.frame() == (Opcode.CLOSE, (4422).to_bytes(2) + b"why")
            assert room.lost == [4422]
            peer.writer.write(frame(b"ignored") + frame((4422).to_bytes(2), Opcode.CLOSE))
            assert await peer.reader.read() == b""
        assert room.got == [b"x"]

    async def test_nothing_is_written_behind_a_close(self) -> None:
        room = Room()
        async with connected(room) as peer:
            assert room.frames is not None
            room.frames.close_with(1012, "")
            room.frames.write_frame(websocket_frame(b"too late"))
            room.frames.close_with(4422, "")
            assert await peer.close_code() == 1012
            peer.writer.write(frame((1012).to_bytes(2), Opcode.CLOSE))
            assert await peer.reader.read() == b""
        assert room.lost == [1012]

    async def test_the_peer_closes(self) -> None:
        room = Room()
        async with connected(room) as peer:
            peer.writer.write(frame((1000).to_bytes(2) + b"bye", Opcode.CLOSE))
            assert await peer.close_code() == 1000
            assert await peer.reader.read() == b""
        assert room.lost == [1000]

    async def test_the_peer_disappears(self) -> None:
        room = Room()
        async with connected(room) as peer:
            peer.writer.transport.abort()
            await until(lambda: room.lost)
        assert room.lost == [1006]

    async def test_the_peer_was_gone_before_the_room_took_over(self) -> None:
        room = Room(adopt_late=asyncio.Event())
        async with connected(room) as peer:
            peer.writer.transport.abort()
            await asyncio.sleep(0.02)
            assert room.adopt_late is not None
            room.adopt_late.set()
            await until(lambda: room.lost)
        assert room.lost == [1006]

    async def test_an_abort_drops_what_was_not_taken(self) -> None:
        room = Room()
        async with connected(room) as peer:
            assert room.frames is not None
            for _ in range(100):
                room.frames.write_frame(websocket_frame(bytes(60_000)))
            assert room.frames.buffered > 1_000_000
            room.frames.abort()
            room.frames.abort()
            await until(lambda: room.frames and room.frames.buffered == 0)
            with contextlib.suppress(ConnectionError):
                assert len(await peer.reader.read()) < 6_000_000
        assert room.lost == [1013]

    async def test_a_pause_is_felt_and_ends(self) -> None:
        room = Room()
        async with connected(room) as peer:
            assert room.frames is not None
            room.frames.pause()
            peer.writer.write(frame(b"x"))
            await asyncio.sleep(0.02)
            assert room.got == []
            room.frames.resume()
            await until(lambda: room.got)


class TestWhoNeverReads:
    """A closed transport waits for its buffer; these must not keep it, and us, for ever."""

    def fill(self, room: Room) -> RoomProtocol:
        frames = room.frames
        assert frames is not None
        frames.close_timeout = 0.1
        while frames.buffered < 200_000:
            frames.write_frame(websocket_frame(bytes(60_000)))
        return frames

    async def test_is_cut_off_after_our_close(self) -> None:
        room = Room()
        async with connected(room):
            frames = self.fill(room)
            frames.close_with(4422, "")
            await until(lambda: frames.disconnected, 5)

    async def test_is_cut_off_after_its_own_close(self) -> None:
        room = Room()
        async with connected(room) as peer:
            frames = self.fill(room)
            peer.writer.write(frame((1000).to_bytes(2), Opcode.CLOSE))
            await until(lambda: frames.disconnected, 5)

    async def test_is_cut_off_after_nonsense(self) -> None:
        room = Room()
        async with connected(room) as peer:
            frames = self.fill(room)
            peer.writer.write(frame(b"x", mask=None))
            await until(lambda: frames.disconnected, 5)

    async def test_is_cut_off_when_it_answers_no_ping(self) -> None:
        room = Room()
        async with connected(room, ws_ping_interval=0.05, ws_ping_timeout=0.05):
            frames = self.fill(room)
            await until(lambda: frames.disconnected, 5)
        assert room.lost == [1011]

    async def test_is_cut_off_when_it_only_pings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("app.server.processes.websocket_protocol._MOST_UNREAD", 100_000)
        room = Room()
        async with connected(room) as peer:
            peer.reader._transport.pause_reading()  # type: ignore[attr-defined]
            async with asyncio.timeout(10):
                while not room.lost:
                    peer.writer.write(frame(b"p" * 125, Opcode.PING) * 500)
                    await asyncio.sleep(0)
        assert room.lost == [1013]
