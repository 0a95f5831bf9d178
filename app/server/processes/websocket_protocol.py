"""uvicorn's WebSocket protocol, opened up so that a room can write one encoding to everyone.

ASGI would cost a task wake-up per message in, and an encoding, a coroutine and a queue per
message and receiver out. A room socket is therefore adopted after its handshake: frames go
straight to a callback, and frames that were encoded once are written straight to the transport,
whose buffer is the only queue. Everything else (handshake, fragments, pings, close, limits)
stays uvicorn's and websockets'.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import ProtocolError
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.utils import apply_mask

EXTENSION = "promptroom.frames"
_LENGTH_BYTES = {126: 2, 127: 8}  # RFC 6455, 5.2: how many bytes of length follow the second
_LARGEST_HEADER = 14
_MOST_FRAGMENTS = 1000  # of one message; empty ones count for nothing in its size
_MOST_UNREAD = 8 * 1024 * 1024  # bytes of answers to pings that the peer has not taken


class RoomProtocol(WebSocketsSansIOProtocol):
    """What a room's socket handler finds under `scope["extensions"]["promptroom.frames"]`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.close_timeout = 3.0  # a peer that does not answer our close is cut off
        self._on_frame: Callable[[bytes], None] | None = None
        self._on_lost: Callable[[int], None] | None = None
        self._is_lost = False
        self._tail = bytearray()  # the beginning of a frame whose rest is still to come
        # Bytes that came before the room took over are the library's, and then so are all.
        self._is_librarys = False

    # What a room uses

    def adopt(self, on_frame: Callable[[bytes], None], on_lost: Callable[[int], None]) -> None:
        """From now on call `on_frame` with each binary message, `on_lost` once with the code.

        A text message is not part of the protocol and closes the socket with 1003.
        """
        self._on_frame = on_frame
        self._on_lost = on_lost
        if self._is_lost:
            on_lost(1006)
            return
        while not self.queue.empty():  # came between the handshake and now
            event: Any = self.queue.get_nowait()
            if event["type"] == "websocket.receive" and not self.close_sent:
                if "bytes" in event:
                    on_frame(event["bytes"])
                else:
                    self.close_with(1003, "binary messages only")
        self.resume()

    def write_frame(self, frame: bytes) -> None:
        """Write a complete WebSocket frame (RFC 6455, unmasked); never blocks."""
        if not self.close_sent and not self.disconnected:
            self.transport.write(frame)

    @property
    def buffered(self) -> int:
        """Bytes accepted by `write_frame` that the peer has not taken yet."""
        return 0 if self.disconnected else self.transport.get_write_buffer_size()

    def pause(self) -> None:
        """Stop reading, so that the peer feels the pressure in its own send buffer."""
        if not self.read_paused and not self.transport.is_closing():
            self.read_paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        if self.read_paused and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    def close_with(self, code: int, reason: str) -> None:
        """Begin the closing handshake; `reason` is at most 123 bytes."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.resume()  # the peer's answer has to be read
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)
        self._lose(code)

    def abort(self) -> None:
        """Cut the connection and drop what it has not taken: for readers that do not read."""
        self.transport.abort()
        self._lose(1013)

    # What uvicorn and the transport call

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        self.pause()  # until a room has taken over
        if hasattr(self, "scope"):
            extensions: dict[Any, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            # A refused handshake is a complete answer; uvicorn would log it as a mistake.
            self.handshake_complete = True

    def data_received(self, data: bytes) -> None:
        """Take unfragmented binary frames here and give the library every other frame whole.

        Its parser is a generator that costs some 40 µs per frame. It never sees part of a
        frame, so the two cannot get out of step.
        """
        if self._on_frame is None or self._is_librarys:
            self._is_librarys = self._is_librarys or self.handshake_initiated
            super().data_received(data)
            return
        tail, most = self._tail, self.config.ws_max_size
        tail += data  # in place: a frame that drips in must not be copied with every drop
        position = 0
        while (end := _frame_end(tail, position, most)) is not None:
            self._take_frame(tail, position, end)
            position = end
        del tail[:position]
        if len(tail) > _LARGEST_HEADER and _length(tail, 0)[0] > most:
            self._is_librarys = True  # too large: it knows how to say so
            super().data_received(bytes(tail))

    def _take_frame(self, data: bytearray, start: int, end: int) -> None:
        is_simple = data[start] == 0x82 and data[start + 1] & 0x80 and not self.frames
        if not is_simple or self.close_sent or self._on_frame is None:
            super().data_received(bytes(data[start:end]))
            return
        mask = start + 2 + _LENGTH_BYTES.get(data[start + 1] & 0x7F, 0)
        self._on_frame(apply_mask(data[mask + 4 : end], data[mask : mask + 4]))

    def send_receive_event_to_app(self) -> None:
        if self._on_frame is None:
            super().send_receive_event_to_app()
            return
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "text":
            self.close_with(1003, "binary messages only")
        else:
            self._on_frame(bytes(data))

    def handle_cont(self, event: Frame) -> None:
        if self.close_sent:
            return
        if len(self.frames) >= _MOST_FRAGMENTS:
            self.frames = []
            self.close_with(1009, "too many fragments")
            return
        super().handle_cont(event)

    def handle_ping(self) -> None:
        super().handle_ping()
        if self.buffered > _MOST_UNREAD:
            self.abort()  # it asks and asks and never reads an answer

    def handle_close(self, event: Frame) -> None:
        received = self.conn.close_rcvd
        super().handle_close(event)
        self._end()
        self._lose(received.code if received else 1005)

    def handle_parser_exception(self) -> None:
        failure = self.conn.parser_exc
        super().handle_parser_exception()
        self._end()
        self._lose(1002 if isinstance(failure, ProtocolError) else 1009)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._end()
        self._lose(1011)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._lose(1006)

    def shutdown(self) -> None:
        super().shutdown()
        self._lose(1012)

    def _end(self) -> None:
        """A closed transport still waits until its peer has read everything; that may be never."""
        self.loop.call_later(self.close_timeout, self.transport.abort)

    def _lose(self, code: int) -> None:
        self._is_lost = True
        if self._on_lost is not None:
            on_lost, self._on_lost = self._on_lost, None
            on_lost(code)


def _length(data: bytearray, start: int) -> tuple[int, int]:
    """The payload's length and where the header's length field ends; data may be too short."""
    short = data[start + 1] & 0x7F
    extra = _LENGTH_BYTES.get(short, 0)
    end = start + 2 + extra
    return (int.from_bytes(data[start + 2 : end], "big") if extra else short), end


def _frame_end(data: bytearray, start: int, most: int) -> int | None:
    """Where the frame at `start` ends; None while it is incomplete or beyond `most` bytes."""
    if len(data) - start < 2:
        return None
    length, end = _length(data, start)
    if end > len(data) or length > most:
        return None
    end += length + (4 if data[start + 1] & 0x80 else 0)
    return end if end <= len(data) else None
