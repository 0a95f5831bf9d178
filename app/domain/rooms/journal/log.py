"""The log of one document as the database holds it: load it, compact it, quarantine from it."""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import structlog

from app.db.engine import Database
from app.domain.rooms import queries
from app.domain.rooms.errors import RoomBroken, RoomNotFound, UpdateRefused
from app.domain.rooms.guard.quarantine import Quarantine
from app.domain.rooms.journal.compaction import compact, storable
from app.domain.rooms.journal.flight import FlightRecorder, InFlight
from app.domain.rooms.metrics import QUARANTINED
from app.domain.rooms.models import Quarantined, Snapshot
from app.domain.rooms.room.document import LibraryFailed, LiveDocument
from app.domain.rooms.wire.refusal import Gap, Refused
from app.domain.rooms.wire.updates import read_update
from app.kit.clock import utc_now
from app.kit.helper import Helper
from app.kit.ids import new_id

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Loaded:
    """A document with all that is on disk, and what the room has to remember about it."""

    document: LiveDocument
    epoch: str
    workspace_id: UUID
    seq: int
    snapshot_seq: int
    rows: int
    size: int
    quarantine: Quarantine


@dataclass(frozen=True, slots=True)
class News:
    """What lies in a log behind some row."""

    epoch: str
    snapshot_seq: int
    rows: dict[int, tuple[str, bytes]]  # by number: actor, update


_Entry = tuple[int, str, bytes]  # seq, actor, update


@dataclass(frozen=True, slots=True)
class _Stored:
    epoch: str
    workspace_id: UUID
    seq: int
    snapshot: Snapshot
    entries: list[_Entry]
    authors: list[tuple[int, int, int, str]]
    poison: list[Quarantined]


