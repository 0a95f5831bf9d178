"""Transactions: committed or not there, and never queueing behind writers to read."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from app.db.after import after_commit
from app.db.engine import Database

pytestmark = pytest.mark.anyio


@pytest.fixture
async def notes(database: Database) -> Database:
    async with database.transaction() as tx:
        await tx.execute(text("CREATE TABLE notes (word TEXT UNIQUE)"))
    return database


async def write(database: Database, word: str) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("INSERT INTO notes VALUES (:word)"), {"word": word})


async def words(database: Database) -> list[str]:
    async with database.transaction(write=False) as tx:
        found = await tx.execute(text("SELECT word FROM notes ORDER BY word"))
        return list(found.scalars())


class TestATransaction:
    async def test_it_is_committed_at_the_end(self, notes: Database) -> None:
        await write(notes, "kept")
        assert await words(notes) == ["kept"]

    async def test_an_exception_leaves_nothing(self, notes: Database) -> None:
        async def fail_after_writing() -> None:
            async with notes.transaction() as tx:
                await tx.execute(text("INSERT INTO notes VALUES ('gone')"))
                raise ValueError("planted")

        with pytest.raises(ValueError, match="planted"):
            await fail_after_writing()
        assert await words(notes) == []

    async def test_nothing_is_locked_before_the_first_statement(self, notes: Database) -> None:
        async with notes.transaction():
            await asyncio.wait_for(write(notes, "beside"), 5)
        assert await words(notes) == ["beside"]

    async def test_readers_do_not_wait_for_a_writer(self, notes: Database) -> None:
        async with notes.transaction() as tx:
            await tx.execute(text("INSERT INTO notes VALUES ('not yet')"))
            assert await asyncio.wait_for(words(notes), 5) == []

    async def test_writers_come_one_after_the_other(self, notes: Database) -> None:
        await asyncio.gather(*(write(notes, f"{number:02}") for number in range(20)))
        assert len(await words(notes)) == 20

    async def test_a_reader_sees_one_moment(self, notes: Database) -> None:
        async with notes.transaction(write=False) as tx:
            before = await tx.execute(text("SELECT count(*) FROM notes"))
            await write(notes, "meanwhile")
            after = await tx.execute(text("SELECT count(*) FROM notes"))
            assert before.scalar_one() == after.scalar_one() == 0


class TestSafety:
    async def test_a_commit_is_on_disk_before_it_returns(self, tmp_path: Path) -> None:
        database = Database(f"sqlite:///{tmp_path / 'new.db'}")
        async with database.transaction(write=False) as tx:
            assert (await tx.execute(text("PRAGMA synchronous"))).scalar_one() == 2
            assert (await tx.execute(text("PRAGMA journal_mode"))).scalar_one() == "wal"
            assert (await tx.execute(text("PRAGMA foreign_keys"))).scalar_one() == 1
        await database.close()

    async def test_errors_do_not_quote_what_people_wrote(self, notes: Database) -> None:
        await write(notes, "private words")
        with pytest.raises(DBAPIError) as failed:
            await write(notes, "private words")
        assert "private words" not in str(failed.value)

    async def test_it_says_whether_it_answers(self, database: Database, tmp_path: Path) -> None:
        assert await database.is_reachable()
        nowhere = Database(f"sqlite:///{tmp_path}/missing/folder.db")
        assert not await nowhere.is_reachable()
        with pytest.raises(OperationalError):
            await words(nowhere)
        await nowhere.close()


class TestAfterACommit:
    async def test_it_is_told_once(self, notes: Database) -> None:
        told: list[str] = []
        async with notes.transaction() as tx:
            await tx.execute(text("INSERT INTO notes VALUES ('x')"))
            after_commit(tx, lambda: told.append("committed"))
            assert told == []
        assert told == ["committed"]

    async def test_a_rollback_tells_nothing(self, notes: Database) -> None:
        told: list[str] = []

        async def fail_after_promising() -> None:
            async with notes.transaction() as tx:
                await tx.execute(text("INSERT INTO notes VALUES ('x')"))
                after_commit(tx, lambda: told.append("committed"))
                raise ValueError("planted")

        with pytest.raises(ValueError, match="planted"):
            await fail_after_promising()
        assert told == []
