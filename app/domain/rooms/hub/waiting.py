"""Waiting for a room: until its edits are on disk, until it takes edits again, while it is open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from app.domain.rooms import limits
from app.domain.rooms.errors import StorageFailed
from app.domain.rooms.hub.open_room import Open
from app.domain.rooms.reading import Reading, reading_of
from app.domain.rooms.room.room import Room


class Durability:
    """Who waits for which edit of which document."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, list[tuple[int, asyncio.Future[None]]]] = {}

    async def reached(self, room: Room) -> None:
        """Wait until all that the room has accepted so far is on disk."""
        if not room.own:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(room.id, []).append((room.own.accepted, future))
        await future

    async def expected(self, room: Room, cause: Callable[[], str | None]) -> None:
        """The same, but not for ever. Raises `StorageFailed`, which says the `cause` by then."""
        try:
            await asyncio.wait_for(self.reached(room), limits.READ_ONLY_AFTER)
        except TimeoutError:
            raise StorageFailed(
                f"Not saved yet: {cause() or 'the disk does not answer'}. The edit stays in the "
                "room and is written as soon as that is possible."
            ) from None

    def wake(self, document_id: UUID, number: int) -> None:
        """Every edit up to `number` is on disk."""
        waiting = self._waiting.pop(document_id, [])
        later = [(upto, future) for upto, future in waiting if upto > number]
        if later:
            self._waiting[document_id] = later
        for upto, future in waiting:
            if upto <= number and not future.done():
                future.set_result(None)

    def fail(self, document_id: UUID, error: Exception) -> None:
        """It will never be on disk."""
        for _, future in self._waiting.pop(document_id, []):
            if not future.done():
                future.set_exception(error)


async def durable_reading(room: Room, since: bytes | None) -> Reading | None:
    """What the room holds at a moment when all of that is on disk; None while the disk refuses."""
    future: asyncio.Future[Reading | None] = asyncio.get_running_loop().create_future()

    def answer(reading: Reading | None) -> None:
        if not future.done():
            future.set_result(reading)

    room.when_durable(
        lambda: answer(reading_of(room.id, room.epoch, room.seq, room.document, since)),
        lambda: answer(None),
    )
    return await future


async def unfrozen(room: Room) -> None:
    """Wait while the room's document is being loaded again."""
    while room.is_frozen:
        thawed = asyncio.Event()
        room.defer(thawed.set)
        await thawed.wait()


class Borrowed:
    """Keeps a room open for as long as the block runs."""

    def __init__(self, open_: Callable[[], Awaitable[Open]]) -> None:
        self._opening = open_
        self._open: Open | None = None

    async def __aenter__(self) -> Open:
        self._open = await self._opening()
        self._open.borrowers += 1
        return self._open

    async def __aexit__(self, *_: object) -> None:
        if self._open is not None:
            self._open.borrowers -= 1
            self._open.used_at = asyncio.get_running_loop().time()
