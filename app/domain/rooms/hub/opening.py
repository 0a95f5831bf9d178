"""Opening rooms: once, however many ask at the same time, and kept open while somebody needs it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import structlog

from app.domain.rooms.errors import ServerDraining
from app.domain.rooms.hub.open_room import Open
from app.domain.rooms.hub.waiting import Borrowed

log = structlog.get_logger(__name__)


class Opening(ABC):
    """The part of the hub that knows which rooms are open, and runs work beside them."""

    def __init__(self) -> None:
        self.rooms: dict[UUID, Open] = {}
        self.is_draining = False
        self._loading: dict[UUID, asyncio.Task[Open]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    @abstractmethod
    async def _load(self, document_id: UUID) -> Open:
        """Load a room and put it among the open ones. Raises `RoomNotFound`."""

    def borrow(self, document_id: UUID) -> Borrowed:
        """Hold the room open for the length of an `async with` block."""
        return Borrowed(lambda: self.open(document_id))

    async def open(self, document_id: UUID) -> Open:
        """The room, loaded once however many ask at the same time. Raises `RoomNotFound`."""
        while True:
            if (open_ := self.rooms.get(document_id)) is not None:
                return open_
            if self.is_draining:
                raise ServerDraining("Connect again in a moment.")
            task = self._loading.get(document_id)
            if task is None:
                task = asyncio.create_task(self._load(document_id))
                self._loading[document_id] = task
                task.add_done_callback(lambda _: self._loading.pop(document_id, None))
            # shield: one caller that goes away must not cancel the load for the others
            open_ = await asyncio.shield(task)
            if self.rooms.get(document_id) is open_:  # not let go of again meanwhile
                return open_

    def spawn(self, work: Awaitable[Any]) -> None:
        """Run `work` in the background and keep it alive; a failure is logged."""

        async def run() -> None:
            try:
                await work
            except Exception:
                log.exception("room.task_failed")

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop_tasks(self) -> None:
        """End what runs in the background."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
