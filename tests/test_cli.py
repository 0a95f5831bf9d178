"""The command line: help for everything, one clear line for every failure, and the work done."""

from __future__ import annotations

import asyncio
import io
import os
import random
import signal
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from app import cli
from app.db import migrate
from app.db.backup import manifest
from app.db.backup.container import ArchiveWriter
from app.db.backup.shape import shapes_at
from app.db.engine import Database
from app.domain.accounts.service import People
from app.domain.exchange import detecting
from app.domain.keys import service as keys
from app.server.first_start import apply
from app.settings import Settings, from_environment
from tests.support.builders import a_prompt, a_workspace
from tests.support.server import until

ROOT = Path(__file__).resolve().parents[1]
PASSWORD = "a long pass phrase"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    for name in [name for name in os.environ if name.startswith("PROMPTROOM_")]:
        monkeypatch.delenv(name)
    return {"PROMPTROOM_DATA_DIR": str(tmp_path), "PROMPTROOM_SECRET_KEY": "k" * 40}


def run(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments, env=environment)


def failure(result: Result) -> str:
    """The one line of a command that could not do its work."""
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("promptroom: ")
    return line.removeprefix("promptroom: ")


@pytest.fixture
def migrated(environment: dict[str, str]) -> dict[str, str]:
    assert run(environment, "db", "upgrade").exit_code == 0
    return environment


def in_database(environment: dict[str, str], work: Any) -> Any:
    async def inside() -> Any:
        settings: Settings = from_environment(environment)
        database = Database(settings.database)
        try:
            return await work(settings, database)
        finally:
            await database.close()

    return asyncio.run(inside())


@pytest.fixture
def installed(migrated: dict[str, str]) -> dict[str, str]:
    """With an owner and the workspace `acme`."""
    init = {
        "PROMPTROOM_INIT_EMAIL": "owner@example.com",
        "PROMPTROOM_INIT_PASSWORD": PASSWORD,
        "PROMPTROOM_INIT_WORKSPACE": "Acme",
    }
    in_database(migrated | init, apply)
    return migrated


