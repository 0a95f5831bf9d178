"""The wall between workspaces: behind the door in the code, the database itself."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterable
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table, inspect, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from app.db import postgres
from app.db.base import Model
from app.db.engine import Database
from app.db.wall import ACROSS
from tests.support.any_rows import Rows, any_rows, put
from tests.support.counting import statements

pytestmark = pytest.mark.anyio

# Behind no wall: a person is a person in every workspace, and a job is nobody's.
OPEN = {"users", "sessions", "worker_jobs"}
# Filled by triggers and the index, never by hand: their walls are leaned on in tests/domain.
DERIVED = {"changes", "search_shelves", "search_entries", "search_terms", "search_queue"}
WALLED = [table for table in Model.metadata.sorted_tables if table.name not in OPEN | DERIVED]


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    database = Database(postgres_url, connections=3)
    yield database
    await database.close()


@pytest.fixture
async def rows(database: Database) -> Rows:
    """Of every table, each belonging to one of many workspaces."""
    rows = any_rows(random.Random(7))
    async with database.everywhere().engine.begin() as connection:
        await put(connection, rows)
    return rows


def inside(database: Database, workspace_id: UUID | None) -> Database:
    return database.within(SimpleNamespace(workspace_id=workspace_id))


async def found(database: Database, table: Table, workspace_id: UUID | None) -> set[Any]:
    """The keys of all rows that a statement without any condition finds."""
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
    async with inside(database, workspace_id).transaction(write=False) as tx:
        return {tuple(row) for row in await tx.execute(text(f'SELECT {keys} FROM "{table.name}"'))}


def belonging(table: Table, rows: Rows, workspace_id: UUID) -> set[Any]:
    """The keys of the workspace's rows, found without the database."""
    return {
        tuple(row[column.name] for column in table.primary_key)
        for row in rows[table.name]
        if _workspace_of(table, row, rows) == workspace_id
    }


def _workspace_of(table: Table, row: dict[str, Any], rows: Rows) -> UUID:
    if table.name == "workspaces":
        return row["id"]  # type: ignore[no-any-return]
    if "workspace_id" in table.columns:
        return row["workspace_id"]  # type: ignore[no-any-return]
    parent, column, name = next(iter(_parents(table)))
    above = next(one for one in rows[parent.name] if one[column] == row[name])
    return _workspace_of(parent, above, rows)


def _parents(table: Table) -> Iterable[tuple[Table, str, str]]:
    """Walled tables that this one refers to: which, their column, ours."""
    for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
        if key.column.table.name not in OPEN:
            yield key.column.table, key.column.name, key.parent.name


@pytest.mark.parametrize("table", WALLED, ids=lambda table: table.name)
class TestWithoutTheDoor:
    """Statements that forgot to ask for their workspace."""

    async def test_only_the_workspaces_own_rows_are_there(
        self, database: Database, rows: Rows, table: Table
    ) -> None:
        for workspace in rows["workspaces"][:2]:
            expected = belonging(table, rows, workspace["id"])
            assert expected
            assert await found(database, table, workspace["id"]) == expected

    async def test_nothing_is_there_in_no_workspace(
        self, database: Database, rows: Rows, table: Table
    ) -> None:
        assert await found(database, table, None) == set()
        async with database.transaction(write=False) as tx:
            assert (await tx.execute(text(f'SELECT count(*) FROM "{table.name}"'))).scalar() == 0

    async def test_nothing_of_others_is_changed_or_deleted(
        self, database: Database, rows: Rows, table: Table
    ) -> None:
        mine = rows["workspaces"][0]["id"]
        column = table.primary_key.columns[0].name
        async with inside(database, mine).transaction() as tx:
            changed = await tx.execute(text(f'UPDATE "{table.name}" SET "{column}" = "{column}"'))
            assert changed.rowcount == len(belonging(table, rows, mine))  # type: ignore[attr-defined]
            await tx.execute(text(f'DELETE FROM "{table.name}"'))
        for workspace in rows["workspaces"][1:]:
            expected = belonging(table, rows, workspace["id"])
            assert await found(database, table, workspace["id"]) == expected

    async def test_nothing_is_put_into_another_workspace(
        self, database: Database, rows: Rows, table: Table
    ) -> None:
        mine, theirs = (workspace["id"] for workspace in rows["workspaces"][:2])
        fresh = any_rows(random.Random(8))[table.name][1]
        for key in table.foreign_keys:
            fresh[key.parent.name] = next(
                one[key.column.name]
                for one in rows[key.column.table.name]
                if key.column.table.name in OPEN
                or _workspace_of(key.column.table, one, rows) == theirs
            )
        async with inside(database, mine).transaction() as tx:
            with pytest.raises(ProgrammingError, match="row-level security"):
                await tx.execute(table.insert(), fresh)


