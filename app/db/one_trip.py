"""SQLite through one trip to its connection's thread for each statement, where there were four.

aiosqlite has a thread for each connection, and SQLAlchemy asks it for a cursor, to execute, for the
rows, to close, and to roll back once more after a commit. Each time two threads wait for each
other, which takes longer than most of our statements. Here a statement and its rows come back from
one call, and the BEGIN goes along with a transaction's first statement. ADR 0037 lists the private
names that this takes, and says what notices when one of them changes.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
)
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only


class Cursor(AsyncAdapt_aiosqlite_cursor):
    """All rows of one statement. SQLAlchemy reads its answers from the adapter's own fields."""

    __slots__ = ("_description", "_lastrowid", "_rowcount")

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._adapt_connection: Connection = connection
        self._rows = deque()
        self._description: Any = None
        self._rowcount = -1
        self._lastrowid: int | None = None

    @property
    def description(self) -> Any:
        return self._description

    @property
    def rowcount(self) -> int:
        return self._rowcount

    @property
    def lastrowid(self) -> Any:
        return self._lastrowid

    def close(self) -> None:
        self._rows.clear()

    async def _async_soft_close(self) -> None:
        """There is nothing left to close."""

    async def _execute_async(self, operation: Any, parameters: Any) -> None:
        given = () if parameters is None else parameters
        await self._go(lambda cursor: cursor.execute(operation, given))

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> None:
        await self._go(lambda cursor: cursor.executemany(operation, seq_of_parameters))

    async def _go(self, execute: Callable[[sqlite3.Cursor], Any]) -> None:
        async with self._adapt_connection._execute_mutex:  # noqa: SLF001  # the adapter's
            begin = self._adapt_connection.begun()
            rows, *rest = await self._adapt_connection.call(self._trip, execute, begin)
        self._rows = deque(rows)
        self._description, self._rowcount, self._lastrowid = rest

    def _trip(self, execute: Callable[[sqlite3.Cursor], Any], begin: str) -> tuple[Any, ...]:
        """In the connection's thread."""
        cursor = self._adapt_connection.raw.cursor()
        try:
            if begin:
                self._begin(cursor, begin)
            execute(cursor)
            rows = cursor.fetchall() if cursor.description else ()
            return rows, cursor.description, cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()

    def _begin(self, cursor: sqlite3.Cursor, begin: str) -> None:
        try:
            cursor.execute(begin)
        except sqlite3.Error:
            # Whoever goes on in spite of this may not find themselves outside any transaction.
            self._adapt_connection.begins_with = begin
            raise


class Connection(AsyncAdapt_aiosqlite_connection):
    """A connection that begins its transactions with their first statement."""

    __slots__ = ("begins_with", "is_begun")

    _cursor_cls: Any = Cursor

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self.begins_with = ""  # the statement before the next one
        self.is_begun = False  # whether there may be something to end

    @property
    def raw(self) -> sqlite3.Connection:
        """For its own thread alone."""
        found: sqlite3.Connection = self._connection._conn  # noqa: SLF001
        return found

    async def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await self._connection._execute(function, *arguments)  # noqa: SLF001

    def cursor(self, server_side: bool = False) -> Any:  # noqa: FBT001, FBT002  # as it is called
        if server_side and self.begins_with:
            self.execute("SELECT 1")  # whoever reads row by row begins first
        return super().cursor(server_side)

    def begun(self) -> str:
        """What the statement that is about to go begins with."""
        begin, self.begins_with, self.is_begun = self.begins_with, "", True
        return begin

    def commit(self) -> None:
        self._end(super().commit)

    def rollback(self) -> None:
        """The pool asks for one after each commit, too."""
        self._end(super().rollback)

    def _end(self, end: Callable[[], None]) -> None:
        if self.is_begun:
            end()
        self.begins_with, self.is_begun = "", False


def take_one_trip(engine: AsyncEngine) -> None:
    """Have `engine` make connections of this kind."""

    @event.listens_for(engine.sync_engine, "do_connect")
    def connect(dialect: Any, _record: object, arguments: Any, options: Any) -> Connection:
        made = dialect.loaded_dbapi.aiosqlite.connect(*arguments, **options)
        thread = made._thread  # noqa: SLF001
        thread.daemon = True  # as SQLAlchemy has it: a forgotten one keeps no process alive
        try:
            return Connection(dialect.loaded_dbapi, await_only(made))
        except BaseException:
            # It ends by itself, and tells so to a loop that a command may be about to close.
            thread.join()
            raise
