"""The bus: how one part of the program tells others, in this process or across workers.

A hint, never the truth: whoever must not miss a thing reads the database.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Handler = Callable[[bytes], None]
Listener = Callable[[], None]
Unsubscribe = Callable[[], None]


class Bus(Protocol):
    """Publish to and listen on named topics. Payloads are opaque bytes."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Hand `payload` to every listener of `topic`, those of this process among them.

        Never blocks, never raises for them. Each hears one worker's payloads in the order in which
        it published them, each at most once.
        """

    def subscribe(self, topic: str, handler: Handler) -> Unsubscribe:
        """Call `handler` with each payload, on the event loop, in order, until unsubscribed.

        What this process publishes is heard from now on; what others publish, once `settled`.
        """

    def on_gap(self, listener: Listener) -> Unsubscribe:
        """Call `listener` when payloads of others may have been lost: look at the database now.

        That is after each time that the bus came (back) to others and every subscription stands
        again, and when another worker had to drop what it wanted to say.
        """

    async def settled(self) -> bool:
        """Wait until every subscription made so far hears the others, usually well below 1 ms.

        False when they are out of reach; then a gap is told once they are back. So whoever
        subscribes, waits for this and then reads the database, misses nothing.
        """

    @property
    def is_healthy(self) -> bool:
        """Whether payloads reach other workers just now."""

    async def start(self) -> None:
        """Begin to reach others. Comes back soon even if they cannot be reached yet."""

    async def stop(self) -> None:
        """Say what is still to be said, if it can be said soon, and fall silent."""
