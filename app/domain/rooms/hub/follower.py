"""Keeps open rooms in step with the log when other workers write to it too.

What the bus brings is a hint that saves a look. Rows are taken in by their numbers, one after the
other; for whatever is missing the log is read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

import structlog

from app.domain.rooms.errors import RoomNotFound
from app.domain.rooms.events import RowsWritten
from app.domain.rooms.hub.open_room import Open
from app.domain.rooms.journal.journal import DocumentsGone, Journal, Unwritable
from app.domain.rooms.journal.log import DocumentLog
from app.domain.rooms.metrics import CATCH_UPS, FOLLOWED
from app.domain.rooms.room.document import LibraryFailed
from app.domain.rooms.room.room import Collides
from app.domain.rooms.wire.refusal import Gap, Refused

log = structlog.get_logger(__name__)

_MOST_AHEAD = 1000  # rows kept for later; beyond it the log is read anyway


class Owner(Protocol):
    """Who owns the rooms, and decides what becomes of one that cannot follow."""

    @property
    def rooms(self) -> Mapping[UUID, Open]: ...

    def collided(self, open_: Open) -> None: ...

    def replaced(self, open_: Open) -> None: ...

    def unwritable(self, error: Unwritable) -> None: ...


class Follower:
    """Takes in what other workers have written."""

    def __init__(self, document_log: DocumentLog, journal: Journal, owner: Owner) -> None:
        self._log = document_log
        self._journal = journal
        self._owner = owner

    def heard(self, open_: Open, said: RowsWritten) -> bool:
        """Take in what the bus brought; False when the log has to be read for more."""
        room = open_.room
        if said.epoch != room.epoch:
            return False
        for seq, row in enumerate(said.rows, said.first):
            if seq > room.seq and len(open_.ahead) < _MOST_AHEAD:
                open_.ahead[seq] = row
        self.advance(open_)
        return not open_.ahead or self._journal.is_writing(room.id)

    def advance(self, open_: Open) -> None:
        """Follow the rows that come next. Not while our own are being written behind them."""
        room = open_.room
        while open_.ahead and not (room.is_frozen or self._journal.is_writing(room.id)):
            row = open_.ahead.pop(room.seq + 1, None)
            if row is None:
                open_.ahead = {seq: row for seq, row in open_.ahead.items() if seq > room.seq}
                return
            if not self._take(open_, *row):
                open_.ahead.clear()
                return

    async def catch_up(self, open_: Open) -> None:
        """Take in all that is in the log by now."""
        async with open_.reading:  # one that reads already may have begun too early
            await self._read(open_)
            if open_.ahead:  # our own rows come before these
                await self._journal.reported(open_.room.id)

    async def make_up(self, open_: Open) -> None:
        """Take in what has kept our own edits from being written, and try them again."""
        await self.catch_up(open_)
        self._journal.resume(open_.room.id)

    async def look(self, document_ids: Collection[UUID]) -> list[Open]:
        """Which of these open rooms are not where the log is."""
        heads = await self._log.heads(document_ids)
        lagging = []
        for document_id in document_ids:
            open_ = self._owner.rooms.get(document_id)
            if open_ is None:
                continue
            epoch, seq = heads.get(document_id, ("", 0))
            if epoch != open_.room.epoch or seq > open_.room.seq:
                lagging.append(open_)
        return lagging

    async def _read(self, open_: Open) -> None:
        room = open_.room
        CATCH_UPS.inc()
        try:
            news = await self._log.rows_after(room.id, room.seq)
        except RoomNotFound:
            if self._owner.rooms.get(room.id) is open_:
                self._owner.unwritable(DocumentsGone(frozenset({room.id})))
            return
        if self._owner.rooms.get(room.id) is not open_:
            return
        if news.epoch != room.epoch:
            self._owner.replaced(open_)
        elif news.snapshot_seq > room.seq:  # what we lack has been folded into the snapshot
            self._owner.collided(open_)
        else:
            open_.ahead.update(news.rows)
            self.advance(open_)

    def _take(self, open_: Open, actor: str, update: bytes) -> bool:
        room = open_.room
        if self._journal.recognise(room.id, actor, update):
            return True
        try:
            room.follow(actor, update)
        except (Collides, Refused, Gap, LibraryFailed) as error:
            log.warning("room.cannot_follow", room=str(room.id), cause=repr(error))
            self._owner.collided(open_)
            return False
        FOLLOWED.inc()
        open_.journal_bytes += len(update)
        return True
