"""Streamable HTTP by the official SDK, which is loaded when the first agent comes.

A server that nobody asks by MCP would pay 36 MiB and half a second for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any

import structlog

from app.domain.releases.stream import SEND_SECONDS, cut

log = structlog.get_logger(__name__)

DESK = "agent"  # in a request's scope: what its handler is to answer from
_IMPLEMENTATION = "app.domain.agents.protocol"


class Transport:
    """One for each process."""

    def __init__(
        self, spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]] = asyncio.create_task
    ) -> None:
        self._spawn = spawn
        self._beginning = asyncio.Lock()
        self._running: asyncio.Task[None] | None = None
        self._manager: Any = None
        self._stopping = asyncio.Event()

    async def answer(self, scope: Any, body: bytes, receive: Any, send: Any) -> None:
        """Have the SDK answer a request whose `body` has been read."""
        manager = await self._loaded()

        async def send_in_time(message: Any) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        try:
            await manager.handle_request(scope, _replaying(body, receive), send_in_time)
        except* TimeoutError:  # of a reader that does not read; the SDK puts it into a group
            cut(scope)

    async def stop(self) -> None:
        self._stopping.set()
        if self._running is not None:
            await asyncio.gather(self._running, return_exceptions=True)

    async def _loaded(self) -> Any:
        async with self._beginning:
            if self._running is None or self._running.done():
                # In a thread: nobody else waits while half a second's modules are read.
                protocol = await asyncio.to_thread(import_module, _IMPLEMENTATION)
                self._manager, is_running = protocol.manager(), asyncio.Event()
                self._running = self._spawn(self._run(self._manager, is_running))
                await is_running.wait()
                log.info("agents.ready")
            return self._manager

    async def _run(self, manager: Any, is_running: asyncio.Event) -> None:
        """From one task, as the SDK's task group has to be entered and left."""
        async with manager.run():
            is_running.set()
            await self._stopping.wait()


def _replaying(body: bytes, receive: Any) -> Any:
    has_been_read = False

    async def replay() -> Any:
        nonlocal has_been_read
        if has_been_read:
            return await receive()
        has_been_read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
