"""The job process: one of several works, and the next one takes over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.worker import Life
from tests.support.server import ROOT, until


class JobProcess:
    """`promptroom worker` on a database."""

    def __init__(self, folder: Path, url: str) -> None:
        folder.mkdir(parents=True)
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PROMPTROOM_")},
            "PROMPTROOM_DATA_DIR": str(folder),
            "PROMPTROOM_DATABASE_URL": url,
            "PROMPTROOM_LOG_FORMAT": "json",
        }
        self._log = folder / "worker.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app", "worker"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = self._log.read_text().splitlines()
        entries = [json.loads(line) for line in lines if line.startswith("{")]
        return [entry for entry in entries if entry["event"] == name]

    def check(self) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "app", "worker", "--check"],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def leads(self) -> bool:
        return bool(self.events("leader.elected"))


@pytest.fixture
def two(tmp_path: Path, postgres_url: str) -> Iterator[tuple[JobProcess, JobProcess]]:
    first = JobProcess(tmp_path / "first", postgres_url)
    second = None
    try:
        until(first.leads, 30, "the first to lead")
        second = JobProcess(tmp_path / "second", postgres_url)
        until(lambda: second.events("worker.ready"), 30, "the second")
        yield first, second
    finally:
        for one in (first, second):
            if one is not None:
                one.process.kill()
                one.process.wait(10)


@pytest.mark.failure
class TestTwoOfThem:
    def test_they_say_who_leads(self, two: tuple[JobProcess, JobProcess]) -> None:
        first, second = two
        assert first.check() == (0, "The job process leads.\n")
        assert second.check() == (0, "The job process waits for its turn.\n")

    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP])
    def test_the_second_takes_over_within_fifteen_seconds(
        self, two: tuple[JobProcess, JobProcess], how: signal.Signals
    ) -> None:
        """SIGSTOP stands for a process that hangs and for a machine that vanished."""
        first, second = two
        assert not second.leads()
        began = time.monotonic()
        first.process.send_signal(how)
        until(second.leads, 20, "the second to lead")
        assert time.monotonic() - began <= 15
        if how is signal.SIGTERM:
            assert first.process.wait(10) == 0
            assert first.check() == (1, "promptroom: No job process runs on this machine.\n")

    def test_one_that_was_away_gives_up_what_it_lost(
        self, two: tuple[JobProcess, JobProcess]
    ) -> None:
        first, second = two
        first.process.send_signal(signal.SIGSTOP)
        until(second.leads, 20, "the second to lead")
        first.process.send_signal(signal.SIGCONT)
        until(lambda: first.events("leader.no_database"), 20, "its insight")
        assert len(first.events("leader.elected")) == 1


@pytest.mark.failure
def test_it_waits_for_the_servers_to_upgrade_the_schema(
    tmp_path: Path, postgres_copies: Any
) -> None:
    name = postgres_copies.empty("without_a_schema")
    early = JobProcess(tmp_path / "early", postgres_copies.url(name))
    try:
        until(lambda: early.events("worker.waits_for_schema"), 30, "its patience")
        upgrade = [sys.executable, "-m", "app", "db", "upgrade"]
        subprocess.run(upgrade, cwd=ROOT, env=early.environment, check=True, capture_output=True)
        assert early.check()[0] == 0
        until(lambda: early.events("job.done"), 60, "its first job")
    finally:
        early.process.kill()
        early.process.wait(10)
        postgres_copies.drop(name)


def test_with_sqlite_it_says_who_does_the_jobs(tmp_path: Path) -> None:
    environment = os.environ | {"PROMPTROOM_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "app", "worker"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "promptroom: With SQLite `promptroom serve` does the jobs itself. "
        "Nothing is left for this process.\n"
    )


class TestSignsOfLife:
    def test_old_ones_are_none(self, tmp_path: Path) -> None:
        life = Life(tmp_path)
        life.tell("leads")
        assert life.check() == "leads"
        (sign,) = tmp_path.iterdir()
        os.utime(sign, (time.time() - 31, time.time() - 31))
        with pytest.raises(Exception, match="gave its last sign of life 31 seconds ago"):
            life.check()

    def test_after_the_end_there_are_none(self, tmp_path: Path) -> None:
        life = Life(tmp_path)
        life.tell("leads")
        life.end()
        with pytest.raises(Exception, match="No job process runs"):
            life.check()