class DocumentLog:
    """Reads and rewrites what the journal has appended."""

    def __init__(self, database: Database, recorder: FlightRecorder, helper: Helper) -> None:
        """`helper` runs compactions; a process of its own, because the library holds the GIL."""
        self._database = database
        self._recorder = recorder
        self._helper = helper

    async def load(self, document_id: UUID) -> Loaded:
        """The document from its snapshot and journal. Raises `RoomNotFound`, `RoomBroken`."""
        stored = await self._read(document_id)
        document = LiveDocument()
        document.trust(stored.authors)
        # Pure Python, and long for a long history: other rooms go on meanwhile.
        entries = await asyncio.to_thread(_learn, document, stored)
        updates = [stored.snapshot.state, *(update for _, _, update in entries)]
        try:
            document.apply_all(updates, self._armed(document_id, entries))
        except LibraryFailed as failure:
            log.exception("room.load_failed", document=str(document_id))
            raise RoomBroken("An operator has to restore it from a backup.") from failure
        finally:
            self._recorder.disarm()
        # By the document, too: its last row may have been put away, and nobody may write behind it
        # but with the number that the document has come to.
        last = max([stored.seq, stored.snapshot.upto_seq, *(seq for seq, _, _ in stored.entries)])
        if len(entries) < len(stored.entries):
            # A row that others stood on is gone. They would be met again with every load.
            log.error("room.history_torn", document=str(document_id))
            with suppress(UpdateRefused):  # then what came meanwhile is looked at, too
                await self.begin_epoch(document_id, document.retold(), last)
            return await self.load(document_id)
        return Loaded(
            document=document,
            epoch=stored.epoch,
            workspace_id=stored.workspace_id,
            seq=last,
            snapshot_seq=stored.snapshot.upto_seq,
            rows=len(stored.entries),
            size=sum(len(update) for _, _, update in stored.entries),
            quarantine=Quarantine.of(stored.poison),
        )

    async def rows_after(self, document_id: UUID, seq: int) -> News:
        """What the log holds behind row `seq`. Raises `RoomNotFound`."""
        async with self._database.transaction(write=False) as tx:
            at = await queries.epoch_and_snapshot_seq(tx, document_id)
            if at is None:
                raise RoomNotFound
            rows = await queries.entries_after(tx, document_id, seq)
            return News(*at, {row.seq: (row.actor, row.update) for row in rows})

    async def heads(self, document_ids: Collection[UUID]) -> dict[UUID, tuple[str, int]]:
        """Epoch and last row of each document; not on SQLite, where nobody else writes."""
        async with self._database.transaction(write=False) as tx:
            return await queries.heads(tx, document_ids)

    async def compact(self, document_id: UUID, upto_seq: int, live: LiveDocument) -> bool:
        """Fold the journal up to `upto_seq` into the snapshot, if it gives the live text.

        Call it at a moment when `live` holds exactly that. The answer is False when something
        else compacted meanwhile. Raises `RoomBroken` when the log and the live text
        differ, `StateDiffers` when the history cannot be encoded.
        """
        expected = live.text_sha256()
        ranges = live.authors()
        stored = await self._read(document_id)
        updates = [update for seq, _, update in stored.entries if seq <= upto_seq]
        result = await self._helper.run(compact, stored.snapshot.state, updates)
        if result.live_sha256 != expected:
            log.error("room.compaction_differs", document=str(document_id), seq=upto_seq)
            raise RoomBroken("The log gives another text than the live document.")
        taken = Snapshot(
            document_id=document_id,
            epoch=stored.epoch,
            upto_seq=upto_seq,
            state=result.state,
            state_sha256=hashlib.sha256(result.state).hexdigest(),
            text=result.text,
            text_sha256=result.text_sha256,
            taken_at=utc_now(),
        )
        async with self._database.transaction() as tx:
            if not await queries.replace_snapshot(tx, taken, stored.snapshot.upto_seq):
                return False
            await queries.delete_entries(tx, document_id, upto_seq)
            await queries.replace_authors(tx, document_id, ranges)
        return True

    async def begin_epoch(self, document_id: UUID, document: LiveDocument, seq: int) -> None:
        """Let `document` take the place of all history up to `seq`, under a new epoch.

        Raises `UpdateRefused` when there is more of it by now.
        """
        state, text = document.state(), storable(document.text)
        taken = Snapshot(
            document_id=document_id,
            epoch=str(new_id()),
            upto_seq=seq,
            state=state,
            state_sha256=hashlib.sha256(state).hexdigest(),
            text=text,
            text_sha256=hashlib.sha256(text.encode()).hexdigest(),
            taken_at=utc_now(),
        )
        async with self._database.transaction() as tx:
            if not await queries.begin_epoch(tx, taken):
                raise UpdateRefused("Another edit came in between. Try again in a moment.")
            await queries.delete_entries(tx, document_id, seq)
            await queries.replace_authors(tx, document_id, document.authors())

    async def quarantine(
        self, document_id: UUID, actor: str, update: bytes, reason: str, seq: int = -1
    ) -> None:
        """Keep `update` for a person to look at and never let it in again."""
        QUARANTINED.inc()
        row = Quarantined(
            id=new_id(),
            document_id=document_id,
            actor=actor,
            reason=reason[:64],
            ranges=_block_ranges(update),
            update=update,
            happened_at=utc_now(),
        )
        async with self._database.transaction() as tx:
            if await queries.document(tx, document_id) is None:
                return
            tx.add(row)
            if seq >= 0:
                await queries.delete_entry(tx, document_id, seq)
        log.warning("room.quarantined", document=str(document_id), actor=actor, reason=reason)

    async def quarantine_crash(self, crash: InFlight) -> None:
        """Put away what the process before this one died on."""
        await self.quarantine(crash.document_id, crash.actor, crash.update, "crash", crash.seq)
        if crash.seq >= 0:
            # It was in the journal, so every client's copy holds it: nobody could come back.
            loaded = await self.load(crash.document_id)
            await self.begin_epoch(crash.document_id, loaded.document.retold(), loaded.seq)

    def _armed(self, document_id: UUID, entries: list[_Entry]) -> Callable[[int], None]:
        """Loading can kill the process too; then the recorder names the row that did."""

        def arm(index: int) -> None:
            if index > 0:  # the snapshot has been loaded by a helper process before
                seq, actor, update = entries[index - 1]
                self._recorder.arm(document_id, actor, update, seq)

        return arm

    async def _read(self, document_id: UUID) -> _Stored:
        async with self._database.transaction(write=False) as tx:
            document = await queries.document(tx, document_id)
            snapshot = await queries.snapshot(tx, document_id)
            if document is None or snapshot is None:
                raise RoomNotFound
            rows = await queries.entries_after(tx, document_id, snapshot.upto_seq)
            entries = [(row.seq, row.actor, row.update) for row in rows]
            sound = all(zlib.crc32(row.update) == row.checksum for row in rows)
            authors = [
                (row.client, row.start, row.end, row.actor)
                for row in await queries.author_ranges(tx, document_id)
            ]
            poison = list(await queries.quarantined(tx, document_id))
        if not sound or hashlib.sha256(snapshot.state).hexdigest() != snapshot.state_sha256:
            log.error("room.checksum_failed", document=str(document_id))
            raise RoomBroken("Its checksums do not fit: restore it from a backup.")
        return _Stored(
            document.epoch,
            document.workspace_id,
            document.seq,
            snapshot,
            entries,
            authors,
            poison,
        )


def _learn(document: LiveDocument, stored: _Stored) -> list[_Entry]:
    """Teach the guard what is stored; gives the rows that stand on what came before them."""
    document.learn([(stored.snapshot.state, None)])
    standing = []
    for entry in stored.entries:
        seq, actor, update = entry
        try:
            document.learn([(update, actor)])
        except (Refused, Gap) as error:
            log.warning("room.row_skipped", seq=seq, cause=str(error))
        else:
            standing.append(entry)
    return standing


def _block_ranges(update: bytes) -> list[list[int]]:
    """Which blocks the update carries, so that other bytes with the same blocks are known."""
    try:
        sections = read_update(update).sections
    except (Refused, Gap):
        return []
    return [[section.client, section.clock, section.end] for section in sections]
