"""How a worker learns that what programs get has changed, and what it does then.

The truth is the log in the database. For each workspace of which this worker keeps something it
knows up to which number it has read that log. A commit of its own and a word of another worker
over the bus are hints to read on; without any it compares every second. From the hint until the
log has been read, nothing of the workspace is answered from memory: so whoever moved a label sees
it moved.

An answer is kept only if what it was made of was read at or after the last change that is known.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog
from prometheus_client import Counter

from app.db.engine import Database
from app.domain.releases import queries
from app.domain.releases.cache import Cache
from app.domain.releases.errors import ReleasesUncertain
from app.domain.releases.events import CHANGED_TOPIC, event_of, heard, hint
from app.domain.releases.reader import Reader
from app.kit.bus import Bus
from app.kit.ids import new_id

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0  # without a hint: the most that an answer can be behind
OUTAGE_SECONDS = 60.0  # without a word from the database, answers from memory are given for so long
IDLE_SECONDS = 600.0
WATCHED = ("labels", "versions", "prompts", "old_names")
_BATCH = 500
_MOST_WORKSPACES = 5000

CHANGES = Counter("promptroom_release_changes", "Changes of released prompts that were read")


@dataclass(frozen=True, slots=True)
class Inside:
    """For statements of the server itself in one workspace."""

    workspace_id: UUID


@dataclass(slots=True, eq=False)
class Shelf:
    """What is known of a workspace's log."""

    workspace_id: UUID
    applied: int  # number of the last change that this worker knows of
    used_at: float
    wanted: int = 0  # hints so far
    done: int = 0  # of these, answered by reading the log
    readers: set[Reader] = field(default_factory=set)
    task: asyncio.Task[None] | None = None

    @property
    def is_behind(self) -> bool:
        return self.done < self.wanted


