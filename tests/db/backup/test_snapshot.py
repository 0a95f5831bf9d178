"""A backup is one moment, whatever others write while it is made."""

from __future__ import annotations

import io
import random
import sqlite3

import pytest

from app.db.backup.container import ArchiveWriter
from app.db.backup.snapshot import back_up
from app.db.engine import Database
from tests.support.any_rows import any_rows, everything, put
from tests.support.backups import restored
from tests.support.databases import PostgresCopies

pytestmark = pytest.mark.anyio


CHANGES = (
    "DELETE FROM labels",
    "UPDATE versions SET message = 'changed'",
    "DELETE FROM users WHERE name = 'plain'",
)


async def test_what_is_written_meanwhile_is_not_in_it(database: Database, other: Database) -> None:
    async with database.engine.begin() as connection:
        await put(connection, any_rows(random.Random(2)))
        before = await everything(connection)
    writer = sqlite3.connect(database.url.database or "", timeout=5, isolation_level=None)

    def meanwhile(what: str, _rows: int) -> None:
        """Others need not wait for the backup, and take what it has not reached yet."""
        if what == "users":
            for change in CHANGES:
                writer.execute(change)

    sink = io.BytesIO()
    await back_up(database, ArchiveWriter(sink), meanwhile)
    assert writer.execute("SELECT count(*) FROM labels").fetchone() == (0,)
    writer.close()
    await restored(sink.getvalue(), other)
    async with other.engine.connect() as connection:
        assert await everything(connection) == before


async def test_the_same_on_postgresql(
    postgres_url: str, postgres_copies: PostgresCopies, other: Database
) -> None:
    database = Database(postgres_url)
    async with database.everywhere().transaction() as tx:
        await put(await tx.connection(), any_rows(random.Random(2)))
        before = await everything(await tx.connection())

    def meanwhile(what: str, _rows: int) -> None:
        if what == "users":
            postgres_copies.server.run("; ".join(CHANGES), database.dsn.rpartition("/")[2])

    sink = io.BytesIO()
    await back_up(database, ArchiveWriter(sink), meanwhile)
    async with database.everywhere().transaction(write=False) as tx:
        assert (await everything(await tx.connection()))["labels"] == []
    await database.close()
    await restored(sink.getvalue(), other)
    async with other.engine.connect() as connection:
        assert await everything(connection) == before
