"""Backups as operators make and restore them, with whole documents and honest sentences."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import re
import shutil
import stat
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from app.db.backup.errors import (
    BackupFailed,
    BackupUnreadable,
    RestoreFailed,
    RestoreRefused,
)
from app.db.backup.progress import silent
from app.db.engine import Database
from app.kit.helper import HelperFailed
from app.server.commands import backups, damaged_documents
from app.server.processes import claims
from app.settings import Settings
from tests.support.any_rows import Rows, everything
from tests.support.backups import members_of, packed
from tests.support.furnished import Furnished, furnish

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def furnished_once(
    tmp_path_factory: pytest.TempPathFactory, migrated: Path
) -> tuple[Path, Furnished]:
    """A database with something in every table: filled once, copied for each test."""
    path = tmp_path_factory.mktemp("furnished") / "promptroom.db"
    shutil.copy(migrated, path)

    async def fill() -> Furnished:
        database = Database(f"sqlite:///{path}")
        try:
            return await furnish(database)
        finally:
            await database.close()

    return path, asyncio.run(fill())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """SQLite, whatever the other tests run on."""
    return Settings(data_dir=tmp_path, secret_key="k" * 48)


@pytest.fixture
def furnished(settings: Settings, furnished_once: tuple[Path, Furnished]) -> Furnished:
    path, furnished = furnished_once
    shutil.copy(path, settings.data_dir / "promptroom.db")
    return furnished


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    """Where to restore to: a data folder with nothing in it."""
    return Settings(data_dir=tmp_path / "elsewhere", secret_key="k" * 48)


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "backups").mkdir()
    return str(tmp_path / "backups" / "promptroom.tar.gz")


async def rows_of(settings: Settings) -> Rows:
    database = Database(settings.database)
    try:
        async with database.everywhere().transaction(write=False) as tx:
            return await everything(await tx.connection())
    finally:
        await database.close()


async def execute(settings: Settings, statement: str, **values: Any) -> Any:
    database = Database(settings.database)
    try:
        async with database.everywhere().transaction() as tx:
            result = await tx.execute(text(statement), values)
            return result.all() if result.returns_rows else None
    finally:
        await database.close()


def without_epochs(rows: Rows) -> Rows:
    return {
        table: [{k: v for k, v in row.items() if k != "epoch"} for row in found]
        for table, found in rows.items()
    }


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def left_beside(file: str) -> list[str]:
    return names_in(Path(file).parent)


def content(file: str) -> bytes:
    return Path(file).read_bytes()


def start_empty(place: Settings, migrated: Path) -> Path:
    """The database of a server that was started and never visited."""
    place.data_dir.mkdir()
    shutil.copy(migrated, place.data_dir / "promptroom.db")
    return place.data_dir / "promptroom.db"


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-7] ^= 1  # in the checksum at its end: all of it has been taken in by then
    path.write_bytes(data)


def log_size(database: Path) -> int:
    log = Path(f"{database}-wal")
    return log.stat().st_size if log.exists() else 0


async def make(settings: Settings, file: str, *, verify: bool = False) -> backups.Report:
    return await backups.make(settings, file, silent, verify=verify)


async def bring_back(
    settings: Settings, file: str, *, keep_histories: bool = True
) -> backups.Report:
    return await backups.bring_back(settings, file, silent, keep_histories=keep_histories)


class TestThereAndBack:
    async def test_everything_is_as_it_was(
        self, settings: Settings, furnished: Furnished, place: Settings, file: str
    ) -> None:
        before = await rows_of(settings)
        assert [name for name, rows in before.items() if not rows] == []
        made = await make(settings, file, verify=True)
        count = sum(map(len, before.values()))
        size = len(content(file))
        assert made.sentence.startswith(
            f"Backed up {count} rows of {len(before)} tables to {file}: {size:,} bytes, "
        )
        assert made.sentence.endswith("Restored into a fresh database and compared: equal.")
        restored = await bring_back(place, file)
        assert restored.sentence.startswith(f"Restored {count} rows of ")
        assert re.search(r" as of 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC into ", restored.sentence)
        assert (made.damages, restored.damages) == ([], [])
        assert await rows_of(place) == before

    async def test_histories_go_on_under_new_names(
        self, settings: Settings, furnished: Furnished, place: Settings, file: str
    ) -> None:
        before = await rows_of(settings)
        await make(settings, file)
        await bring_back(place, file, keep_histories=False)
        after = await rows_of(place)
        assert without_epochs(after) == without_epochs(before)
        old = {row["id"]: row["epoch"] for row in before["documents"]}
        new = {row["id"]: row["epoch"] for row in after["documents"]}
        assert not set(old.values()) & set(new.values())
        assert len(set(new.values())) == len(new)
        for table, key in (("room_snapshots", "document_id"), ("versions", "room_id")):
            assert {row[key]: row["epoch"] for row in after[table]} == new

    async def test_the_empty_database_of_a_server_that_was_started_is_replaced(
        self, settings: Settings, furnished: Furnished, place: Settings, file: str, migrated: Path
    ) -> None:
        start_empty(place, migrated)
        await execute(place, "SELECT count(*) FROM users")
        await make(settings, file)
        await bring_back(place, file)
        assert await rows_of(place) == await rows_of(settings)

    async def test_what_an_empty_database_left_in_its_log_is_not_mixed_in(
        self, settings: Settings, furnished: Furnished, place: Settings, file: str, migrated: Path
    ) -> None:
        """As when its server was killed: the file is replaced, so its log has to go as well."""
        path = start_empty(place, migrated)
        left = Database(place.database)
        async with left.engine.connect() as connection:
            await connection.execute(text("CREATE TABLE stale (x)"))
            await connection.execute(text("DROP TABLE stale"))
            await connection.commit()
            assert log_size(path) > 0
            await make(settings, file)
            await bring_back(place, file)
            assert log_size(path) == 0
        await left.close()
        assert await rows_of(place) == await rows_of(settings)
        assert await execute(place, "PRAGMA integrity_check") == [("ok",)]

    async def test_a_rehearsal_leaves_nothing(
        self,
        settings: Settings,
        furnished: Furnished,
        file: str,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        (tmp_path / "tmp").mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
        await make(settings, file)
        report = await backups.rehearse(file, silent)
        assert "which is gone again: equal to the backup" in report.sentence
        assert names_in(tmp_path / "tmp") == []

    async def test_another_moment_replaces_the_backup_of_before(
        self, settings: Settings, furnished: Furnished, file: str
    ) -> None:
        await make(settings, file)
        await execute(settings, "DELETE FROM room_quarantine")
        await make(settings, file)
        assert "room_quarantine/000001.jsonl" not in members_of(content(file))
        assert left_beside(file) == ["promptroom.tar.gz"]

    async def test_a_link_leads_to_the_new_one(
        self, settings: Settings, furnished: Furnished, file: str
    ) -> None:
        link = Path(file).with_name("latest")
        await make(settings, file)
        link.symlink_to(file)
        await execute(settings, "DELETE FROM room_quarantine")
        await make(settings, str(link))
        assert "room_quarantine/000001.jsonl" not in members_of(content(file))
        assert link.is_symlink()

    async def test_nobody_else_may_read_it(
        self, settings: Settings, furnished: Furnished, place: Settings, file: str
    ) -> None:
        await make(settings, file)
        await bring_back(place, file)
        for path in (Path(file), place.data_dir / "promptroom.db"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600

    async def test_the_key_that_signs_tickets_is_not_in_it(
        self, settings: Settings, furnished: Furnished, file: str
    ) -> None:
        made = msgspec.structs.replace(settings, secret_key="").with_secret_key()
        await make(settings, file)
        everything = b"".join(members_of(content(file)).values())
        assert made.secret_key.encode() not in everything
        assert furnished.key.encode() not in everything


class TestGrowing:
    """From the file of the first day to PostgreSQL, and back for a look at home."""

    @pytest.fixture
    def grown(self, tmp_path: Path, postgres_url: str) -> Settings:
        return Settings(data_dir=tmp_path / "grown", database_url=postgres_url)

    async def test_into_postgresql_and_back(
        self,
        settings: Settings,
        furnished: Furnished,
        grown: Settings,
        place: Settings,
        file: str,
    ) -> None:
        before = await rows_of(settings)
        await make(settings, file)
        restored = await bring_back(grown, file)
        assert restored.damages == []
        assert f"into 127.0.0.1:{grown.database_url.rpartition(':')[2]}: " in restored.sentence
        after = await rows_of(grown)
        assert {row.pop("seq") for row in before["documents"]} == {0}  # nobody needs it there
        assert {row.pop("seq") for row in after["documents"]} == {4}  # a row for each edit
        assert after == before
        made = await make(grown, file, verify=True)
        assert made.damages == []
        await bring_back(place, file)
        back = await rows_of(place)
        assert {row.pop("seq") for row in back["documents"]} == {4}
        assert back == before

    async def test_data_that_is_there_stays(
        self, settings: Settings, furnished: Furnished, grown: Settings, file: str
    ) -> None:
        await make(settings, file)
        await bring_back(grown, file)
        before = await rows_of(grown)
        with pytest.raises(RestoreRefused, match="it holds data already, for instance in users"):
            await bring_back(grown, file)
        assert await rows_of(grown) == before

    async def test_a_damaged_file_leaves_nothing(
        self, settings: Settings, furnished: Furnished, grown: Settings, file: str
    ) -> None:
        await make(settings, file)
        flip_a_byte(Path(file))
        with pytest.raises(BackupUnreadable):
            await bring_back(grown, file)
        assert not any((await rows_of(grown)).values())

    async def test_somebody_who_works_on_the_empty_database_is_not_run_over(
        self, settings: Settings, furnished: Furnished, grown: Settings, file: str
    ) -> None:
        await make(settings, file)
        other = Database(grown.database)
        async with other.everywhere().transaction() as tx:
            await tx.execute(text("LOCK TABLE users IN ROW EXCLUSIVE MODE"))
            with pytest.raises(BackupFailed, match="lock timeout"):
                await bring_back(grown, file)
        await other.close()
        assert not any((await rows_of(grown)).values())


class TestDamagedDocuments:
    """Damage of long ago: it is said, and does not keep the other documents from coming back."""

    @pytest.mark.parametrize(
        ("statement", "said"),
        [
            ("UPDATE room_snapshots SET state = x'0000'", "snapshot does not fit its checksum"),
            ("UPDATE room_snapshots SET text = 'x'", "text does not fit its checksum"),
            ("DELETE FROM room_snapshots", "its snapshot is missing"),
            ("UPDATE room_journal SET checksum = 1 WHERE seq = 2", "row 2 of its journal does not"),
            ("DELETE FROM room_journal WHERE seq = 2", "row 2 of its journal is missing"),
            (
                "UPDATE room_journal SET \"update\" = x'01', checksum = :crc WHERE seq = 3",
                "it cannot be loaded",
            ),
            (
                "UPDATE room_snapshots SET state = x'0000', state_sha256 = :empty",
                "its snapshot gives another text",
            ),
        ],
    )
    async def test_it_is_named(
        self,
        settings: Settings,
        furnished: Furnished,
        place: Settings,
        file: str,
        statement: str,
        said: str,
    ) -> None:
        victim = furnished.prompts[1].room_id
        where = " AND " if "WHERE" in statement else " WHERE "
        values = {"crc": zlib.crc32(b"\x01"), "empty": hashlib.sha256(b"\0\0").hexdigest()}
        used = {name: value for name, value in values.items() if f":{name}" in statement}
        await execute(
            settings, f"{statement}{where}document_id = :victim", victim=victim.hex, **used
        )
        await make(settings, file)
        (damage,) = (await bring_back(place, file)).damages
        assert damage.startswith(f"document {victim}: ")
        assert said in damage
        assert await rows_of(place) == await rows_of(settings)

    async def test_one_that_kills_the_process_is_found_among_the_others(
        self, settings: Settings, furnished: Furnished, file: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        victim = furnished.prompts[1].room_id
        monkeypatch.setattr(damaged_documents, "damages", DyingOf(str(victim)))
        made = await make(settings, file, verify=True)
        assert made.damages == [f"document {victim}: loading it kills the process"]

    async def test_a_helper_that_never_starts_is_no_documents_fault(
        self, settings: Settings, furnished: Furnished, file: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: object) -> None:
            raise HelperFailed("planted")

        monkeypatch.setattr(damaged_documents.Helper, "run", fail)
        with pytest.raises(RestoreFailed, match="their helper process dies: planted"):
            await make(settings, file, verify=True)
        assert left_beside(file) == []


class DyingOf:
    """Examines like the real one, but is killed by one document; runs in the helper process."""

    def __init__(self, victim: str) -> None:
        self.victim = victim

    def __call__(self, documents: list[Any]) -> list[str]:
        if any(one.id == self.victim for one in documents):
            os.abort()
        return []


class TestRefusals:
    async def test_data_that_is_there_stays(
        self, settings: Settings, furnished: Furnished, file: str
    ) -> None:
        before = await rows_of(settings)
        await make(settings, file)
        with pytest.raises(RestoreRefused) as refused:
            await bring_back(settings, file)
        assert refused.value.detail == (
            f"Nothing was restored into {settings.data_dir}/promptroom.db: it holds data already, "
            "for instance in users. Name an empty database."
        )
        assert await rows_of(settings) == before
        assert not list(settings.data_dir.glob("*.partial"))

    async def test_a_server_that_is_running(
        self,
        settings: Settings,
        furnished: Furnished,
        place: Settings,
        file: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(claims, "_LOCK_WAIT_SECONDS", 0.0)
        await make(settings, file)
        place.data_dir.mkdir()
        with (place.data_dir / "serve.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with pytest.raises(claims.DataInUse, match="Another Promptroom is serving"):
                await bring_back(place, file)
        await bring_back(place, file)  # the lock was let go

    async def test_a_damaged_file(
        self, settings: Settings, furnished: Furnished, place: Settings, file: str
    ) -> None:
        await make(settings, file)
        flip_a_byte(Path(file))
        for work in (bring_back(place, file), backups.rehearse(file, silent)):
            with pytest.raises(BackupUnreadable, match=r"is no whole backup: .* Nothing was kept"):
                await work
        assert not list(place.data_dir.glob("*.db*"))

    async def test_a_file_that_is_not_there(self, place: Settings, file: str) -> None:
        with pytest.raises(BackupFailed, match="cannot be read or written: no such file"):
            await bring_back(place, file)

    async def test_a_database_that_is_not_there(self, place: Settings, file: str) -> None:
        with pytest.raises(BackupFailed, match=r"elsewhere/promptroom\.db: it is not there"):
            await make(place, file)
        assert not place.data_dir.exists()
        assert left_beside(file) == []

    async def test_a_file_that_is_no_database(self, place: Settings, file: str) -> None:
        place.data_dir.mkdir()
        (place.data_dir / "promptroom.db").write_bytes(b"x" * 10_000)
        with pytest.raises(BackupFailed, match="file is not a database"):
            await make(place, file)
        assert left_beside(file) == []

    async def test_no_database_that_listens(self, file: str) -> None:
        url = "postgresql://me:secret@127.0.0.1:1/promptroom?password=secret"
        with pytest.raises(BackupFailed) as refused:
            await make(Settings(database_url=url), file)
        assert "The database 127.0.0.1:1/promptroom does not do its part" in refused.value.detail
        assert "secret" not in refused.value.detail

    @pytest.mark.parametrize("name", ["promptroom.db", "notes.txt", "empty", "a.tar.gz"])
    async def test_a_place_that_holds_something_else(
        self, settings: Settings, furnished: Furnished, name: str
    ) -> None:
        path = settings.data_dir / name
        (settings.data_dir / "notes.txt").write_text("mine")
        (settings.data_dir / "empty").write_text("")
        (settings.data_dir / "a.tar.gz").write_bytes(packed({"mine": b"x"}))
        before = path.read_bytes()
        with pytest.raises(BackupFailed, match="is there already and is no backup"):
            await make(settings, str(path))
        assert path.read_bytes()[:100] == before[:100]

    async def test_places_that_are_none(
        self, settings: Settings, furnished: Furnished, tmp_path: Path
    ) -> None:
        for name in (tmp_path, "/dev/null"):
            with pytest.raises(BackupFailed, match=r"is not a file\. Name one, or - for standard"):
                await make(settings, str(name))
        with pytest.raises(BackupFailed, match=r"there is no folder .*/nowhere to write it to"):
            await make(settings, f"{tmp_path}/nowhere/file")
        with pytest.raises(BackupFailed, match="not a directory"):
            await make(settings, f"{settings.data_dir}/promptroom.db/file")

    async def test_a_backup_that_ends_while_it_is_made_leaves_the_one_of_before(
        self, settings: Settings, furnished: Furnished, file: str
    ) -> None:
        await make(settings, file)
        before = content(file)

        def interrupted(what: str, rows: int) -> None:
            if what == "versions":
                raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await backups.make(settings, file, interrupted, verify=False)
        assert content(file) == before
        assert left_beside(file) == ["promptroom.tar.gz"]

    async def test_a_restore_that_ends_while_it_is_made_leaves_nothing(
        self, settings: Settings, furnished: Furnished, place: Settings, file: str
    ) -> None:
        await make(settings, file)

        def interrupted(what: str, rows: int) -> None:
            if what == "comparing versions":
                raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await backups.bring_back(place, file, interrupted, keep_histories=True)
        assert names_in(place.data_dir) == ["serve.lock"]

    async def test_what_was_written_is_read_back(
        self, settings: Settings, furnished: Furnished, file: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A disk that keeps something else than it was given."""
        monkeypatch.setattr(backups, "ArchiveWriter", Forgetting)
        with pytest.raises(BackupUnreadable):
            await make(settings, file)
        assert left_beside(file) == []


class Forgetting(backups.ArchiveWriter):
    """Loses one byte on the way to the disk."""

    def _put(self, packed: bytes) -> None:
        super()._put(packed[:-1] if len(packed) > 100 else packed)
