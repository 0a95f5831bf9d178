"""The journal: updates on disk before anyone hears that they are.

Group commit without a waiting window: whatever queued while the last commit ran is the next
one. A failed write is tried again for ever; nothing is dropped, nothing is acknowledged, and the
hub is told so that it can say so.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog

from app.domain.rooms.metrics import COMMIT_ROWS, COMMIT_SECONDS, STORAGE_FAILURES

log = structlog.get_logger(__name__)

_FIRST_PAUSE = 0.1  # seconds until a failed write is tried again, growing
_LONGEST_PAUSE = 2.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted update, waiting for the disk."""

    document_id: UUID
    seq: int
    actor: str
    update: bytes
    received_at: datetime


class Unwritable(Exception):
    """Nothing that is queued for these documents can ever be written; nothing of it was."""

    def __init__(self, document_ids: frozenset[UUID]) -> None:
        super().__init__(f"{len(document_ids)} documents")
        self.document_ids = document_ids


class DocumentsGone(Unwritable):
    """They no longer exist."""


class SequenceTaken(Unwritable):
    """The log holds other edits under the same numbers: somebody else writes to it."""


Done = Callable[[Exception | None], None]


class Store(Protocol):
    """Where entries go."""

    def append(self, entries: Sequence[Entry], done: Done) -> None:
        """Call `done` on the loop, with None once all `entries` are on disk.

        Otherwise with an `Unwritable`, or an `OSError` whose text names the cause for a person.
        Writing an entry twice changes nothing. There is never more than one call under way.
        """

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class StorageState:
    """Whether the journal can be written. `since` is the loop time of the first failure."""

    ok: bool = True
    cause: str | None = None
    since: float = 0.0


class Journal:
    """Queues entries, writes them in groups, reports each group in order."""

    def __init__(
        self,
        store: Store,
        on_written: Callable[[Sequence[Entry]], None],
        on_unwritable: Callable[[Unwritable], None],
        on_state: Callable[[StorageState], None],
    ) -> None:
        self._store = store
        self._on_written = on_written
        self._on_unwritable = on_unwritable
        self._on_state = on_state
        self._queue: list[Entry] = []
        self._batch: list[Entry] = []  # with the store
        self._is_busy = False
        self._pause = _FIRST_PAUSE
        self._started = 0.0
        self._retry: asyncio.TimerHandle | None = None
        self._flushed: list[asyncio.Future[None]] = []
        self._loop = asyncio.get_running_loop()
        self.state = StorageState()

    def submit(self, entry: Entry) -> None:
        """Queue `entry`; it is reported through `on_written` when it is on disk."""
        self._queue.append(entry)
        if not self._is_busy:
            self._is_busy = True
            # On the next turn, so that all that arrives in this one shares a commit.
            self._loop.call_soon(self._write_next)

    @property
    def backlog(self) -> int:
        return len(self._queue) + len(self._batch)

    async def flush(self) -> None:
        """Wait until nothing is queued. Never returns while the disk refuses."""
        if self._is_busy:
            future = self._loop.create_future()
            self._flushed.append(future)
            await future

    async def close(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
        await self._store.close()

    def _write_next(self) -> None:
        if self._queue:
            self._batch, self._queue = self._queue, []
            self._started = self._loop.time()
            self._store.append(self._batch, self._done)
            return
        self._is_busy = False
        flushed, self._flushed = self._flushed, []
        for future in flushed:
            if not future.done():
                future.set_result(None)

    def _done(self, error: Exception | None) -> None:
        if isinstance(error, Unwritable):
            self._drop(error)
        elif error is not None:
            self._try_later(error)
        else:
            self._report()

    def _try_later(self, error: Exception) -> None:
        # What nobody foresaw is treated like a full disk: nothing is lost, and it is told.
        self._failed(str(error) if isinstance(error, OSError) else "an error in the server")
        if not isinstance(error, OSError):
            log.error("journal.failed", exc_info=error)
        pause = self._pause * random.uniform(0.5, 1.0)  # noqa: S311  # jitter
        self._pause = min(self._pause * 1.7, _LONGEST_PAUSE)
        self._retry = self._loop.call_later(pause, self._write_again)

    def _drop(self, error: Unwritable) -> None:
        lost = error.document_ids
        self._batch = [entry for entry in self._batch if entry.document_id not in lost]
        self._queue = [entry for entry in self._queue if entry.document_id not in lost]
        self._on_unwritable(error)
        self._write_again()  # an empty batch too: that it can be written is what counts

    def _report(self) -> None:
        self._recovered()
        COMMIT_SECONDS.observe(self._loop.time() - self._started)
        COMMIT_ROWS.observe(len(self._batch))
        batch, self._batch = self._batch, []
        try:
            self._on_written(batch)
        finally:
            self._write_next()

    def _write_again(self) -> None:
        self._store.append(self._batch, self._done)

    def _recovered(self) -> None:
        self._pause = _FIRST_PAUSE
        if not self.state.ok:
            log.warning("journal.recovered", entries=self.backlog)
            self.state = StorageState()
            self._on_state(self.state)

    def _failed(self, cause: str) -> None:
        STORAGE_FAILURES.inc()
        if self.state.ok or self.state.cause != cause:
            since = self.state.since or self._loop.time()
            self.state = StorageState(ok=False, cause=cause, since=since)
            log.error("journal.cannot_write", cause=cause)
            self._on_state(self.state)