def every_command(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    for name, command in group.commands.items():
        here = (*path, name)
        found += every_command(command, here) if isinstance(command, click.Group) else [here]
    return found


@pytest.mark.parametrize("path", every_command(cli.main), ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli.main, [*path, "--help"])
    assert result.exit_code == 0
    assert result.output.startswith("Usage: ")
    assert len(result.output.splitlines()) > 4


def test_help_comes_at_once_and_loads_no_framework() -> None:
    code = "import sys, app.cli; sys.exit('litestar' in sys.modules or 'sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("promptroom, version ")


class TestServe:
    """Refusals; what serving does is in tests/server/processes/test_supervisor.py."""

    def test_an_unusable_setting(self, environment: dict[str, str]) -> None:
        said = failure(run(environment | {"PROMPTROOM_PORT": "http"}, "serve"))
        assert said.startswith("PROMPTROOM_PORT is 'http'")

    def test_more_workers_than_sqlite_can_have(self, environment: dict[str, str]) -> None:
        said = failure(run(environment, "serve", "--workers", "2"))
        assert said.startswith("With SQLite one worker serves everybody")
        assert "Set PROMPTROOM_DATABASE_URL to PostgreSQL and PROMPTROOM_REDIS_URL" in said

    def test_more_workers_than_can_hear_each_other(self, environment: dict[str, str]) -> None:
        url = {"PROMPTROOM_DATABASE_URL": "postgresql://db/x", "PROMPTROOM_WORKERS": "3"}
        said = failure(run(environment | url, "serve"))
        assert said.startswith("3 workers need Redis to tell each other what happens.")
        assert "Set PROMPTROOM_REDIS_URL" in said

    def test_a_data_folder_that_cannot_be_used(
        self, environment: dict[str, str], tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("in the way")
        said = failure(run(environment | {"PROMPTROOM_DATA_DIR": f"{tmp_path}/file/x"}, "serve"))
        assert "cannot be used" in said

    @pytest.mark.parametrize(
        ("settings", "url"),
        [
            (Settings(host="127.0.0.1"), "http://127.0.0.1:80"),
            (Settings(host="0.0.0.0"), "http://localhost:80"),
            (Settings(host="::1"), "http://[::1]:80"),
            (Settings(host="::"), "http://localhost:80"),
            (Settings(public_url="https://p.example.com"), "https://p.example.com"),
        ],
    )
    def test_the_address_it_prints_can_be_opened(self, settings: Settings, url: str) -> None:
        assert cli._url(settings, 80) == url

    def test_the_first_visit_is_announced(self, capsys: pytest.CaptureFixture[str]) -> None:
        cli._greet("http://x", True)
        cli._greet("http://x", False)
        first, second = capsys.readouterr().out.splitlines()
        assert first == "Promptroom is at http://x (first visit: create your workspace)"
        assert second == "Promptroom is at http://x (press Ctrl+C to stop)"


class TestTheDatabase:
    def test_upgrade_makes_it_and_check_agrees(self, environment: dict[str, str]) -> None:
        assert "is at revision" in run(environment, "db", "upgrade").output
        assert "as they should be" in run(environment, "db", "check").output
        assert run(environment, "db", "upgrade").exit_code == 0

    def test_check_of_nothing_says_what_to_do(self, environment: dict[str, str]) -> None:
        said = failure(run(environment, "db", "check"))
        assert "at revision (none)" in said
        assert said.endswith("Run: promptroom db upgrade.")

    def test_check_sees_a_missing_column(self, migrated: dict[str, str]) -> None:
        async def damage(_settings: Settings, database: Database) -> None:
            async with database.engine.begin() as connection:
                await connection.exec_driver_sql("ALTER TABLE users DROP COLUMN hue")

        in_database(migrated, damage)
        assert "differences" in failure(run(migrated, "db", "check"))


class TestInAProcessOfItsOwn:
    """Where nothing is imported but what the command itself imports."""

    def test_every_command_that_writes(self, environment: dict[str, str], tmp_path: Path) -> None:
        environment |= {"PROMPTROOM_PASSWORD": PASSWORD}
        archive = str(tmp_path / "prompts.zip")
        demo = ["--workspace", "larkspur-demo"]
        for arguments in (
            ["db", "upgrade"],
            ["seed", "demo", "--prompts", "3"],
            ["user", "create", "--email", "a@example.com", *demo],
            ["key", "create", *demo],
            ["export", archive, *demo],
            ["import", archive, *demo],
            ["backup", str(tmp_path / "all.tar.gz"), "--verify"],
            ["db", "check"],
        ):
            done = promptroom(environment, *arguments)
            assert (done.returncode, done.stderr.count(b"Traceback")) == (0, 0), done.stderr


NOWHERE = {
    "sqlite": "sqlite:////nowhere/at/all.db",
    "postgresql": "postgresql://u:s3cret@127.0.0.1:1/x",  # nobody listens there
}


class TestADatabaseThatCannotBeReached:
    @pytest.mark.parametrize("which", NOWHERE)
    @pytest.mark.parametrize(
        "command",
        [
            "db upgrade",
            "db check",
            "user create --email a@example.com",
            "key create --workspace acme",
            "seed demo",
            "export prompts.zip --workspace acme",
        ],
    )
    def test_every_command_says_so_in_one_line(
        self, environment: dict[str, str], which: str, command: str
    ) -> None:
        environment |= {"PROMPTROOM_PASSWORD": PASSWORD, "PROMPTROOM_DATABASE_URL": NOWHERE[which]}
        said = failure(run(environment, *command.split()))
        assert said.startswith("The database cannot be used: ")
        assert "s3cret" not in said

    def test_so_does_the_server(self, environment: dict[str, str]) -> None:
        environment |= {"PROMPTROOM_DATABASE_URL": NOWHERE["sqlite"], "PROMPTROOM_PORT": "0"}
        done = promptroom(environment, "serve")
        (line,) = [line for line in done.stderr.splitlines() if line.startswith(b"promptroom: ")]
        assert line.startswith(b"promptroom: The database cannot be used: unable to open database")
        assert b"Traceback" not in done.stderr
        assert done.returncode == 1

    @pytest.mark.parametrize("command", ["db upgrade", "db check", "key create --workspace acme"])
    def test_a_data_folder_that_cannot_be_made(
        self, environment: dict[str, str], tmp_path: Path, command: str
    ) -> None:
        (tmp_path / "file").write_text("in the way")
        folder = {"PROMPTROOM_DATA_DIR": f"{tmp_path}/file/x"}
        assert "cannot be used" in failure(run(environment | folder, *command.split()))

    def test_a_bug_is_no_such_line(
        self, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(_database: object) -> None:
            raise RuntimeError

        monkeypatch.setattr(migrate, "upgrade", broken)
        assert isinstance(run(environment, "db", "upgrade").exception, RuntimeError)


class TestPeople:
    def test_one_is_made_as_a_member(self, installed: dict[str, str]) -> None:
        arguments = ["--email", "Ada@Example.com", "--workspace", "acme", "--role", "viewer"]
        environment = installed | {"PROMPTROOM_PASSWORD": PASSWORD}
        result = run(environment, "user", "create", *arguments)
        assert result.output == "ada@example.com can sign in as viewer of acme.\n"
        assert PASSWORD not in result.output

    def test_one_is_made_without_a_workspace(self, migrated: dict[str, str]) -> None:
        environment = migrated | {"PROMPTROOM_PASSWORD": PASSWORD}
        assert run(environment, "user", "create", "--email", "a@example.com").exit_code == 0

        async def anybody(_settings: Settings, database: Database) -> bool:
            async with database.transaction(write=False) as tx:
                return await People(tx).are_there()

        assert in_database(migrated, anybody)

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--email", "owner@example.com"], "use another email"),
            (["--email", "nonsense"], ""),
            (["--email", "a@example.com", "--workspace", "nowhere"], "no workspace 'nowhere'"),
            (["--email", "a@example.com", "--role", "king"], "no role 'king'; roles are owner,"),
        ],
    )
    def test_what_cannot_be_is_said(
        self, installed: dict[str, str], arguments: list[str], said: str
    ) -> None:
        environment = installed | {"PROMPTROOM_PASSWORD": PASSWORD}
        assert said in failure(run(environment, "user", "create", *arguments))

    def test_a_weak_password_is_refused(self, installed: dict[str, str]) -> None:
        environment = installed | {"PROMPTROOM_PASSWORD": "x"}
        failure(run(environment, "user", "create", "--email", "a@example.com"))

    def test_an_unprepared_database_says_what_to_do(self, environment: dict[str, str]) -> None:
        environment |= {"PROMPTROOM_PASSWORD": PASSWORD}
        said = failure(run(environment, "user", "create", "--email", "a@example.com"))
        assert said.endswith("Run: promptroom db upgrade.")


class TestKeys:
    def test_one_is_made_and_works(self, installed: dict[str, str]) -> None:
        arguments = ["--workspace", "acme", "--scope", "read", "--scope", "write"]
        key = run(installed, "key", "create", *arguments).output.strip()

        async def owner_of(_settings: Settings, database: Database) -> Any:
            async with database.transaction(write=False) as tx:
                return (await keys.recognise(tx, key))[0]

        assert in_database(installed, owner_of).name == "Made by an operator"

    def test_an_unknown_workspace(self, installed: dict[str, str]) -> None:
        said = failure(run(installed, "key", "create", "--workspace", "nowhere"))
        assert "no workspace 'nowhere'" in said


class TestBackups:
    """Only what the commands add; the work is in tests/server/commands/test_backups.py."""

    def test_there_and_back(self, installed: dict[str, str], tmp_path: Path) -> None:
        file = str(tmp_path / "backup.tar.gz")
        made = run(installed, "backup", file, "--verify")
        assert made.exit_code == 0, made.output
        assert made.stdout.startswith("Backed up ")
        assert made.stdout.endswith("compared: equal.\n")
        rehearsed = run(installed, "restore", "--dry-run", file)
        assert rehearsed.stdout.startswith("Restored ")
        elsewhere = installed | {"PROMPTROOM_DATA_DIR": str(tmp_path / "elsewhere")}
        restored = run(elsewhere, "restore", file)
        assert restored.stdout.startswith("Restored ")
        assert restored.stderr == ""
        assert "as they should be" in run(elsewhere, "db", "check").output
        email = {"PROMPTROOM_PASSWORD": PASSWORD}
        taken = run(elsewhere | email, "user", "create", "--email", "owner@example.com")
        assert "use another email" in failure(taken)

    def test_through_a_pipe(self, installed: dict[str, str], tmp_path: Path) -> None:
        made = promptroom(installed, "backup", "-")
        assert made.returncode == 0
        assert made.stderr.startswith(b"Backed up ")
        assert b" to standard output: " in made.stderr
        elsewhere = installed | {"PROMPTROOM_DATA_DIR": str(tmp_path / "elsewhere")}
        restored = promptroom(elsewhere, "restore", "-", given=made.stdout)
        assert restored.stdout.startswith(b"Restored ")
        cut_short = promptroom(elsewhere, "restore", "--dry-run", "-", given=made.stdout[:-1])
        assert cut_short.returncode == 1
        assert cut_short.stderr.startswith(b"promptroom: what was piped is no whole backup: ")

    def test_a_refusal_is_one_line(self, installed: dict[str, str], tmp_path: Path) -> None:
        file = str(tmp_path / "backup.tar.gz")
        run(installed, "backup", file)
        assert "it holds data already" in failure(run(installed, "restore", file))

    def test_nothing_is_read_back_from_standard_output(self, installed: dict[str, str]) -> None:
        result = run(installed, "backup", "-", "--verify")
        assert result.exit_code == 2
        assert "leave out --verify" in result.stderr

    def test_nobody_wants_it_on_a_terminal(self, installed: dict[str, str]) -> None:
        ours, theirs = os.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "backup", "-"],
            cwd=ROOT,
            env=os.environ | installed,
            stdout=theirs,
            stderr=subprocess.PIPE,
        )
        _, said = process.communicate(timeout=30)
        os.close(ours)
        os.close(theirs)
        assert process.returncode == 2
        assert b"Standard output is a terminal." in said

    def test_a_reader_that_leaves_is_one_line(self, installed: dict[str, str]) -> None:
        read, write = os.pipe()
        os.close(read)
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "backup", "-"],
            cwd=ROOT,
            env=os.environ | installed,
            stdout=write,
            stderr=subprocess.PIPE,
        )
        os.close(write)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 1
        assert said == b"promptroom: what was piped cannot be read or written: broken pipe.\n"

    def test_damage_is_told_and_fails_what_was_to_verify(
        self, installed: dict[str, str], tmp_path: Path
    ) -> None:
        async def lose_a_snapshot(_settings: Settings, database: Database) -> None:
            place = await a_workspace(database)
            await a_prompt(database, place)
            async with database.engine.begin() as connection:
                await connection.exec_driver_sql("DELETE FROM room_snapshots")

        in_database(installed, lose_a_snapshot)
        file = str(tmp_path / "backup.tar.gz")
        elsewhere = installed | {"PROMPTROOM_DATA_DIR": str(tmp_path / "elsewhere")}
        results = [
            run(installed, "backup", file),
            run(installed, "backup", file, "--verify"),
            run(installed, "restore", file, "--dry-run"),
            run(elsewhere, "restore", file),
        ]
        assert [result.exit_code for result in results] == [0, 1, 1, 0]
        for result in results[1:]:
            (line,) = result.stderr.splitlines()
            assert line.startswith("promptroom: damaged already when it was backed up: document ")

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_stopped_in_the_middle_it_leaves_nothing(
        self, environment: dict[str, str], tmp_path: Path, number: int
    ) -> None:
        data = {"PROMPTROOM_DATA_DIR": str(tmp_path / "data")}
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "restore", "-"],
            cwd=ROOT,
            env=os.environ | environment | data,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdin is not None
        process.stdin.write(half_a_backup())
        process.stdin.flush()
        until(lambda: list(tmp_path.glob("data/.promptroom.db.*.partial")), 20, "its start")
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 128 + number
        assert said == b"promptroom: stopped before the end; nothing was kept.\n"
        assert [path.name for path in (tmp_path / "data").iterdir()] == ["serve.lock"]


