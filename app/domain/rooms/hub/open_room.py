"""A room that is open in this process, with what only the hub needs to know about it."""

from __future__ import annotations

import asyncio

from app.domain.rooms.journal.log import Loaded
from app.domain.rooms.reading import PersonHere
from app.domain.rooms.room.room import Room
from app.kit.bus import Unsubscribe


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
        self.ahead: dict[int, tuple[str, bytes]] = {}  # rows of other workers by number, to be
        self.reading = asyncio.Lock()  # followed in order; and who reads the log for them
        self.stop_listening: Unsubscribe = lambda: None

    def changed(self, now: float) -> None:
        self.changed_at = self.used_at = now

    @property
    def is_idle(self) -> bool:
        return not self.room.members and not self.borrowers

    @property
    def journal_rows(self) -> int:
        return self.room.seq - self.snapshot_seq

    def people(self) -> dict[str, PersonHere]:
        """Who is here by this worker, by actor."""
        users = {member.actor: member.user for member in self.room.members}
        return {actor: PersonHere(**user) for actor, user in users.items()}

    def forgotten(self) -> None:
        """The hub has let go of it: nothing may wake it any more."""
        self.room.own.give_up()
        self.stop_listening()
        if self.presence_timer is not None:
            self.presence_timer.cancel()
