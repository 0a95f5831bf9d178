"""The bus within one process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection

import structlog

from app.kit import bus_metrics as metrics
from app.kit.bus import Handler, Listener, Unsubscribe

log = structlog.get_logger(__name__)


class MemoryBus:
    """Delivers on the next turn of the event loop, so that a publisher is never re-entered."""

    is_healthy = True

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler]] = {}
        self._queue: deque[tuple[str, bytes]] = deque()
        self._is_scheduled = False

    @property
    def topics(self) -> Collection[str]:
        """Those that somebody listens to."""
        return self._handlers.keys()

    def publish(self, topic: str, payload: bytes) -> None:
        if topic not in self._handlers:
            return
        self._queue.append((topic, payload))
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._deliver_all)

    def subscribe(self, topic: str, handler: Handler) -> Unsubscribe:
        self._handlers.setdefault(topic, []).append(handler)

        def unsubscribe() -> None:
            handlers = self._handlers.get(topic, [])
            if handler in handlers:
                handlers.remove(handler)
            if not handlers:
                self._handlers.pop(topic, None)  # no entry stays behind for a topic of the past

        return unsubscribe

    def on_gap(self, listener: Listener) -> Unsubscribe:
        """There are no others to miss anything of."""
        return lambda: None

    async def settled(self) -> bool:
        return True

    async def start(self) -> None:
        """Nothing to connect to."""
        metrics.CONNECTED.set(1)

    async def stop(self) -> None:
        self._handlers.clear()
        self._queue.clear()

    def deliver(self, topic: str, payload: bytes) -> None:
        """Hand it to the listeners at once."""
        for handler in tuple(self._handlers.get(topic, ())):
            try:
                handler(payload)
            except Exception:
                # One listener's failure must not reach the others or the publisher.
                log.exception("bus.handler_failed", topic=topic)

    def _deliver_all(self) -> None:
        self._is_scheduled = False
        while self._queue:
            self.deliver(*self._queue.popleft())
