"""Migrations: up, equal to the models, down, up again; and written from what is missing."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.util.exc import CommandError
from sqlalchemy import inspect

from app.db import migrate
from app.db import models as _tables  # noqa: F401  # registers every slice's tables
from app.db.base import Model
from app.db.engine import Database
from tests.support import planted_migrations
from tests.support.any_rows import any_rows, everything, put

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")
    yield database
    await database.close()


async def tables(database: Database) -> set[str]:
    async with database.engine.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_the_migrations_make_what_the_models_say(empty: Database) -> None:
    assert await migrate.current(empty) == ""
    await migrate.upgrade(empty)
    assert await migrate.current(empty) == migrate.newest() != ""
    assert await migrate.differences(empty) == []
    assert await tables(empty) == {*Model.metadata.tables, "alembic_version"}


async def test_upgrading_twice_changes_nothing(empty: Database) -> None:
    await migrate.upgrade(empty)
    await migrate.upgrade(empty)
    assert await migrate.differences(empty) == []


async def test_down_and_up_again(empty: Database) -> None:
    await migrate.upgrade(empty)
    await migrate.downgrade(empty, "base")
    assert await tables(empty) == {"alembic_version"}
    await migrate.upgrade(empty)
    assert await migrate.differences(empty) == []


async def test_a_difference_is_seen(empty: Database) -> None:
    await migrate.upgrade(empty)
    async with empty.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE users DROP COLUMN hue")
    assert any("hue" in str(difference) for difference in await migrate.differences(empty))


async def test_a_second_server_finds_it_done(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'shared.db'}"
    first, second = Database(url), Database(url)
    await migrate.upgrade(first)
    await migrate.upgrade(second)
    assert await migrate.current(second) == migrate.newest()
    await first.close()
    await second.close()


async def test_a_table_made_anew_keeps_the_rows_that_refer_to_it(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And afterwards foreign keys are on again, on the same connection."""
    async with database.engine.begin() as connection:
        await put(connection, any_rows(random.Random(1)))
        before = await everything(connection)
    planted_migrations.plant(monkeypatch, tmp_path)
    await migrate.upgrade(database)
    async with database.engine.connect() as connection:
        assert await everything(connection) == before
        assert (await connection.exec_driver_sql("PRAGMA foreign_key_check")).all() == []
        assert (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar_one() == 1


async def test_foreign_keys_are_on_again_after_a_migration_that_failed(database: Database) -> None:
    with pytest.raises(CommandError):
        await migrate.upgrade(database, "nowhere")
    async with database.engine.connect() as connection:
        assert (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar_one() == 1


def test_a_migration_without_a_message_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.db.revise", ""],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Say what it does" in done.stderr


def test_files_are_named_by_date_and_purpose() -> None:
    names = [path.name for path in (ROOT / "app/db/migrations/versions").glob("2*.py")]
    assert names
    for name in names:
        day, time, *words = name.removesuffix(".py").split("_")
        assert (len(day), len(time)) == (8, 4)
        assert words
