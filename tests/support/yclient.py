"""A room client in Python: pycrdt over websockets, speaking our protocol to the letter."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Self

from pycrdt import Doc, Text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.domain.rooms.wire import encoding, protocol
from tests.support.waiting import until


class YClient:
    """Keeps a document in step with its room and knows what is acknowledged."""

    def __init__(
        self, url: str, bearer: str, *, doc: Doc[Text] | None = None, is_lazy: bool = False
    ) -> None:
        """`is_lazy` reads nothing by itself, as a browser in a sleeping laptop."""
        self.url = url
        self.speaks_ours = "ack=1" in url
        self.headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        self.doc: Doc[Text] = doc if doc is not None else Doc()
        self.text = self.doc.get("text", type=Text)
        self.hello: dict[str, Any] | None = None
        self.events: list[dict[str, Any]] = []
        self.nacks: list[dict[str, Any]] = []
        self.roles: list[dict[str, Any]] = []
        self.drains: list[dict[str, Any]] = []
        self.hashes: list[dict[str, Any]] = []
        self.denied: list[str] = []
        self.presence: dict[int, Any] = {}
        self.received: Counter[tuple[int, int | None]] = Counter()  # by type and sync step
        self.synced = asyncio.Event()
        self.close_code: int | None = None
        self.sent = 0  # barriers
        self.acknowledged = 0
        self.changed = asyncio.Condition()
        self._is_lazy = is_lazy
        self._outgoing: list[bytes] = []
        self._ws: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._applying = False
        self._awareness_clock = 0
        self._subscription = self.doc.observe(self._on_change)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def ws(self) -> ClientConnection:
        assert self._ws is not None
        return self._ws

    @property
    def is_open(self) -> bool:
        return self._reader is not None and not self._reader.done()

    @property
    def content(self) -> str:
        return str(self.text)

    async def open(self, *, wait: bool = True) -> None:
        self.synced.clear()
        self.close_code = None
        self._ws = await connect(
            self.url,
            additional_headers=self.headers,
            compression=None,
            max_size=None,
            ping_interval=None,
            close_timeout=2,
            max_queue=1 if self._is_lazy else 256,
        )
        if not self._is_lazy:
            self._reader = asyncio.create_task(self._read(self._ws))
        await self.send_raw(protocol.sync_step1(self.doc.get_state()))
        if wait and not self._is_lazy:
            await self.until(lambda: self.synced.is_set() or not self.is_open)
            if not self.synced.is_set():
                raise ConnectionError(f"closed with {self.close_code} before it was in step")

    def wake(self) -> None:
        """Read from now on, after having been lazy."""
        self._reader = asyncio.create_task(self._read(self.ws))

    async def close(self) -> None:
        if self._ws is not None:
            await self._ws.close()
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)

    def drop(self) -> None:
        """Cut the connection without a word."""
        self.ws.transport.abort()

    async def closed(self, seconds: float = 10) -> int | None:
        """The code with which the server closes."""
        await self.until(lambda: not self.is_open, seconds)
        return self.close_code

    def type(self, index: int, text: str = "", *, delete: int = 0) -> None:
        """Change the text, offsets in UTF-8 bytes; `flush` sends it."""
        with self.doc.transaction():
            if delete:
                del self.text[index : index + delete]
            if text:
                self.text.insert(index, text)

    async def edit(self, index: int, text: str = "", *, delete: int = 0) -> None:
        """Change the text (offsets in UTF-8 bytes) and send it with a barrier."""
        self.type(index, text, delete=delete)
        await self.flush()

    async def flush(self) -> None:
        for update in self.take_outgoing():
            await self.send_raw(protocol.sync_update(update))
        await self.barrier()

    def take_outgoing(self) -> list[bytes]:
        """The updates that were made and not sent yet; they are not sent any more."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    async def barrier(self) -> int:
        if not self.speaks_ours:
            return 0
        self.sent += 1
        await self.send_raw(protocol.barrier(str(self.sent).encode()))
        return self.sent

    async def durable(self, seconds: float = 10) -> None:
        """Wait until everything sent so far is acknowledged."""
        upto = self.sent
        await self.until(lambda: self.acknowledged >= upto, seconds)

    async def until(self, condition: Callable[[], Any], seconds: float = 10) -> None:
        async with asyncio.timeout(seconds), self.changed:
            await self.changed.wait_for(condition)

    async def show(self, state: dict[str, Any] | None, client: int | None = None) -> None:
        """Say where the cursor is."""
        self._awareness_clock += 1
        client = self.doc.client_id if client is None else client
        body = json.dumps(state).encode()
        payload = encoding.uint(1) + encoding.uint(client) + encoding.uint(self._awareness_clock)
        await self.send_raw(protocol.awareness(payload + encoding.sized(body)))

    async def send_json(self, kind: int, value: dict[str, Any]) -> None:
        await self.send_raw(encoding.uint(kind) + encoding.text(json.dumps(value)))

    async def send_raw(self, message: bytes) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self.ws.send(message)

    def _on_change(self, event: Any) -> None:
        if not self._applying:
            self._outgoing.append(event.update)

    def _apply(self, update: bytes) -> None:
        self._applying = True
        try:
            self.doc.apply_update(update)
        finally:
            self._applying = False

    async def _read(self, ws: ClientConnection) -> None:
        try:
            async for message in ws:
                assert isinstance(message, bytes)
                await self._take(message)
                await self._tell()
        except ConnectionClosed:
            pass
        finally:
            self.close_code = ws.close_code
            asyncio.get_running_loop().call_soon(self._tell_soon)

    def _tell_soon(self) -> None:
        telling: Coroutine[Any, Any, None] = self._tell()
        self._telling = asyncio.ensure_future(telling)

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def _take(self, message: bytes) -> None:
        reader = encoding.Reader(message)
        kind = reader.uint()
        self.received[kind, message[1] if kind == protocol.SYNC else None] += 1
        if kind == protocol.SYNC:
            await self._take_sync(reader.uint(), reader.sized())
        elif kind == protocol.BARRIER:
            self.acknowledged = max(self.acknowledged, int(reader.sized()))
        elif kind == protocol.AWARENESS:
            self._take_presence(encoding.Reader(reader.sized()))
        elif kind == protocol.AUTH:
            reader.uint()
            self.denied.append(reader.text())
        elif kind >= protocol.HELLO:
            self._take_ours(kind, json.loads(reader.text()))

    def _take_presence(self, reader: encoding.Reader) -> None:
        for _ in range(reader.uint()):
            client, _clock, state = reader.uint(), reader.uint(), json.loads(reader.text())
            if state is None:
                self.presence.pop(client, None)
            else:
                self.presence[client] = state

    def _take_ours(self, kind: int, value: dict[str, Any]) -> None:
        if kind == protocol.HELLO:
            self.hello = value
            return
        kept = {
            protocol.NACK: self.nacks,
            protocol.EVENT: self.events,
            protocol.ROLE: self.roles,
            protocol.DRAIN: self.drains,
            protocol.TEXT_HASH: self.hashes,
        }
        kept[kind].append(value)

    async def _take_sync(self, step: int, payload: bytes) -> None:
        if step == protocol.STEP1:
            await self.send_raw(protocol.sync_step2(self.doc.get_update(payload)))
            await self.barrier()
            return
        self._apply(payload)
        if step == protocol.STEP2:
            self.synced.set()


async def same(*clients: YClient, seconds: float = 30.0) -> str:
    """What all of them show, as soon as it is one text.

    Not by `YClient.until`: that looks again when its own client hears something, and the one that
    hears the last may be another.
    """
    await until(lambda: len({client.content for client in clients}) == 1, seconds, "one text")
    return clients[0].content
