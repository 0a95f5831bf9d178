"""The journal's rows on PostgreSQL, where several workers write to one log.

A group goes in only if the log ends where this worker thinks it does. So each row has been checked
against exactly what stands before it, whoever wrote that, and nobody needs a lock to be sure.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import structlog

from app.db.postgres import Connection, connect
from app.db.wall import ACROSS
from app.domain.rooms.journal.journal import NOBODY, Done, Entry, Group

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 5.0  # for a commit, or to connect; then it counts as failed and is tried again

# One statement, so that a worker that is stopped in the middle holds nothing that others need. The
# documents are locked in one order by all: of two workers with the same two, one simply waits.
# Counting them makes that come first; what moved is looked at after the wait.
_APPEND = """
WITH wanted AS (
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[])
    AS w (id, epoch, after, rows)
), held AS (
  SELECT documents.id FROM documents WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
), moved AS (
  UPDATE documents SET seq = wanted.after + wanted.rows FROM wanted
  WHERE documents.id = wanted.id AND documents.seq = wanted.after
    AND documents.epoch = wanted.epoch AND (SELECT count(*) FROM held) > 0
  RETURNING documents.id
), written AS (
  INSERT INTO room_journal (document_id, seq, actor, received_at, checksum, "update")
  SELECT e.id, e.seq, e.actor, e.received_at, e.checksum, e.update
  FROM unnest($5::uuid[], $6::bigint[], $7::text[], $8::timestamptz[], $9::bigint[], $10::bytea[])
    AS e (id, seq, actor, received_at, checksum, update)
  JOIN moved ON moved.id = e.id
)
SELECT id FROM moved
"""

# It is planned once, when the connection is new, and for tables of any size. Left to itself the
# server plans it anew for each commit (0.3 ms) as soon as there are a thousand documents, and
# reads all of them for each commit while it believes that there are few.
_PLANNING = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}
_CAUSES = {
    "53100": "the disk is full",
    "25006": "the database is read-only",
    "58030": "the disk reports errors",
}


class PostgresStore:
    """One connection of its own: the journal never waits for a page to give one back."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: Connection | None = None
        self._writing: asyncio.Task[None] | None = None

    def append(self, groups: Sequence[Group], done: Done) -> None:
        self._writing = asyncio.create_task(self._report(groups, done))

    async def close(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        self._disconnect()

    async def _report(self, groups: Sequence[Group], done: Done) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                behind = await self._append(groups)
        except Exception as error:  # noqa: BLE001  # whatever it is, the journal decides
            # Whether it was written is not known. If it was, the next try is told to be behind.
            self._disconnect()
            done(_explained(error), NOBODY)
        else:
            done(None, behind)

    async def _append(self, groups: Sequence[Group]) -> frozenset[Any]:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._dsn, {**ACROSS, **_PLANNING})
        moved = await self._connection.fetch(_APPEND, *_arguments(groups))
        if len(moved) == len(groups):
            return NOBODY
        written = {row["id"] for row in moved}
        return frozenset(group.document_id for group in groups if group.document_id not in written)

    def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.terminate()


def _arguments(groups: Sequence[Group]) -> tuple[list[Any], ...]:
    rows = [
        _row(seq, entry)
        for group in groups
        for seq, entry in enumerate(group.entries, group.after + 1)
    ]
    documents = [
        (group.document_id, group.epoch, group.after, len(group.entries)) for group in groups
    ]
    return *_columns(documents, 4), *_columns(rows, 6)


def _row(seq: int, entry: Entry) -> tuple[Any, ...]:
    checksum = zlib.crc32(entry.update)
    return entry.document_id, seq, entry.actor, entry.received_at, checksum, entry.update


def _columns(rows: Sequence[tuple[Any, ...]], count: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(count)]


def _explained(error: Exception) -> Exception:
    """The failure as an `OSError` that names the cause for a person, if it may pass."""
    if isinstance(error, OSError | asyncpg.InterfaceError | TimeoutError):
        return OSError("the database does not answer")
    if isinstance(error, asyncpg.PostgresError):
        cause = _CAUSES.get(error.sqlstate or "", "the database refuses to write")
        log.warning("journal.refused", sqlstate=error.sqlstate)
        return OSError(cause)
    return error
