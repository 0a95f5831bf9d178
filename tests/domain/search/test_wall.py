"""The index behind the wall between workspaces: what a forgotten condition would find."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.db.engine import Database
from app.domain.prompts.ports import Filters
from app.server.wiring.search import finder_of
from tests.domain.search.conftest import Inside
from tests.support.builders import a_prompt, a_workspace

pytestmark = pytest.mark.anyio

TABLES = ("search_shelves", "search_entries", "search_terms", "search_queue")


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    database = Database(postgres_url, connections=3)
    yield database
    await database.close()


@pytest.fixture
async def workspaces(database: Database) -> list[UUID]:
    """Two, each with something in every table."""
    made = []
    for name in ("Mine", "Theirs"):
        place = await a_workspace(database.everywhere(), name)
        await a_prompt(database.everywhere(), place)
        await finder_of(database).select(Inside(place.id), Filters())
        await a_prompt(database.everywhere(), place)  # waits
        made.append(place.id)
    return made


@pytest.mark.parametrize("table", TABLES)
async def test_only_ones_own_rows_are_there(
    database: Database, workspaces: list[UUID], table: str
) -> None:
    for mine in workspaces:
        async with database.within(Inside(mine)).transaction() as tx:
            found = await tx.execute(text(f"SELECT DISTINCT workspace_id FROM {table}"))
            assert [row[0] for row in found] == [mine]
    async with database.transaction() as tx:
        assert (await tx.execute(text(f"SELECT count(*) FROM {table}"))).scalar() == 0


async def test_nothing_is_put_into_another_workspace(
    database: Database, workspaces: list[UUID]
) -> None:
    mine, theirs = workspaces
    async with database.within(Inside(mine)).transaction() as tx:
        with pytest.raises(ProgrammingError, match="row-level security"):
            await tx.execute(
                text("INSERT INTO search_terms (workspace_id, term) VALUES (:them, 'word')"),
                {"them": theirs},
            )


async def test_every_change_of_a_prompt_is_told_to_the_index(either: Database) -> None:
    """SQLite loses a table's triggers when a migration copies it: then they have to be made anew."""
    kinds = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'search_%'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'search_%'",
    }
    async with either.everywhere().transaction() as tx:
        names = (await tx.execute(text(kinds[tx.get_bind().dialect.name]))).scalars().all()
    watched = {
        "prompts": ("insert", "update"),
        "prompt_tags": ("insert", "update", "delete"),
        "labels": ("insert", "update", "delete"),
        "versions": ("insert",),
        "branches": ("insert", "update"),
        "shelves": ("delete",),
    }
    expected = {f"search_{table}_{event}" for table, events in watched.items() for event in events}
    assert set(names) == expected
