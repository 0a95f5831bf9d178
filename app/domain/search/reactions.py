"""What the index does when the live engine says that a text was edited."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from app.db.engine import Database
from app.domain.search import queries
from app.domain.search.gathering import LiveText
from app.domain.search.indexer import Indexer, Inside
from app.kit import clock

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.25
QUIET_SECONDS = 0.5  # without a keystroke, after which a text is indexed
BUSY_SECONDS = 4.0  # while keys are still being pressed
TOGETHER_LETTERS = 20_000  # of texts in one transaction: some milliseconds of writing
SWEEP_AFTER = 3.0  # seconds after the start; what a crash left behind is looked for then
SWEEP_SECONDS = 300.0
SWEPT = 500  # entries looked at in one statement
SETTLED = timedelta(seconds=10)  # an edit older than that should have been indexed
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # when it was edited is known better elsewhere


class Live(Protocol):
    """The live engine, as far as the index needs it."""

    def workspace_of(self, document_id: UUID) -> UUID | None: ...

    def text_of(self, document_id: UUID) -> tuple[str, int] | None:
        """The text and the number of the last row on disk; None when the room is not open."""

    async def read(self, document_id: UUID) -> tuple[str, int]:
        """The same of any document, opened for that."""


@dataclass(slots=True)
class _Noted:
    workspace_id: UUID
    first: float
    last: float
    at: datetime
    actors: set[str] = field(default_factory=set)


class LiveTexts:
    """Notes which texts are edited, and indexes each when its people pause."""

    def __init__(
        self, indexer: Indexer, live: Live, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._indexer = indexer
        self._live = live
        self._now = now
        self._noted: dict[UUID, _Noted] = {}

    def note(self, document_id: UUID, actor: str) -> None:
        """On the way of every keystroke: nothing but a note."""
        now = self._now()
        noted = self._noted.get(document_id)
        if noted is None:
            workspace_id = self._live.workspace_of(document_id)
            if workspace_id is None:
                return
            noted = self._noted[document_id] = _Noted(workspace_id, now, now, clock.utc_now())
        noted.last = now
        noted.at = clock.utc_now()
        noted.actors.add(actor)

    async def look(self) -> None:
        """Index what is due. What fails is due again at the next look."""
        now = self._now()
        due = {
            document_id: noted
            for document_id, noted in self._noted.items()
            if now - noted.last >= QUIET_SECONDS or now - noted.first >= BUSY_SECONDS
        }
        for document_id in due:
            del self._noted[document_id]
        for workspace_id, part in _parts(due):
            try:
                await self._index(Inside(workspace_id), part)
            except Exception:
                for document_id, noted in part.items():
                    self._noted.setdefault(document_id, noted)
                raise

    async def flush(self) -> None:
        """Before the end: nothing waits for a pause any more."""
        for noted in self._noted.values():
            noted.first = -BUSY_SECONDS
        await self.look()

    async def _index(self, where: Inside, noted: Mapping[UUID, _Noted]) -> None:
        texts: dict[UUID, LiveText] = {}
        closed = []
        total = 0
        for document_id, one in noted.items():
            if (found := self._live.text_of(document_id)) is None:
                closed.append(document_id)
                continue
            texts[document_id] = LiveText(*found, one.at, frozenset(one.actors))
            total += len(found[0])
            if total > TOGETHER_LETTERS:
                await self._put(where, texts)
                texts, total = {}, 0
        if texts:
            await self._put(where, texts)
        if closed:  # its whole text is in its snapshot now
            await self._indexer.rooms_again(where, closed)

    async def _put(self, where: Inside, texts: Mapping[UUID, LiveText]) -> None:
        await self._indexer.texts_changed(where, texts)
        await asyncio.sleep(0)  # keystrokes come first


def _parts(due: Mapping[UUID, _Noted]) -> Iterable[tuple[UUID, dict[UUID, _Noted]]]:
    """By workspace."""
    parts: dict[UUID, dict[UUID, _Noted]] = {}
    for document_id, noted in due.items():
        parts.setdefault(noted.workspace_id, {})[document_id] = noted
    return parts.items()


async def work_off(indexer: Indexer) -> None:
    """Index what waits, until nothing does."""
    while await indexer.work_off():
        pass  # each round gives way to others by itself


async def sweep(database: Database, indexer: Indexer, live: Live) -> int:
    """Index what a process that died had only noted; how many texts that were."""
    done, above = 0, None
    while True:
        before = clock.utc_now() - SETTLED
        async with database.transaction(write=False) as tx:
            rows = await queries.behind(tx, before, above, SWEPT)
        for _, workspace_id, room_id, is_behind in rows:
            if is_behind:
                text, seq = await live.read(room_id)
                found = LiveText(text, seq, _NEVER, frozenset())
                await indexer.texts_changed(Inside(workspace_id), {room_id: found})
                done += 1
        if len(rows) < SWEPT:
            break
        above = rows[-1][0]
        await asyncio.sleep(0)
    if done:
        log.info("search.swept", texts=done)
    return done