class News:
    """Keeps the cache true and the readers told."""

    def __init__(
        self,
        database: Database,
        cache: Cache,
        bus: Bus,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]] = asyncio.create_task,
    ) -> None:
        # everywhere: this worker looks after all workspaces that it keeps something of
        self._database = database.everywhere()
        self.cache = cache
        self._bus = bus
        self._spawn = spawn
        self._name = new_id().bytes
        self.shelves: dict[UUID, Shelf] = {}
        self.sure_until = time.monotonic() + OUTAGE_SECONDS
        self.is_parting = False
        self._stops = [bus.subscribe(CHANGED_TOPIC, self._told), bus.on_gap(self.look_soon)]
        database.watch.on_commit(WATCHED, self._committed)

    async def stop(self) -> None:
        """Hear nothing more; what is being read is read to its end."""
        for stop in self._stops:
            stop()
        self.part()
        tasks = [shelf.task for shelf in self.shelves.values() if shelf.task is not None]
        self.shelves.clear()
        await asyncio.gather(*tasks, return_exceptions=True)

    def part(self) -> None:
        """The server leaves: its readers come again, to another."""
        self.is_parting = True
        for shelf in self.shelves.values():
            for reader in shelf.readers:
                reader.close()

    # Hints

    def note(self, workspace_id: UUID | None) -> None:
        """The log may have grown; None = that of any workspace."""
        for shelf in self._concerned(workspace_id):
            shelf.wanted += 1
            if shelf.task is None:
                shelf.task = self._spawn(self._catch_up(shelf))

    def look_soon(self) -> None:
        self.note(None)

    def _concerned(self, workspace_id: UUID | None) -> list[Shelf]:
        if workspace_id is None:
            return list(self.shelves.values())
        shelf = self.shelves.get(workspace_id)
        return [shelf] if shelf is not None else []

    def _committed(self, workspace_id: UUID | None) -> None:
        self.note(workspace_id)
        self._bus.publish(CHANGED_TOPIC, hint(self._name, workspace_id))

    def _told(self, payload: bytes) -> None:
        worker, workspace_id = heard(payload)
        if worker != self._name:
            self.note(workspace_id)

    # On the clock

    async def look(self) -> None:
        """Compare with the log: whatever the bus lost is found here."""
        self._let_go()
        before = {one.workspace_id: one.applied for one in self.shelves.values()}
        async with self._database.transaction(write=False) as tx:
            heads = await queries.heads(tx, before) if before else {}
        self.sure_until = time.monotonic() + OUTAGE_SECONDS
        for workspace_id, seq in before.items():
            shelf = self.shelves.get(workspace_id)
            if shelf is not None and (shelf.is_behind or heads.get(workspace_id) != seq):
                self.note(workspace_id)

    def _let_go(self) -> None:
        """Of workspaces that nobody asks for; their answers go with them."""
        now = time.monotonic()
        idle = [
            shelf
            for shelf in self.shelves.values()
            if not shelf.readers and now - shelf.used_at > IDLE_SECONDS
        ]
        for shelf in idle:
            self._drop(shelf)

    def _drop(self, shelf: Shelf) -> None:
        del self.shelves[shelf.workspace_id]
        self.cache.forget(shelf.workspace_id)

    # Readers

    async def join(self, reader: Reader) -> Shelf:
        """From now on `reader` is told. What it has to know of before is up to it to read.

        Raises `ReleasesUncertain`.
        """
        shelf = await self.current(reader.workspace_id)
        shelf.readers.add(reader)
        if self.is_parting:
            reader.close()
        return shelf

    def leave(self, reader: Reader) -> None:
        shelf = self.shelves.get(reader.workspace_id)
        if shelf is not None:
            shelf.readers.discard(reader)

    def key_gone(self, key_id: UUID) -> None:
        """An API key is revoked or has expired: what it opened closes."""
        for shelf in self.shelves.values():
            for reader in shelf.readers:
                if reader.key_id == key_id:
                    reader.close()

    def key_ids(self) -> set[UUID]:
        """The keys that have a stream open."""
        return {reader.key_id for shelf in self.shelves.values() for reader in shelf.readers}

    def readers_of(self, key_id: UUID) -> int:
        return sum(
            reader.key_id == key_id for shelf in self.shelves.values() for reader in shelf.readers
        )

    # Reading the log

    def known(self, workspace_id: UUID) -> Shelf | None:
        """The workspace's shelf, if answers from memory hold just now."""
        shelf = self.shelves.get(workspace_id)
        if shelf is None or shelf.is_behind or time.monotonic() > self.sure_until:
            return None
        return shelf

    async def current(self, workspace_id: UUID) -> Shelf:
        """The workspace's shelf, with all that was hinted at until now.

        Raises `ReleasesUncertain`.
        """
        shelf = self.shelves.get(workspace_id)
        if shelf is None:
            shelf = await self._begin(workspace_id)
        shelf.used_at = time.monotonic()
        if shelf.is_behind and shelf.task is not None:
            await asyncio.shield(shelf.task)
        if time.monotonic() > self.sure_until:
            raise ReleasesUncertain("Try again in a moment.")
        return shelf

    async def _begin(self, workspace_id: UUID) -> Shelf:
        async with self._database.transaction(write=False) as tx:
            seq = await queries.head(tx, Inside(workspace_id))
        self.sure_until = time.monotonic() + OUTAGE_SECONDS
        if workspace_id not in self.shelves:
            if len(self.shelves) >= _MOST_WORKSPACES:
                resting = [one for one in self.shelves.values() if not one.readers]
                self._drop(min(resting, key=lambda one: one.used_at))
            # From before we listened for it there may be something that nobody told us.
            self.shelves[workspace_id] = Shelf(workspace_id, seq, time.monotonic())
        return self.shelves[workspace_id]

    async def _catch_up(self, shelf: Shelf) -> None:
        """Read on until every hint is answered. Not being able to is no failure: `look` comes."""
        try:
            while shelf.is_behind:
                target = shelf.wanted
                await self._read_on(shelf)
                shelf.done = max(shelf.done, target)
        except Exception as error:  # noqa: BLE001  # whatever a database can say
            log.warning("releases.not_read", error=type(error).__name__)
        finally:
            shelf.task = None

    async def _read_on(self, shelf: Shelf) -> None:
        where = Inside(shelf.workspace_id)
        while True:
            async with self._database.transaction(write=False) as tx:
                rows = await queries.since(tx, where, shelf.applied, _BATCH)
                head = await queries.head(tx, where)
            self.sure_until = time.monotonic() + OUTAGE_SECONDS
            self._apply(shelf, rows, head)
            if len(rows) < _BATCH:
                return

    def _apply(self, shelf: Shelf, rows: Any, head: int) -> None:
        if head < shelf.applied:  # another database stands in the place of the one we knew
            self.cache.forget(shelf.workspace_id)
            shelf.applied = head
            for reader in shelf.readers:
                reader.close()
        for change in rows:
            self._take(shelf, change)

    def _take(self, shelf: Shelf, change: Any) -> None:
        names = [name for name in (change.name, change.old_name) if name]
        self.cache.changed(shelf.workspace_id, change.prompt_id, names)
        shelf.applied = change.seq
        CHANGES.inc()
        if shelf.readers:
            event = event_of(change)
            for reader in shelf.readers:
                reader.offer(event)
