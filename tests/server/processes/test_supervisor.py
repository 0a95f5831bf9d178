"""The parent process: dead and hung workers are replaced, and leaving is orderly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from app.server.processes import supervisor
from app.server.processes.supervisor import pause
from tests.support.server import HEADLESS, ROOT, Server, until

pytestmark = pytest.mark.failure

APPS = "tests.support.apps"


def answering(server: Server, timeout: float = 20.0) -> int:
    """The process id of the worker that answers; waits in the queue while there is none."""
    status, body = server.get("/health/live", timeout=timeout)
    assert status == 200
    return int(body)


def fire(server: Server, path: str) -> None:
    """Send a request that nobody will answer."""

    def ask() -> None:
        try:
            server.get(path, timeout=15)
        except OSError:
            return

    threading.Thread(target=ask, daemon=True).start()


class TestAWorkerThatDies:
    def test_is_back_within_three_seconds_and_nobody_is_refused(self, tmp_path: Path) -> None:
        """On a busy machine within what two starts take there."""
        began = time.monotonic()
        with Server(tmp_path, HEADLESS) as server:
            start = time.monotonic() - began
            before = server.kill_worker()
            began = time.monotonic()
            status, _ = server.get("/health/ready", timeout=15)  # waits, and is not refused
            assert time.monotonic() - began <= max(3.0, 2 * start)
            assert status == 200
            assert server.worker != before

    def test_a_native_crash_is_named_in_the_log(self, tmp_path: Path) -> None:
        with Server(tmp_path, factory=f"{APPS}:healthy") as server:
            first = answering(server)
            fire(server, "/crash")
            until(lambda: list(server.events("worker.died")), 10, "the death in the log")
            assert answering(server) != first
            assert [event["cause"] for event in server.events("worker.died")] == ["signal SIGSEGV"]

    def test_one_that_dies_at_once_again_and_again_is_given_pauses(self, tmp_path: Path) -> None:
        with Server(tmp_path, factory=f"{APPS}:dying") as server:
            until(lambda: len(list(server.events("worker.died"))) >= 5, 40, "five deaths")
            os.kill(server.pid, 0)  # the parent goes on
            started = [event["timestamp"] for event in server.events("worker.started")]
            died = [event["timestamp"] for event in server.events("worker.died")]
            gaps = [seconds_between(a, b) for a, b in zip(died, started[1:], strict=False)]
            assert gaps[0] < 0.5, "the first death is nobody's habit"
            assert gaps[3] > 0.4, gaps


class TestAWorkerThatHangs:
    @pytest.mark.parametrize("how", ["stopped", "spinning"])
    def test_is_back_within_eight_seconds(self, tmp_path: Path, how: str) -> None:
        with Server(tmp_path, factory=f"{APPS}:healthy") as server:
            hung = answering(server)
            began = time.monotonic()
            if how == "stopped":
                os.kill(hung, signal.SIGSTOP)
            else:
                fire(server, "/spin")
                time.sleep(0.2)  # until it spins
            assert answering(server) != hung
            assert time.monotonic() - began <= 8.0
            assert [event["why"] for event in server.events("worker.killed")] == ["hung"]

    def test_says_where_it_was(self, tmp_path: Path) -> None:
        with Server(tmp_path, factory=f"{APPS}:healthy") as server:
            fire(server, "/spin")
            until(lambda: list(server.events("worker.died")), 15, "the end of the hung worker")
            assert "in spin" in server.logs()

    def test_a_slow_but_living_worker_is_left_alone(self, tmp_path: Path) -> None:
        with Server(tmp_path, factory=f"{APPS}:healthy") as server:
            worker = answering(server)
            os.kill(worker, signal.SIGSTOP)
            time.sleep(2.5)
            os.kill(worker, signal.SIGCONT)
            time.sleep(4)
            assert answering(server) == worker


class TestTheFirstStart:
    def test_a_bug_ends_the_server_with_a_clear_line(self, tmp_path: Path) -> None:
        server = Server(tmp_path, factory=f"{APPS}:broken_import")
        server.start(wait=False)
        assert server.wait() == 1
        last = server.logs().strip().splitlines()[-1]
        assert last.startswith("promptroom: the server could not start")

    def test_what_a_person_can_mend_is_said_in_one_line(self, tmp_path: Path) -> None:
        server = Server(tmp_path, factory=f"{APPS}:refusing")
        server.start(wait=False)
        assert server.wait() == 1
        said = [line for line in server.logs().splitlines() if not line.startswith("{")]
        assert said == ["promptroom: A planted setting cannot be used."]


class TestLeaving:
    def test_sigterm_ends_parent_and_worker(self, tmp_path: Path) -> None:
        with Server(tmp_path) as server:
            worker = server.worker
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < 5
            assert not Path(f"/proc/{worker}").exists()

    def test_requests_under_way_are_answered(self, tmp_path: Path) -> None:
        with Server(tmp_path) as server, httpx.Client(base_url=server.url) as client:
            client.get("/health/live")  # a connection that is kept
            with client.stream("GET", "/health/ready") as answer:
                os.kill(server.pid, signal.SIGTERM)
                assert answer.status_code == 200
                assert answer.read()
            assert server.wait() == 0

    def test_a_worker_that_will_not_leave_is_killed(self, tmp_path: Path) -> None:
        with Server(tmp_path, factory=f"{APPS}:stubborn") as server:
            os.kill(server.pid, signal.SIGTERM)
            until(lambda: "leaving slowly" in server.logs(), 10, "the worker's last words")
            os.kill(server.pid, signal.SIGINT)  # the second time means now
            assert server.wait(10) == 0
            assert [e["why"] for e in server.events("worker.killed")] == ["did not stop in time"]

    def test_an_orphaned_worker_leaves_by_itself_and_gives_the_data_back(
        self, tmp_path: Path
    ) -> None:
        with Server(tmp_path) as server:
            orphan = server.worker
            server.kill_parent()
            server.start()  # waits for the orphan's lock and port
            assert server.worker != orphan
            assert not _runs(orphan)

    def test_helpers_of_a_killed_worker_die_with_it(self, tmp_path: Path) -> None:
        with Server(
            tmp_path, factory="tests.server.processes.test_supervisor:with_a_helper"
        ) as server:
            helper = int(server.get("/helper")[1])
            assert Path(f"/proc/{helper}").exists()
            os.kill(answering(server), signal.SIGKILL)
            answering(server)
            until(lambda: not Path(f"/proc/{helper}").exists(), 5, "the helper's end")


class TestARollingRestart:
    def test_sighup_replaces_every_worker_and_nobody_is_refused(self, tmp_path: Path) -> None:
        with Server(tmp_path, factory=f"{APPS}:healthy", workers=2) as server:
            until(lambda: server.times_ready() == 2, 20, "both workers")
            before = set(server.workers())
            os.kill(server.pid, signal.SIGHUP)
            while server.times_ready() < 4:
                answering(server)
            assert before.isdisjoint(server.workers())
            stops = [e["worker"] for e in server.events("worker.stopped")]
            assert stops == [0, 1]


class TestClaims:
    def test_a_taken_port_is_said_in_one_line(self, tmp_path: Path) -> None:
        with Server(tmp_path / "one") as server:
            environment = os.environ | {"PROMPTROOM_DATA_DIR": str(tmp_path / "two")}
            second = subprocess.run(
                [sys.executable, "-m", "app", "serve", "--port", str(server.port)],
                check=False,
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=30,
            )
            assert second.returncode == 1
            assert second.stdout == ""
            assert second.stderr.count("\n") == 1
            assert f"Port {server.port} on 127.0.0.1 is taken" in second.stderr

    def test_two_servers_on_the_same_data_are_refused(self, tmp_path: Path) -> None:
        with Server(tmp_path) as server:
            second = subprocess.run(
                [sys.executable, "-m", "app", "serve", "--port", "0"],
                check=False,
                cwd=ROOT,
                env=os.environ | {"PROMPTROOM_DATA_DIR": str(server.data_dir)},
                capture_output=True,
                text=True,
                timeout=30,
            )
            assert second.returncode == 1
            assert "Another Promptroom is serving the data" in second.stderr


def test_pauses_grow_and_stay_bearable() -> None:
    assert [pause(deaths) for deaths in range(5)] == [0.0, 0.0, 0.25, 0.5, 1.0]
    assert pause(40) == supervisor.LONGEST_PAUSE_SECONDS


def seconds_between(earlier: str, later: str) -> float:
    from datetime import datetime

    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def with_a_helper() -> object:
    """An application that keeps a helper process, as the live engine does."""
    from litestar import Litestar, get

    from app.kit.helper import Helper
    from tests.support.apps import live

    helper = Helper()

    @get("/helper")
    async def start_helper() -> int:
        return await helper.run(os.getpid)

    return Litestar([live, start_helper], openapi_config=None)


def _runs(pid: int) -> bool:
    """A zombie does not: who reaps it is up to the machine's first process."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
