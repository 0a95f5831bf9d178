"""The journal: updates on disk before anyone hears that they are.

Group commit without a waiting window: whatever queued while the last commit ran is the next
one. A failed write is tried again for ever; nothing is dropped, nothing is acknowledged, and the
hub is told so that it can say so.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog

from app.domain.rooms.metrics import BEHIND, COMMIT_ROWS, COMMIT_SECONDS, STORAGE_FAILURES

log = structlog.get_logger(__name__)

_FIRST_PAUSE = 0.1  # seconds until a failed write is tried again, growing
_LONGEST_PAUSE = 2.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted update, waiting for the disk."""

    document_id: UUID
    number: int  # among this worker's edits of the document
    actor: str
    update: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """Entries of one document, to be written right behind the last row that this worker knows.

    In the log they are numbered `after` + 1 and so on. Should there be such a row already, or
    another epoch, another worker has written meanwhile.
    """

    document_id: UUID
    epoch: str
    after: int
    entries: list[Entry]


class Unwritable(Exception):
    """Nothing that is queued for these documents can ever be written; nothing of it was."""

    def __init__(self, document_ids: frozenset[UUID]) -> None:
        super().__init__(f"{len(document_ids)} documents")
        self.document_ids = document_ids


class DocumentsGone(Unwritable):
    """They no longer exist."""


class SequenceTaken(Unwritable):
    """The log holds other edits under the same numbers: somebody else writes to it."""


NOBODY: frozenset[UUID] = frozenset()


class Done(Protocol):
    """Hears what became of an append."""

    def __call__(self, error: Exception | None, behind: frozenset[UUID] = NOBODY) -> None: ...


class Store(Protocol):
    """Where entries go."""

    def append(self, groups: Sequence[Group], done: Done) -> None:
        """Call `done` on the loop, with None once all is on disk but the groups that are `behind`.

        Those are the documents that another worker has written to; nothing of them was written.
        Otherwise with an `Unwritable`, or an `OSError` whose text names the cause for a person.
        A group is written once, however often its writing is tried: if it is there already it is
        either left alone or told to be behind. There is never more than one call under way.
        """

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class StorageState:
    """Whether the journal can be written. `since` is the loop time of the first failure."""

    ok: bool = True
    cause: str | None = None
    since: float = 0.0


class Listener(Protocol):
    """Who owns the rooms that a journal writes for."""

    def position(self, document_id: UUID) -> tuple[str, int]:
        """The document's epoch, and the last row of its log that is known here."""

    def written(self, entries: Sequence[Entry]) -> None: ...

    def behind(self, document_id: UUID) -> None:
        """Read what others wrote to the log, then call `resume`."""

    def unwritable(self, error: Unwritable) -> None: ...

    def storage_changed(self, state: StorageState) -> None: ...