class TestTheTransaction:
    async def test_the_next_one_on_the_connection_does_not_inherit(
        self, postgres_url: str, rows: Rows
    ) -> None:
        database = Database(postgres_url, connections=1)
        prompts = Model.metadata.tables["prompts"]
        mine = rows["workspaces"][0]["id"]
        for _ in range(2):
            assert await found(database, prompts, mine)
            assert not await found(database, prompts, None)
            async with database.everywhere().transaction() as tx:
                count = await tx.execute(text("SELECT count(*) FROM prompts"))
                assert count.scalar() == len(rows["prompts"])
        await database.close()

    async def test_where_it_is_may_become_known_after_it_was_opened(
        self, database: Database, rows: Rows
    ) -> None:
        where = SimpleNamespace(workspace_id=None)
        async with database.within(where).transaction() as tx:
            where.workspace_id = rows["workspaces"][0]["id"]
            assert (await tx.execute(text("SELECT count(*) FROM workspaces"))).scalar() == 1

    async def test_a_wrong_word_opens_nothing(self, database: Database, rows: Rows) -> None:
        async with inside(database, "everything").transaction() as tx:  # type: ignore[arg-type]
            with pytest.raises(DBAPIError, match="invalid input syntax for type uuid"):
                await tx.execute(text("SELECT count(*) FROM prompts"))

    async def test_it_costs_one_statement_at_most(self, database: Database) -> None:
        with statements(database) as seen:
            async with database.everywhere().transaction() as tx:
                for _ in range(3):
                    await tx.execute(text("SELECT 1"))
            async with database.transaction() as tx:
                await tx.execute(text("SELECT 1"))
        assert len(seen) == 1 + 3 + 1

    async def test_a_connection_of_ones_own_can_be_everywhere(
        self, postgres_url: str, rows: Rows
    ) -> None:
        everywhere = await postgres.connect(postgres_url, ACROSS)
        nowhere = await postgres.connect(postgres_url)
        count = "SELECT count(*) FROM room_journal"
        assert await everywhere.fetchval(count) == len(rows["room_journal"])
        assert await nowhere.fetchval(count) == 0
        for connection in (everywhere, nowhere):
            await connection.close()


class TestEveryTable:
    async def test_has_its_wall(self, database: Database) -> None:
        """A table without one: `walls.build("…")` in the migration that creates it."""
        statement = """
            SELECT relname FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid
            WHERE relrowsecurity AND relforcerowsecurity AND polcmd = '*' AND polname = 'wall'
        """
        async with database.transaction() as tx:
            behind = set((await tx.execute(text(statement))).scalars())
        assert {table.name for table in WALLED} | DERIVED == behind

    async def test_of_an_ordinary_owner(self, database: Database) -> None:
        """What passes walls would make all of the above pass for nothing."""
        async with database.engine.connect() as connection:
            tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
            owners = await connection.execute(
                text("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
            )
            me = (await connection.execute(text("SELECT current_user"))).scalar()
            passes = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = :me")
            assert (await connection.execute(passes, {"me": me})).scalar() is False
        assert list(owners.scalars()) == [me]
        assert {*tables} - {"search_words"} == {*Model.metadata.tables, "alembic_version"}
