"""The journal's rows on SQLite: one thread, one connection, one statement per group.

The driver gives the interpreter up once per statement, so a group is a single INSERT that
commits by itself: more statements would mean more fights for the interpreter with the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
import zlib
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import structlog

from app.db.engine import SQLITE_PRAGMAS
from app.db.turns import Turn, Turns
from app.domain.rooms.journal.journal import DocumentsGone, Done, Entry, Group, SequenceTaken

log = structlog.get_logger(__name__)

_COLUMNS = 6
_ROWS = 32_000 // _COLUMNS  # SQLite takes 32,766 parameters in one statement
# A row that is there already is this very entry, from a commit that reported failure after all
# was written. Should it be another one, the NULL makes the whole statement fail.
_INSERT = (
    'INSERT INTO room_journal (document_id, seq, actor, received_at, checksum, "update") VALUES {} '
    "ON CONFLICT (document_id, seq) DO UPDATE SET actor = NULL "
    'WHERE "update" IS NOT excluded."update"'
)
# A write-ahead log that grows has its new length written with each commit, which makes that take
# three times as long. So it is as long from the start as it is when it is begun anew.
_RESERVED = 8000 * (4096 + 24)  # PRAGMA wal_autocheckpoint, in pages with their headers
_SPARE = 1 << 30  # bytes that have to be free on the disk for that
_CAUSES = {
    "database or disk is full": "the disk is full",
    "attempt to write a readonly database": "the database file is read-only",
    "disk I/O error": "the disk reports errors",
    "database is locked": "another program holds the database",
    "unable to open database file": "the database file cannot be opened",
}

_Row = tuple[int, Entry]  # its number in the log, and what it holds


class SqliteStore:
    """Only one worker writes to a SQLite file, so nothing is ever behind."""

    def __init__(self, path: Path, turns: Turns | None = None) -> None:
        """`turns` are those of everybody in this process who writes to the file."""
        self._path = path
        self._turns = turns or Turns()
        self._connection: sqlite3.Connection | None = None
        # Not an executor: its futures, locks and callbacks cost as much as a small commit.
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def reserve(self) -> None:
        """Have the disk space for what is written between two checkpoints from the start."""
        self._in_turn(self._reserve, _tell_unreserved)

    def append(self, groups: Sequence[Group], done: Done) -> None:
        self._in_turn(partial(self._append, groups), done)

    async def close(self) -> None:
        self._work.put(None)
        await asyncio.to_thread(self._thread.join)

    def _in_turn(self, write: Callable[[], None], done: Callable[[Exception | None], None]) -> None:
        """Do `write` in the thread as soon as nobody else writes, then `done` on the loop."""
        loop = asyncio.get_running_loop()

        def report(error: Exception | None) -> None:
            turn.end()
            done(error)

        def work() -> None:
            error: Exception | None = None
            try:
                write()
            except Exception as failure:  # noqa: BLE001  # whatever it is, the journal decides
                error = failure
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(report, error)

        turn: Turn = self._turns.ask(lambda: self._work.put(work))

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
        self._disconnect()

    def _append(self, groups: Sequence[Group]) -> None:
        rows = [
            (seq, entry)
            for group in groups
            for seq, entry in enumerate(group.entries, group.after + 1)
        ]
        try:
            connection = self._connect()
            for start in range(0, len(rows), _ROWS):
                _insert(connection, rows[start : start + _ROWS])
        except sqlite3.IntegrityError:
            raise self._unwritable(rows) from None
        except sqlite3.Error as error:
            # After a failed write or sync the connection's idea of the file is not to be
            # trusted; the next attempt opens it anew.
            self._disconnect()
            raise OSError(_cause(error)) from error

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            # "rw": a database that went missing must be an error, not a new empty file.
            self._connection = sqlite3.connect(
                f"file:{self._path}?mode=rw", uri=True, isolation_level=None
            )
            for pragma in SQLITE_PRAGMAS:
                self._connection.execute(pragma)
        return self._connection

    def _reserve(self) -> None:
        """Let the write-ahead log grow by what is taken back again; SQLite keeps its length."""
        wal = self._path.with_name(self._path.name + "-wal")
        if shutil.disk_usage(self._path.parent).free < _SPARE:
            return
        connection = self._connect()
        if wal.stat().st_size >= _RESERVED:
            return
        (cached,) = connection.execute("PRAGMA cache_size").fetchone()
        connection.execute("PRAGMA cache_size=100")  # pages; what is more is spilled into the log
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute("CREATE TABLE reserved (blank BLOB)")
            connection.execute("INSERT INTO reserved VALUES (zeroblob(?))", (_RESERVED,))
        finally:
            if connection.in_transaction:  # a full disk has ended it already
                connection.execute("ROLLBACK")
            connection.execute(f"PRAGMA cache_size={cached}")
        with wal.open("rb") as file:
            os.fdatasync(file.fileno())  # now, or the first edit would wait for it

    def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()

    def _unwritable(self, rows: Sequence[_Row]) -> Exception:
        """Which documents a row cannot be written to, and why."""
        connection = self._connect()
        documents = {entry.document_id for _, entry in rows}
        exists = "SELECT 1 FROM documents WHERE id = ?"
        gone = {id_ for id_ in documents if not connection.execute(exists, (id_.hex,)).fetchone()}
        if gone:
            return DocumentsGone(frozenset(gone))
        other = 'SELECT 1 FROM room_journal WHERE document_id = ? AND seq = ? AND "update" <> ?'
        taken = {
            entry.document_id
            for seq, entry in rows
            if connection.execute(other, (entry.document_id.hex, seq, entry.update)).fetchone()
        }
        return SequenceTaken(frozenset(taken)) if taken else OSError("the database refuses the row")


def _insert(connection: sqlite3.Connection, rows: Sequence[_Row]) -> None:
    values: list[object] = []
    for seq, entry in rows:
        values += (
            entry.document_id.hex,
            seq,
            entry.actor,
            _stored(entry.received_at),
            zlib.crc32(entry.update),
            entry.update,
        )
    connection.execute(_statement(len(rows)), values)


@lru_cache(maxsize=128)  # as many as the driver keeps prepared
def _statement(rows: int) -> str:
    return _INSERT.format(",".join(["(?,?,?,?,?,?)"] * rows))


def _stored(moment: datetime) -> str:
    """As SQLAlchemy stores it: UTC, and always with microseconds."""
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def _tell_unreserved(error: Exception | None) -> None:
    if error is not None:  # commits are slower at first, nothing else
        log.warning("journal.not_reserved", cause=str(error))


def _cause(error: sqlite3.Error) -> str:
    return _CAUSES.get(str(error), str(error))
