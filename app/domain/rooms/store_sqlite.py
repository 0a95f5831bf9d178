"""The journal's rows on SQLite: one thread, one connection, one statement per group.

The driver gives the interpreter up once per statement, so a group is a single INSERT that
commits by itself: more statements would mean more fights for the interpreter with the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.db.engine import SQLITE_PRAGMAS
from app.domain.rooms.journal import DocumentsGone, Done, Entry, Group, SequenceTaken

_COLUMNS = 6
_ROWS = 32_000 // _COLUMNS  # SQLite takes 32,766 parameters in one statement
# A row that is there already is this very entry, from a commit that reported failure after all
# was written. Should it be another one, the NULL makes the whole statement fail.
_INSERT = (
    'INSERT INTO room_journal (document_id, seq, actor, received_at, checksum, "update") VALUES {} '
    "ON CONFLICT (document_id, seq) DO UPDATE SET actor = NULL "
    'WHERE "update" IS NOT excluded."update"'
)
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

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")

    def append(self, groups: Sequence[Group], done: Done) -> None:
        self._thread.submit(self._report, groups, done, asyncio.get_running_loop())

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    def _report(self, groups: Sequence[Group], done: Done, loop: asyncio.AbstractEventLoop) -> None:
        error: Exception | None = None
        try:
            self._append(groups)
        except Exception as failure:  # noqa: BLE001  # whatever it is, the journal decides
            error = failure
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(done, error)

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
            entry.received_at.strftime("%Y-%m-%d %H:%M:%S.%f"),
            zlib.crc32(entry.update),
            entry.update,
        )
    connection.execute(_INSERT.format(",".join(["(?,?,?,?,?,?)"] * len(rows))), values)


def _cause(error: sqlite3.Error) -> str:
    return _CAUSES.get(str(error), str(error))
