"""One trip to SQLite's thread for each statement, and none for a transaction without one."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.db.engine import Database

pytestmark = pytest.mark.anyio

SLOW = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000)"
    " SELECT count(*) FROM n"
)


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    async with database.transaction() as tx:
        await tx.execute(text("CREATE TABLE t (i INTEGER)"))
    yield database
    await database.close()


async def count(database: Database) -> int:
    async with database.transaction(write=False) as tx:
        return int((await tx.execute(text("SELECT count(*) FROM t"))).scalar_one())


async def test_two_statements_and_the_commit_are_three_trips(
    file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips = 0
    go = aiosqlite.Connection._execute

    async def counted(*arguments: Any) -> Any:
        nonlocal trips
        trips += 1
        return await go(*arguments)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    async with file.transaction() as tx:
        written = await tx.execute(text("INSERT INTO t VALUES (1), (2)"))
        assert written.rowcount == 2  # type: ignore[attr-defined]
        rows = await tx.execute(text("SELECT i FROM t ORDER BY i"))
        assert (list(rows.keys()), rows.all()) == (["i"], [(1,), (2,)])
    assert trips == 3
    async with file.transaction():
        pass
    assert trips == 3


async def test_after_a_refused_begin_nothing_is_written_outside_a_transaction(
    file: Database, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def insist() -> None:
        async with file.transaction() as tx:
            with pytest.raises(OperationalError, match="locked"):
                await tx.execute(text("INSERT INTO t VALUES (1)"))
            other.execute("COMMIT")
            await tx.execute(text("INSERT INTO t VALUES (2)"))
            raise LookupError

    async with file.engine.connect() as connection:  # the one that the pool gives next
        await connection.execute(text("PRAGMA busy_timeout=0"))
    with pytest.raises(LookupError):
        await insist()
    other.close()
    assert await count(file) == 0


async def test_a_connection_that_was_not_to_be_had_leaves_no_thread_behind(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}")
    before = set(threading.enumerate())
    for _ in range(20):
        assert not await database.is_reachable()
        assert set(threading.enumerate()) <= before  # those of other tests may end meanwhile
    await database.close()


async def test_what_was_cancelled_leaves_no_transaction_behind(file: Database) -> None:
    async def write() -> None:
        async with file.transaction() as tx:
            await tx.execute(SLOW)

    task = asyncio.create_task(write())
    await asyncio.sleep(0.005)  # under way, in its thread
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5), file.transaction() as tx:  # it would wait for the other's lock
        await tx.execute(text("INSERT INTO t VALUES (1)"))
    assert await count(file) == 1


async def test_rows_that_come_one_by_one_are_of_one_moment(file: Database) -> None:
    async with file.transaction() as tx:
        await tx.execute(text("INSERT INTO t VALUES (1)"))
    async with file.transaction(write=False) as tx:
        streamed = await tx.stream(text("SELECT i FROM t"))
        assert [row[0] async for row in streamed] == [1]
        async with file.transaction() as other:
            await other.execute(text("INSERT INTO t VALUES (2)"))
        assert (await tx.execute(text("SELECT count(*) FROM t"))).scalar_one() == 1
