"""A room client in Python: pycrdt over websockets, speaking our protocol to the letter."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from pycrdt import Doc, Text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.domain.rooms import encoding, protocol


class YClient:
    """Keeps a document in step with its room and knows what is acknowledged."""

    def __init__(self, url: str, bearer: str, *, doc: Doc[Text] | None = None) -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {bearer}"}
        self.doc: Doc[Text] = doc if doc is not None else Doc()
        self.text = self.doc.get("text", type=Text)
        self.hello: dict[str, Any] | None = None
        self.events: list[dict[str, Any]] = []
        self.nacks: list[dict[str, Any]] = []
        self.roles: list[dict[str, Any]] = []
        self.presence: dict[int, Any] = {}
        self.synced = asyncio.Event()
        self.close_code: int | None = None
        self.sent = 0  # barriers
        self.acknowledged = 0
        self.changed = asyncio.Condition()
        self._outgoing: list[bytes] = []
        self._ws: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._applying = False
        self._subscription = self.doc.observe(self._on_change)

    async def __aenter__(self) -> YClient:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def ws(self) -> ClientConnection:
        assert self._ws is not None
        return self._ws

    async def open(self, *, wait: bool = True) -> None:
        self.synced.clear()
        self.close_code = None
        self._ws = await connect(
            self.url, additional_headers=self.headers, compression=None, max_size=None
        )
        self._reader = asyncio.create_task(self._read(self._ws))
        await self._send(protocol.sync_step1(self.doc.get_state()))
        if wait:
            await asyncio.wait_for(self.synced.wait(), 10)

    async def close(self) -> None:
        if self._ws is not None:
            await self._ws.close()
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)

    def drop(self) -> None:
        """Cut the connection without a word."""
        self.ws.transport.abort()

    async def edit(self, index: int, text: str = "", *, delete: int = 0) -> None:
        """Change the text (offsets in UTF-8 bytes) and send it with a barrier."""
        with self.doc.transaction():
            if delete:
                del self.text[index : index + delete]
            if text:
                self.text.insert(index, text)
        await self.flush()

    async def flush(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        for update in outgoing:
            await self._send(protocol.sync_update(update))
        await self.barrier()

    async def barrier(self) -> int:
        self.sent += 1
        await self._send(protocol.barrier(str(self.sent).encode()))
        return self.sent

    async def durable(self, seconds: float = 10) -> None:
        """Wait until everything sent so far is acknowledged."""
        upto = self.sent
        await self.until(lambda: self.acknowledged >= upto, seconds)

    async def until(self, condition: Any, seconds: float = 10) -> None:
        async with asyncio.timeout(seconds), self.changed:
            await self.changed.wait_for(condition)

    async def send_raw(self, message: bytes) -> None:
        await self._send(message)

    async def _send(self, message: bytes) -> None:
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
                async with self.changed:
                    self.changed.notify_all()
        except ConnectionClosed:
            pass
        self.close_code = ws.close_code
        async with self.changed:
            self.changed.notify_all()

    async def _take(self, message: bytes) -> None:
        reader = encoding.Reader(message)
        kind = reader.uint()
        if kind == protocol.SYNC:
            await self._take_sync(reader.uint(), reader.sized())
        elif kind == protocol.BARRIER:
            self.acknowledged = max(self.acknowledged, int(reader.sized()))
        elif kind == protocol.AWARENESS:
            self._take_presence(encoding.Reader(reader.sized()))
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
        elif kind == protocol.NACK:
            self.nacks.append(value)
        elif kind == protocol.EVENT:
            self.events.append(value)
        elif kind == protocol.ROLE:
            self.roles.append(value)

    async def _take_sync(self, step: int, payload: bytes) -> None:
        if step == protocol.STEP1:
            await self._send(protocol.sync_step2(self.doc.get_update(payload)))
            await self.barrier()
            return
        self._apply(payload)
        if step == protocol.STEP2:
            self.synced.set()