class Journal:
    """Queues entries, writes them in groups, reports each group in order."""

    def __init__(self, store: Store, listener: Listener) -> None:
        self._store = store
        self._listener = listener
        self._queue: list[Entry] = []
        self._batch: dict[UUID, Group] = {}  # with the store
        self._parked: dict[UUID, list[Entry]] = {}  # behind, until what others wrote is known
        self._is_busy = False
        self._pause = _FIRST_PAUSE
        self._started = 0.0
        self._retry: asyncio.TimerHandle | None = None
        self._flushed: list[asyncio.Future[None]] = []
        self._watching: list[asyncio.Future[None]] = []
        self._loop = asyncio.get_running_loop()
        self.state = StorageState()

    def submit(self, entry: Entry) -> None:
        """Queue `entry`; it is reported as written when it is on disk."""
        if self._parked and entry.document_id in self._parked:
            self._parked[entry.document_id].append(entry)
            return
        self._queue.append(entry)
        self._start()

    def is_writing(self, document_id: UUID) -> bool:
        """Whether entries of the document are with the store, so that its log is about to grow."""
        return document_id in self._batch

    async def reported(self, document_id: UUID) -> None:
        """Wait until what is with the store of this document has been reported."""
        while self.is_writing(document_id):
            future: asyncio.Future[None] = self._loop.create_future()
            self._watching.append(future)
            await future

    def recognise(self, document_id: UUID, actor: str, update: bytes) -> bool:
        """Whether a row of the log is the next parked entry: then that is written, and reported.

        So it is when a commit reported failure after all was written.
        """
        parked = self._parked.get(document_id)
        if not parked or parked[0].update != update or parked[0].actor != actor:
            return False
        self._listener.written([parked.pop(0)])
        return True

    def resume(self, document_id: UUID) -> None:
        """What others wrote is known: try the document's entries again."""
        self._queue[:0] = self._parked.pop(document_id, [])
        self._start()

    def drop(self, document_ids: Collection[UUID]) -> None:
        """Forget what waits for these documents; their rooms have given it up.

        What is with the store may still get into the log: it is then followed like a stranger's.
        """
        self._queue = [entry for entry in self._queue if entry.document_id not in document_ids]
        for document_id in document_ids:
            self._parked.pop(document_id, None)
            self._batch.pop(document_id, None)
        self._start()

    @property
    def backlog(self) -> int:
        batch = sum(len(group.entries) for group in self._batch.values())
        return len(self._queue) + batch + sum(map(len, self._parked.values()))

    async def flush(self) -> None:
        """Wait until nothing is queued. Never returns while the disk refuses."""
        if self._is_busy or self._parked:
            future = self._loop.create_future()
            self._flushed.append(future)
            await future

    async def close(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
        await self._store.close()

    def _start(self) -> None:
        if not self._is_busy:
            self._is_busy = True
            # On the next turn, so that all that arrives in this one shares a commit.
            self._loop.call_soon(self._write_next)

    def _write_next(self) -> None:
        if self._queue:
            self._batch = self._grouped(self._queue)
            self._queue = []
            self._started = self._loop.time()
            self._write_again()
            return
        self._is_busy = False
        if not self._parked:
            _wake(self._flushed)

    def _grouped(self, entries: list[Entry]) -> dict[UUID, Group]:
        groups: dict[UUID, Group] = {}
        for entry in entries:
            document_id = entry.document_id
            group = groups.get(document_id)
            if group is None:
                epoch, seq = self._listener.position(document_id)
                group = groups[document_id] = Group(document_id, epoch, seq, [])
            group.entries.append(entry)
        return groups

    def _done(self, error: Exception | None, behind: frozenset[UUID] = NOBODY) -> None:
        if isinstance(error, Unwritable):
            self._drop(error)
        elif error is not None:
            self._try_later(error)
        else:
            self._report(behind)

    def _try_later(self, error: Exception) -> None:
        # What nobody foresaw is treated like a full disk: nothing is lost, and it is told.
        self._failed(str(error) if isinstance(error, OSError) else "an error in the server")
        if not isinstance(error, OSError):
            log.error("journal.failed", exc_info=error)
        pause = self._pause * random.uniform(0.5, 1.0)  # noqa: S311  # jitter
        self._pause = min(self._pause * 1.7, _LONGEST_PAUSE)
        self._retry = self._loop.call_later(pause, self._write_again)

    def _drop(self, error: Unwritable) -> None:
        self.drop(error.document_ids)
        self._listener.unwritable(error)
        self._write_again()  # an empty batch too: that it can be written is what counts

    def _report(self, behind: frozenset[UUID]) -> None:
        self._recovered()
        COMMIT_SECONDS.observe(self._loop.time() - self._started)
        batch, self._batch = self._batch, {}
        parked = behind & batch.keys()
        for document_id in parked:
            self._park(batch.pop(document_id).entries)
        entries = [entry for group in batch.values() for entry in group.entries]
        COMMIT_ROWS.observe(len(entries))
        try:
            if entries:
                self._listener.written(entries)
            for document_id in parked:
                self._listener.behind(document_id)
        finally:
            _wake(self._watching)
            self._write_next()

    def _park(self, entries: list[Entry]) -> None:
        """Keep a document's entries until `resume`, and in order with those queued since."""
        BEHIND.inc()
        document_id = entries[0].document_id
        self._parked[document_id] = entries + [
            entry for entry in self._queue if entry.document_id == document_id
        ]
        self._queue = [entry for entry in self._queue if entry.document_id != document_id]

    def _write_again(self) -> None:
        self._store.append(tuple(self._batch.values()), self._done)

    def _recovered(self) -> None:
        self._pause = _FIRST_PAUSE
        if not self.state.ok:
            log.warning("journal.recovered", entries=self.backlog)
            self.state = StorageState()
            self._listener.storage_changed(self.state)

    def _failed(self, cause: str) -> None:
        STORAGE_FAILURES.inc()
        if self.state.ok or self.state.cause != cause:
            since = self.state.since or self._loop.time()
            self.state = StorageState(ok=False, cause=cause, since=since)
            log.error("journal.cannot_write", cause=cause)
            self._listener.storage_changed(self.state)


def _wake(waiting: list[asyncio.Future[None]]) -> None:
    for future in waiting:
        if not future.done():
            future.set_result(None)
    waiting.clear()
