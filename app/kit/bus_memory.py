"""The bus within one process."""

from __future__ import annotations

import asyncio
from collections import deque

import structlog

from app.kit.bus import Handler, Unsubscribe

log = structlog.get_logger(__name__)


class MemoryBus:
    """Delivers on the next turn of the event loop, so that a publisher is never re-entered."""

    is_healthy = True

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler]] = {}
        self._queue: deque[tuple[str, bytes]] = deque()
        self._is_scheduled = False

    def publish(self, topic: str, payload: bytes) -> None:
        if topic not in self._handlers:
            return
        self._queue.append((topic, payload))
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._deliver)

    def subscribe(self, topic: str, handler: Handler) -> Unsubscribe:
        self._handlers.setdefault(topic, []).append(handler)

        def unsubscribe() -> None:
            handlers = self._handlers.get(topic, [])
            if handler in handlers:
                handlers.remove(handler)
            if not handlers:
                self._handlers.pop(topic, None)  # no entry stays behind for a topic of the past

        return unsubscribe

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        self._handlers.clear()
        self._queue.clear()

    def _deliver(self) -> None:
        self._is_scheduled = False
        while self._queue:
            topic, payload = self._queue.popleft()
            for handler in tuple(self._handlers.get(topic, ())):
                try:
                    handler(payload)
                except Exception:
                    # One listener's failure must not reach the others or the publisher.
                    log.exception("bus.handler_failed", topic=topic)
