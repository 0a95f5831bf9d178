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


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted update, waiting for the disk."""

    document_id: UUID
    seq: int
    actor: str
    update: bytes
    received_at: datetime


class DocumentsGone(Exception):
    """These documents no longer exist, so nothing can be written to them."""

    def __init__(self, document_ids: frozenset[UUID]) -> None:
        super().__init__(f"{len(document_ids)} documents no longer exist")
        self.document_ids = document_ids


class Store(Protocol):
    """Where entries go."""

    async def append(self, entries: Sequence[Entry]) -> None:
        """Return once all `entries` are on disk; writing an entry twice changes nothing.

        Raises `DocumentsGone`, or `OSError` whose text names the cause for a person.
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
        on_gone: Callable[[frozenset[UUID]], None],
        on_state: Callable[[StorageState], None],
    ) -> None:
        self._store = store
        self._on_written = on_written
        self._on_gone = on_gone
        self._on_state = on_state
        self._queue: list[Entry] = []
        self._writer: asyncio.Task[None] | None = None
        self.state = StorageState()

    def submit(self, entry: Entry) -> None:
        """Queue `entry`; it is reported through `on_written` when it is on disk."""
        self._queue.append(entry)
        if self._writer is None:
            # The task starts on the next turn, so all that arrives in this one shares a commit.
            self._writer = asyncio.get_running_loop().create_task(self._write_all())

    @property
    def backlog(self) -> int:
        return len(self._queue)

    async def flush(self) -> None:
        """Wait until nothing is queued. Never returns while the disk refuses."""
        while (writer := self._writer) is not None:
            await asyncio.shield(writer)

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        await self._store.close()

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._queue:
                batch, self._queue = self._queue, []
                started = loop.time()
                await self._write(batch)
                COMMIT_SECONDS.observe(loop.time() - started)
                COMMIT_ROWS.observe(len(batch))
        finally:
            self._writer = None

    async def _write(self, batch: list[Entry]) -> None:
        pause = 0.1
        while True:
            try:
                await self._store.append(batch)
            except DocumentsGone as gone:
                self._on_gone(gone.document_ids)
                batch = [entry for entry in batch if entry.document_id not in gone.document_ids]
                if batch:
                    continue
                return
            except OSError as error:
                self._failed(str(error))
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # jitter
                pause = min(pause * 1.7, 2.0)
                continue
            break
        if not self.state.ok:
            log.warning("journal.recovered", entries=len(batch) + len(self._queue))
            self.state = StorageState()
            self._on_state(self.state)
        self._on_written(batch)

    def _failed(self, cause: str) -> None:
        STORAGE_FAILURES.inc()
        if self.state.ok or self.state.cause != cause:
            since = self.state.since or asyncio.get_running_loop().time()
            self.state = StorageState(ok=False, cause=cause, since=since)
            log.error("journal.cannot_write", cause=cause)
            self._on_state(self.state)
