"""The bus: how one part of the program tells others, in this process or across workers.

A hint, never the truth: whoever must not miss a thing reads the database.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Handler = Callable[[bytes], None]
Unsubscribe = Callable[[], None]


class Bus(Protocol):
    """Publish to and listen on named topics. Payloads are opaque bytes."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Hand `payload` to every listener of `topic`. Never blocks, never raises for them."""

    def subscribe(self, topic: str, handler: Handler) -> Unsubscribe:
        """Call `handler` with each payload, on the event loop, in order, until unsubscribed."""

    @property
    def is_healthy(self) -> bool:
        """Whether payloads reach other workers just now."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...
