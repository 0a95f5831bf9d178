"""Into an empty database only, through the schema of the backup up to this release's."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from sqlalchemy import text

from app.db import migrate
from app.db.backup.errors import BackupFailed, BackupTooNew, RestoreFailed, RestoreRefused
from app.db.backup.incoming import Incoming
from app.db.backup.progress import silent
from app.db.backup.restore import restore
from app.db.engine import Database
from tests.support import planted_migrations
from tests.support.any_rows import any_rows, everything, put
from tests.support.backups import backed_up, restored

pytestmark = pytest.mark.anyio


@pytest.fixture
async def full(database: Database) -> Database:
    async with database.engine.begin() as connection:
        await put(connection, any_rows(random.Random(3)))
    return database


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """The release to come; `undo` it to be back at this one."""
    planted_migrations.plant(monkeypatch, tmp_path)
    return monkeypatch


async def execute(database: Database, statement: str) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text(statement))


async def scalar(database: Database, statement: str) -> object:
    async with database.engine.connect() as connection:
        return (await connection.execute(text(statement))).scalar_one()


class TestThePlace:
    async def test_an_empty_schema_will_do(self, full: Database, other: Database) -> None:
        await migrate.upgrade(other)
        await restored(await backed_up(full), other)
        assert await scalar(other, "SELECT count(*) FROM users") == 24

    async def test_that_a_job_ran_there_is_no_data(self, full: Database, other: Database) -> None:
        """As on a server that was started, and that nobody has visited yet."""
        await migrate.upgrade(other)
        await execute(
            other,
            "INSERT INTO worker_jobs (name, started_at, took_ms, failures, failed_in_a_row) "
            "VALUES ('tidy', '2026-01-01 00:00:00.000000', 1, 0, 0)",
        )
        await restored(await backed_up(full), other)
        assert await scalar(other, "SELECT count(*) FROM users") == 24
        assert await scalar(other, "SELECT count(*) FROM worker_jobs") == 1

    async def test_one_row_is_too_many(self, full: Database, other: Database) -> None:
        await migrate.upgrade(other)
        values = f"'{'0' * 32}', 'a', 'A', '2026-01-01 00:00:00.000000'"
        columns = "id, slug, name, created_at"
        await execute(other, f"INSERT INTO workspaces ({columns}) VALUES ({values})")
        with pytest.raises(RestoreRefused, match="holds data already, for instance in workspaces"):
            await restored(await backed_up(full), other)
        assert await scalar(other, "SELECT name FROM workspaces") == "A"

    async def test_tables_of_somebody_else(self, full: Database, other: Database) -> None:
        await execute(other, "CREATE TABLE users (login TEXT)")
        with pytest.raises(RestoreRefused, match="a table 'users' that is none of Promptroom's"):
            await restored(await backed_up(full), other)
        assert await scalar(other, "SELECT count(*) FROM users") == 0

    async def test_other_tables_may_stay_beside_ours(self, full: Database, other: Database) -> None:
        await execute(other, "CREATE TABLE notes (word TEXT)")
        await execute(other, "INSERT INTO notes VALUES ('kept')")
        await restored(await backed_up(full), other)
        assert await scalar(other, "SELECT word FROM notes") == "kept"

    async def test_a_schema_of_a_newer_release(
        self, full: Database, other: Database, newer: pytest.MonkeyPatch
    ) -> None:
        await migrate.upgrade(other)
        newer.undo()
        with pytest.raises(RestoreRefused, match="'ffff00000001' is of a newer release"):
            await restored(await backed_up(full), other)


class TestReleases:
    async def test_an_older_backup_is_brought_up_to_date(
        self, full: Database, other: Database, newer: pytest.MonkeyPatch
    ) -> None:
        async with full.engine.connect() as connection:
            before = await everything(connection)
        await restored(await backed_up(full), other)
        assert await migrate.current(other) == planted_migrations.REVISION
        assert await scalar(other, "SELECT count(*) FROM prompts WHERE mood = 'calm'") == 24
        assert await scalar(other, "SELECT count(*) FROM workspaces WHERE planted = 'yes'") == 24
        async with other.engine.connect() as connection:
            assert await everything(connection) == before  # nothing that refers to them is gone

    async def test_also_into_an_empty_schema_of_this_release(
        self, full: Database, other: Database, newer: pytest.MonkeyPatch
    ) -> None:
        await migrate.upgrade(other)
        await restored(await backed_up(full), other)
        assert await migrate.current(other) == planted_migrations.REVISION
        assert await scalar(other, "SELECT count(*) FROM prompts WHERE mood = 'calm'") == 24

    async def test_a_backup_made_before_the_upgrade_is_of_the_old_schema(
        self, full: Database, newer: pytest.MonkeyPatch
    ) -> None:
        """With the new release installed, as one does it."""
        head = Incoming(io.BytesIO(await backed_up(full))).head
        newer.undo()
        assert head.revision == migrate.newest()
        assert "mood" not in head.tables["prompts"]

    async def test_what_is_new_comes_along(
        self, full: Database, other: Database, newer: pytest.MonkeyPatch
    ) -> None:
        await migrate.upgrade(full)
        await execute(full, "UPDATE prompts SET mood = 'wild'")
        await restored(await backed_up(full), other)
        assert await scalar(other, "SELECT count(*) FROM prompts WHERE mood = 'wild'") == 24

    async def test_a_newer_backup_is_refused(
        self, full: Database, other: Database, newer: pytest.MonkeyPatch
    ) -> None:
        await migrate.upgrade(full)
        data = await backed_up(full)
        newer.undo()
        with pytest.raises(BackupTooNew, match="with schema ffff00000001, which this release"):
            await restored(data, other)
        assert await migrate.current(other) == ""

    async def test_a_newer_database_is_not_backed_up(
        self, full: Database, newer: pytest.MonkeyPatch
    ) -> None:
        await migrate.upgrade(full)
        newer.undo()
        with pytest.raises(BackupFailed, match="'ffff00000001' is of a newer release"):
            await backed_up(full)

    async def test_a_database_without_schema_is_not_backed_up(self, other: Database) -> None:
        with pytest.raises(BackupFailed, match="no schema yet"):
            await backed_up(other)


class TestComparing:
    """A database that does not keep what it was given."""

    @pytest.fixture
    async def forgetful(self, other: Database) -> Database:
        await migrate.upgrade(other)
        return other

    @pytest.mark.parametrize(
        ("statement", "said"),
        [
            ("UPDATE sessions SET agent = 'x'", "24 rows of 24"),
            ("UPDATE sessions SET seen_at = datetime(seen_at)", "24 rows of 24"),
            ("DELETE FROM sessions WHERE agent = 'plain'", "22 rows of 24"),
        ],
    )
    async def test_a_difference_is_seen(
        self, full: Database, forgetful: Database, statement: str, said: str
    ) -> None:
        trigger = f"CREATE TRIGGER t AFTER INSERT ON sessions BEGIN {statement}; END"
        await execute(forgetful, trigger)
        with pytest.raises(RestoreFailed, match=f"sessions came out different.*{said}"):
            await restored(await backed_up(full), forgetful)
        assert await scalar(forgetful, "SELECT count(*) FROM users") == 0

    async def test_json_is_compared_by_value(self, full: Database, forgetful: Database) -> None:
        respell = "UPDATE branches SET config = ' ' || config WHERE id = new.id"
        await execute(forgetful, f"CREATE TRIGGER t AFTER INSERT ON branches BEGIN {respell}; END")
        await restored(await backed_up(full), forgetful)


class TestHistories:
    async def test_each_gets_a_new_name_that_documents_and_snapshots_share(
        self, full: Database, other: Database
    ) -> None:
        epoch = "019ac5e8-7b1c-7abc-8def-0123456789ab"
        for table in ("documents", "room_snapshots", "versions"):
            await execute(full, f"UPDATE {table} SET epoch = '{epoch}'")
        await restored(await backed_up(full), other, keep_histories=False)
        renamed = await scalar(other, "SELECT DISTINCT epoch FROM documents")
        assert isinstance(renamed, str)
        assert renamed != epoch
        assert len(renamed) == 36
        assert renamed[13:] == epoch[13:]  # what made it unlike all others
        assert renamed > epoch
        for table in ("room_snapshots", "versions"):
            assert await scalar(other, f"SELECT DISTINCT epoch FROM {table}") == renamed


async def test_progress_is_told(full: Database, other: Database) -> None:
    told: list[tuple[str, int]] = []
    incoming = Incoming(io.BytesIO(await backed_up(full)))
    async with other.engine.connect() as connection:
        await connection.run_sync(
            restore, incoming, lambda *step: told.append(step), keep_histories=True
        )
    assert ("users", 24) in told
    assert ("comparing users", 24) in told
    assert silent("users", 1) is None
