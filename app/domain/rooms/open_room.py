"""A room that is open in this process, with what only the hub needs to know about it."""

from __future__ import annotations

import asyncio

from app.domain.rooms.log import Loaded
from app.domain.rooms.room import Room


class Open:
    """The hub's bookkeeping around a `Room`."""

    def __init__(self, room: Room, loaded: Loaded, now: float) -> None:
        self.room = room
        self.workspace_id = loaded.workspace_id
        self.snapshot_seq = loaded.snapshot_seq
        self.journal_bytes = loaded.size
        self.used_at = now
        self.changed_at: float | None = None  # None once everyone has been told of the pause
        self.borrowers = 0
        self.is_compacting = False
        self.is_reloading = False
        self.is_verifying = False
        self.presence_timer: asyncio.TimerHandle | None = None
        self.hashed_seq = loaded.seq

    def changed(self, now: float) -> None:
        self.changed_at = self.used_at = now

    @property
    def is_idle(self) -> bool:
        return not self.room.members and not self.borrowers

    @property
    def journal_rows(self) -> int:
        return self.room.durable_seq - self.snapshot_seq