def promptroom(
    environment: dict[str, str], *arguments: str, given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """A process of its own, with real pipes."""
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        input=given,
        capture_output=True,
        check=False,
        timeout=60,
    )


def half_a_backup() -> bytes:
    """The head, and then whoever sent it paused."""
    head = manifest.head_of(migrate.newest(), "sqlite", shapes_at(migrate.newest()))
    sink = io.BytesIO()
    archive = ArchiveWriter(sink)
    archive.add(manifest.HEAD, manifest.encode(head))
    archive.add(manifest.chunk_name("users", 1), random.Random(1).randbytes(1 << 20))
    return sink.getvalue()


def test_routes_are_printed(environment: dict[str, str]) -> None:
    lines = run(environment, "routes").output.splitlines()
    assert any(line.startswith("GET ") and " /health/ready " in line for line in lines)
    assert any(line.startswith("WS ") and " /rooms/{room_id} " in line for line in lines)
    assert any("/static/b/" in line for line in lines)


class TestImportAndExport:
    @pytest.fixture
    def seeded(self, environment: dict[str, str]) -> dict[str, str]:
        assert run(environment, "seed", "demo", "--prompts", "3").exit_code == 0
        return environment

    def test_what_came_and_what_did_not(self, seeded: dict[str, str], tmp_path: Path) -> None:
        to = ("--workspace", "larkspur-demo")
        file, other = tmp_path / "a.prompt", tmp_path / "shop.zip"
        file.write_text("Hello")
        with zipfile.ZipFile(other, "w") as whole:
            whole.writestr("shop/README.md", "# Shop")
            whole.writestr("shop/a.prompt", "Another text")
            whole.writestr("shop/support/b.prompt", "Hello")

        first = run(seeded, "import", str(file), *to)
        again = run(seeded, "import", str(file), str(other), *to)

        assert first.output == "1 created, 0 updated, 0 skipped, 0 there already.\n"
        said = again.output.splitlines()
        assert said[0] == "1 created, 0 updated, 1 skipped, 1 there already."
        assert said[1].startswith("Skipped, as other texts have these names: a. --conflict rename")
        assert said[2] == f"Without a prompt in {other}: README.md."
        piped = promptroom(
            seeded, "export", "-", *to, "--prompt", "support/b", "--format", "dotprompt"
        )
        assert (piped.returncode, piped.stderr) == (
            0,
            b"Standard output has support/b as Dotprompt.\n",
        )
        assert piped.stdout.endswith(b"Hello\n")

    def test_each_file_that_is_broken_is_named_and_nothing_comes(
        self, seeded: dict[str, str], tmp_path: Path
    ) -> None:
        good, bad, empty = (tmp_path / name for name in ("a.prompt", "b.json", "c.prompt"))
        good.write_text("Hello")
        bad.write_text('{"a": }')
        empty.write_text("")
        no_zip = tmp_path / "d.zip"
        no_zip.write_bytes(b"PK\x03\x04junk")
        to = ("--workspace", "larkspur-demo")

        two = run(seeded, "import", *map(str, (good, bad, empty)), *to)
        zipped = run(seeded, "import", str(good), str(no_zip), *to)

        assert two.exit_code == zipped.exit_code == 1
        assert two.stderr.splitlines() == [
            "promptroom: 2 files cannot be read; nothing was imported.",
            "  b.json, line 1, column 7: This is not JSON: Expecting value.",
            "  c.prompt, line 1: The file is empty.",
        ]
        assert "no whole ZIP" in zipped.stderr
        tried = run(seeded, "import", str(good), *to, "--dry-run")
        assert "it would be: 1 created" in tried.output, "nothing came before"

    def test_the_formats_that_help_names_are_all(self, environment: dict[str, str]) -> None:
        said = " ".join(run(environment, "export", "--help").output.split())
        assert all(name in said for name in detecting.FORMATS)


