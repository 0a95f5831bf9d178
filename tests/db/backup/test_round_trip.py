"""Whatever is in the tables comes back, from either database into either."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app.db import migrate
from app.db.backup.errors import BackupUnreadable
from app.db.backup.fresh import fresh_sqlite
from app.db.engine import Database
from tests.support.any_rows import Rows, any_rows, everything, put
from tests.support.backups import backed_up, members_of, read_through, restored

pytestmark = pytest.mark.anyio

SQLITE, POSTGRES = "sqlite", "postgresql"


@pytest.fixture
async def a_place(
    tmp_path: Path, empty_postgres: list[str]
) -> AsyncIterator[Callable[..., Database]]:
    """Makes databases without a schema."""
    made: list[Database] = []

    def make(kind: str) -> Database:
        path = tmp_path / f"place-{len(made)}.db"
        made.append(fresh_sqlite(path) if kind == SQLITE else Database(empty_postgres.pop()))
        return made[-1]

    yield make
    for database in made:
        await database.close()


async def filled(database: Database, rows: Rows) -> Database:
    await migrate.upgrade(database)
    for row in rows["documents"]:
        row["seq"] = 2**63 - 1  # beyond any journal, so that PostgreSQL's own count keeps it
    async with database.everywhere().transaction() as tx:
        await put(await tx.connection(), rows)
    return database


async def rows_in(database: Database) -> Rows:
    async with database.everywhere().transaction(write=False) as tx:
        return await everything(await tx.connection())


@pytest.mark.parametrize("target", [SQLITE, POSTGRES])
@pytest.mark.parametrize("source", [SQLITE, POSTGRES])
async def test_all_kinds_of_values(
    a_place: Callable[..., Database], source: str, target: str
) -> None:
    rows = any_rows(random.Random(f"{source} {target}"))
    here, there = await filled(a_place(source), rows), a_place(target)
    before = await rows_in(here)
    assert {table: len(found) for table, found in before.items()} == {
        table: len(given) for table, given in rows.items()
    }
    data = await backed_up(here)
    manifest = await restored(data, there)
    assert await rows_in(there) == before
    assert manifest.rows == sum(map(len, before.values()))
    assert await migrate.differences(there) == []
    assert await migrate.current(there) == migrate.newest()


async def test_round_and_round(a_place: Callable[..., Database]) -> None:
    """Once PostgreSQL has spelled its JSON, nothing changes any more, wherever it goes."""
    first = await filled(a_place(SQLITE), any_rows(random.Random(7)))
    data = await backed_up(first)
    sums = []
    for kind in (SQLITE, POSTGRES, SQLITE, POSTGRES):
        place = a_place(kind)
        await restored(data, place)
        data = await backed_up(place)
        sums.append(read_through(data).tables)
    assert sums[0] == read_through(await backed_up(first)).tables
    assert sums[1] == sums[2] == sums[3]
    assert await rows_in(place) == await rows_in(first)


async def test_what_postgresql_does_not_keep_is_said(a_place: Callable[..., Database]) -> None:
    """It has no place for the character NUL, which SQLite takes like any other."""
    here = await filled(a_place(SQLITE), any_rows(random.Random(1), nul=True))
    there = a_place(SQLITE)
    data = await backed_up(here)
    await restored(data, there)
    assert await rows_in(there) == await rows_in(here)
    nowhere = a_place(POSTGRES)
    with pytest.raises(BackupUnreadable) as refused:
        await restored(data, nowhere)
    assert refused.value.detail == (
        "users/000001.jsonl, line 1: `email` holds the character NUL, which PostgreSQL cannot keep"
    )
    assert await migrate.current(nowhere) == ""


async def test_the_order_of_words_is_nobodys_own(a_place: Callable[..., Database]) -> None:
    """By their bytes, where one country has å after z and another beside a."""
    rows = any_rows(random.Random(4))
    first = rows["prompt_tags"][0]
    words = ("z", "å", "a", "Z", "B", "ä", "aa", "a b", "ab", "_", "🧳", "é", "e\u0301", "\uffff")
    rows["prompt_tags"] += [first | {"tag": word} for word in words]
    here, there, back = a_place(SQLITE), a_place(POSTGRES), a_place(SQLITE)
    data = await backed_up(await filled(here, rows))
    await restored(data, there)
    again = await backed_up(there)
    await restored(again, back)
    tags = "prompt_tags/000001.jsonl"
    assert members_of(again)[tags] == members_of(data)[tags]
    assert await rows_in(back) == await rows_in(here)
