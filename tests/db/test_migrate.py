"""Migrations: up, equal to the models, down, up again; and written from what is missing."""

from __future__ import annotations

import asyncio
import random
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from alembic.util.exc import CommandError
from sqlalchemy import inspect
from sqlalchemy.exc import OperationalError

from app.db import migrate
from app.db import models as _tables  # noqa: F401  # registers every slice's tables
from app.db.base import Model, is_modelled
from app.db.engine import Database
from tests.support import planted_migrations
from tests.support.any_rows import any_rows, everything, put
from tests.support.databases import PostgresCopies

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    copies: PostgresCopies = request.getfixturevalue("postgres_copies")
    name = copies.empty("empty")
    yield copies.url(name)
    copies.drop(name)


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Database]:
    database = Database(empty_url)
    yield database
    await database.close()


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[Database]:
    """SQLite, which changes tables in a way of its own."""
    database = Database(f"sqlite:///{tmp_path / 'file.db'}")
    await migrate.upgrade(database)
    yield database
    await database.close()


async def tables(database: Database) -> set[str]:
    async with database.engine.connect() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    return {name for name in names if is_modelled(name, "table", None)}


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


async def test_a_second_server_finds_it_done(empty_url: str) -> None:
    first, second = Database(empty_url), Database(empty_url)
    await migrate.upgrade(first)
    await migrate.upgrade(second)
    assert await migrate.current(second) == migrate.newest()
    await first.close()
    await second.close()


async def test_a_table_made_anew_keeps_the_rows_that_refer_to_it(
    file: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And afterwards foreign keys are on again, on the same connection."""
    async with file.engine.begin() as connection:
        await put(connection, any_rows(random.Random(1)))
        before = await everything(connection)
    planted_migrations.plant(monkeypatch, tmp_path)
    await migrate.upgrade(file)
    async with file.engine.connect() as connection:
        assert await everything(connection) == before
        assert (await connection.exec_driver_sql("PRAGMA foreign_key_check")).all() == []
        assert (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar_one() == 1


async def test_foreign_keys_are_on_again_after_a_migration_that_failed(file: Database) -> None:
    with pytest.raises(CommandError):
        await migrate.upgrade(file, "nowhere")
    async with file.engine.connect() as connection:
        assert (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar_one() == 1


async def test_a_schema_that_a_newer_release_made_is_left_alone(empty: Database) -> None:
    await migrate.upgrade(empty)
    async with empty.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'newer'")
    await migrate.upgrade(empty)
    assert await migrate.current(empty) == "newer"
    assert migrate.suits("newer")
    assert not migrate.suits("")
    assert not migrate.suits(migrate.revisions()[0])


class TestOnPostgres:
    """Where several workers share one database, and people work while it changes."""

    @pytest.fixture
    def empty_url(self, postgres_copies: PostgresCopies) -> Iterator[str]:
        name = postgres_copies.empty("empty")
        yield postgres_copies.url(name)
        postgres_copies.drop(name)

    async def test_workers_that_start_together_do_it_once(self, empty_url: str) -> None:
        workers = [Database(empty_url) for _ in range(4)]
        await asyncio.gather(*map(migrate.upgrade, workers))
        assert await migrate.differences(workers[0]) == []
        for database in workers:
            await database.close()

    async def test_each_migration_may_take_long_but_not_wait_long(
        self, empty: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """The timeouts of each, its view of all rows, and that it has a transaction of its own."""
        told = _migrations_that_tell(monkeypatch, tmp_path)
        await migrate.upgrade(empty)
        async with empty.engine.connect() as connection:
            seen = (await connection.exec_driver_sql("SELECT * FROM told ORDER BY 1")).all()
        assert [row[1:4] for row in seen] == [("0", "5s", "*")] * len(told)
        assert len({row[4] for row in seen}) == len(told)

    async def test_a_table_in_use_makes_it_fail_instead_of_queueing_everybody(
        self, empty: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        await migrate.upgrade(empty, migrate.revisions()[0])
        monkeypatch.setattr(migrate, "LOCK_TIMEOUT", "50ms")
        async with empty.engine.begin() as reader:
            await reader.exec_driver_sql("SELECT count(*) FROM workspaces")
            with pytest.raises(OperationalError, match="lock timeout"):
                await migrate.upgrade(empty)
        await migrate.upgrade(empty)
        assert await migrate.differences(empty) == []


_TELLS = """
from alembic import op

revision, down_revision = "{revision}", {before!r}
branch_labels = depends_on = None


def upgrade():
    op.execute("CREATE TABLE IF NOT EXISTS told (n text, a text, b text, c text, d text)")
    settings = ("statement_timeout", "lock_timeout", "promptroom.workspace")
    values = ", ".join(f"current_setting('{{name}}')" for name in settings)
    op.execute(f"INSERT INTO told SELECT '{revision}', {{values}}, pg_current_xact_id()::text")


def downgrade():
    pass
"""


def _migrations_that_tell(monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[str]:
    """Three migrations in the place of ours, which write down what they run under."""
    place = folder / "migrations"
    shutil.copytree(
        migrate._FOLDER, place, ignore=shutil.ignore_patterns("versions", "__pycache__")
    )
    (place / "versions").mkdir()
    names = ["aaa1", "aaa2", "aaa3"]
    for name, before in zip(names, [None, *names], strict=False):
        text = _TELLS.format(revision=name, before=before)
        (place / "versions" / f"20991231_0000_{name}.py").write_text(text)
    monkeypatch.setattr(migrate, "_FOLDER", place)
    return names


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