class TestSeedDemo:
    def test_on_an_empty_folder_with_what_to_do_next(self, environment: dict[str, str]) -> None:
        result = run(environment, "seed", "demo", "--prompts", "12")
        assert result.exit_code == 0, result.output
        assert "12 of 12 prompts" in result.stderr
        assert "Larkspur Demo has 12 prompts by 12 people" in result.stdout
        assert "Sign in as maya.lindqvist@larkspur.example with the password " in result.stdout

    def test_in_a_process_that_migrated_nothing(self, migrated: dict[str, str]) -> None:
        """Nothing but the command itself has loaded the tables that others refer to."""
        done = promptroom(migrated, "seed", "demo", "--prompts", "12")
        assert done.returncode == 0, done.stderr

    def test_a_second_time_is_refused(self, environment: dict[str, str]) -> None:
        assert run(environment, "seed", "demo", "--prompts", "3").exit_code == 0
        again = failure(run(environment, "seed", "demo"))
        assert again.startswith("The workspace larkspur-demo is there already, with 3 prompts;")

    def test_a_password_that_was_given_is_not_printed(self, environment: dict[str, str]) -> None:
        given = {**environment, "PROMPTROOM_PASSWORD": PASSWORD}
        result = run(given, "seed", "demo", "--prompts", "1")
        assert result.exit_code == 0, result.output
        assert PASSWORD not in result.output
        assert "password" not in result.stdout

    def test_beside_a_workspace_that_is_there(self, migrated: dict[str, str]) -> None:
        """In a process of its own: nothing but the command has loaded the tables."""
        done = subprocess.run(
            [sys.executable, "-m", "app", "seed", "demo", "--prompts", "48"],
            cwd=ROOT,
            env={**os.environ, **migrated},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "Larkspur Demo has 48 prompts" in done.stdout

    def test_a_schema_of_an_older_release_is_refused(self, migrated: dict[str, str]) -> None:
        database = Path(migrated["PROMPTROOM_DATA_DIR"]) / "promptroom.db"
        with sqlite3.connect(database) as connection:
            connection.execute("UPDATE alembic_version SET version_num = 'c41d7e0b93a5'")
        assert "promptroom db upgrade" in failure(run(migrated, "seed", "demo"))

    def test_zero_prompts_make_no_sense(self, environment: dict[str, str]) -> None:
        assert run(environment, "seed", "demo", "--prompts", "0").exit_code == 2
