"""Several workers on one port: an even share, successors that nobody notices, leaving in order."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.support.hammer import Hammer
from tests.support.server import Server, until

pytestmark = pytest.mark.failure

APPS = "tests.support.apps"


def all_ready(server: Server, count: int, before: int = 0) -> None:
    until(lambda: server.times_ready() >= before + count, 40, f"{count} workers")


@pytest.fixture
def four(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path, factory=f"{APPS}:healthy", workers=4, has_overlap=True) as server:
        all_ready(server, 4)
        yield server


class TestABurst:
    def test_every_worker_gets_at_least_half_its_share(self, four: Server) -> None:
        with ExitStack() as stack:
            for worker in four.workers():
                os.kill(worker, signal.SIGSTOP)  # so that all callers are there at once
            callers = [
                stack.enter_context(socket.create_connection(("127.0.0.1", four.port), 10))
                for _ in range(200)
            ]
            for caller in callers:
                caller.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            for worker in four.workers():
                os.kill(worker, signal.SIGCONT)
            answers = [caller.makefile("rb").read() for caller in callers]
        shares = Counter(int(answer.rsplit(b"\r\n", 1)[1]) for answer in answers)
        assert shares.keys() == set(four.workers())
        assert min(shares.values()) >= 25, shares

    def test_who_waits_for_a_dead_worker_is_answered_by_the_next(self, four: Server) -> None:
        """The queue is the parent's: it does not die with the worker."""
        with ExitStack() as stack:
            for worker in four.workers():
                os.kill(worker, signal.SIGSTOP)  # accepts nothing any more
            callers = [
                stack.enter_context(socket.create_connection(("127.0.0.1", four.port), 10))
                for _ in range(40)
            ]
            for caller in callers:
                caller.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            for worker in four.workers():
                os.kill(worker, signal.SIGKILL)
            for caller in callers:
                caller.settimeout(20)
                assert caller.makefile("rb").read().startswith(b"HTTP/1.1 200")


PATHS = ["/dribble?seconds=0.05", *["/health/live"] * 4]


@pytest.mark.parametrize("workers", [1, 3])
async def test_nobody_notices_two_rolling_restarts(tmp_path: Path, workers: int) -> None:
    server = Server(tmp_path, factory=f"{APPS}:healthy", workers=workers, has_overlap=True)
    await asyncio.to_thread(server.start)
    try:
        await asyncio.to_thread(all_ready, server, workers)
        old = set(server.workers())
        hammer = Hammer(server.url, PATHS)
        striking = asyncio.create_task(hammer.strike(20))
        for _ in range(2):
            await asyncio.to_thread(server.restart_workers, workers)
        hammer.is_over = True
        await striking
        assert hammer.failures == []
        assert hammer.answered.total() > 500
        assert old.isdisjoint(server.workers())
        stops = [event["worker"] for event in server.events("worker.stopped")]
        assert stops == [*range(workers), *(number for number in stops[workers:])]
    finally:
        await asyncio.to_thread(server.kill_everything)


class TestARollingRestart:
    def test_nobody_waits_for_a_successor_that_takes_long_to_start(self, tmp_path: Path) -> None:
        gate = tmp_path / "gate"
        environment = {"PLANTED_GATE": str(gate)}
        factory = f"{APPS}:held"
        gate.touch()
        with Server(tmp_path, environment, factory=factory, has_overlap=True) as server:
            worker = server.worker
            gate.unlink()
            os.kill(server.pid, signal.SIGHUP)
            until(lambda: len(server.workers()) == 2, 20, "the successor")
            until(lambda: "held at the gate" in server.logs(), 20, "its import")
            for _ in range(50):
                assert int(server.get("/health/live", timeout=20)[1]) == worker
            gate.touch()
            all_ready(server, 2)
            until(lambda: server.workers() and worker not in server.workers(), 20, "its turn")

    def test_a_successor_never_shares_its_predecessors_number(self, four: Server) -> None:
        os.kill(four.pid, signal.SIGHUP)
        all_ready(four, 8)
        until(lambda: len(list(four.events("worker.stopped"))) == 4, 30, "four ends")
        living: set[int] = set()
        for event in four.events():
            number = event.get("worker")
            if event["event"] == "worker.started":
                assert number not in living
                living.add(number)
            elif event["event"] == "worker.stopped":
                living.remove(number)
        assert len(living) == 4

    def test_a_dead_worker_is_followed_by_its_number(self, four: Server) -> None:
        os.kill(four.pid, signal.SIGHUP)
        all_ready(four, 8)
        until(lambda: len(list(four.events("worker.stopped"))) == 4, 30, "four ends")
        os.kill(four.workers()[-1], signal.SIGKILL)
        all_ready(four, 9)
        (died,) = four.events("worker.died")
        assert [*four.events("worker.started")][-1]["worker"] == died["worker"]

    def test_a_worker_that_dies_while_its_successor_starts_is_followed_by_its_number(
        self, tmp_path: Path
    ) -> None:
        gate = tmp_path / "gate"
        environment = {"PLANTED_GATE": str(gate)}
        factory = f"{APPS}:held"
        gate.touch()
        with Server(tmp_path, environment, factory=factory, has_overlap=True) as server:
            worker = server.worker
            gate.unlink()
            os.kill(server.pid, signal.SIGHUP)
            until(lambda: len(server.workers()) == 2, 20, "the successor")
            os.kill(worker, signal.SIGKILL)
            until(lambda: list(server.events("worker.died")), 10, "the death in the log")
            gate.touch()
            assert server.get("/health/live", timeout=20)[0] == 200
            assert [e["worker"] for e in server.events("worker.started")] == [0, 1, 0]
            assert len(server.workers()) == 1

    def test_a_release_that_cannot_start_leaves_the_old_one_at_work(self, tmp_path: Path) -> None:
        broken = tmp_path / "broken"
        environment = {"PLANTED_BROKEN": str(broken)}
        factory = f"{APPS}:renewed"
        with Server(tmp_path, environment, factory=factory, workers=2, has_overlap=True) as server:
            all_ready(server, 2)
            before = set(server.workers())
            broken.touch()
            os.kill(server.pid, signal.SIGHUP)
            until(lambda: list(server.events("supervisor.restart_abandoned")), 20, "the surrender")
            assert set(server.workers()) == before
            broken.unlink()
            os.kill(server.pid, signal.SIGHUP)
            all_ready(server, 4)
            until(lambda: before.isdisjoint(server.workers()), 20, "the new release")


class TestStopping:
    def test_readiness_turns_red_first_and_everything_is_still_served(self, tmp_path: Path) -> None:
        environment = {"PROMPTROOM_DRAIN_SECONDS": "5"}
        with Server(tmp_path, environment, factory=f"{APPS}:healthy", workers=2) as server:
            all_ready(server, 2)
            with httpx.Client(base_url=server.url) as client:
                client.get("/health/live")
                os.kill(server.pid, signal.SIGTERM)
                began = time.monotonic()
                until(lambda: server.get("/health/ready")[0] == 503, 4, "red")
                assert client.get("/slow?seconds=0.5").status_code == 200
                answer = client.get("/health/live")
                assert (answer.status_code, answer.headers["connection"]) == (200, "close")
            assert server.wait() == 0
            assert time.monotonic() - began >= 5

    def test_an_answer_under_way_is_finished(self, tmp_path: Path) -> None:
        with (
            Server(tmp_path, factory=f"{APPS}:healthy") as server,
            httpx.Client(base_url=server.url) as client,
            client.stream("GET", "/dribble?seconds=1.5") as answer,
        ):
            os.kill(server.pid, signal.SIGTERM)
            assert answer.read() == b"begun and ended"
            assert server.wait() == 0

    def test_newcomers_are_refused_and_not_left_hanging(self, tmp_path: Path) -> None:
        with Server(tmp_path, factory=f"{APPS}:stubborn", workers=2) as server:
            all_ready(server, 2)
            os.kill(server.pid, signal.SIGTERM)
            until(lambda: server.logs().count("leaving slowly") == 2, 10, "both to go")
            for _ in range(20):
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", server.port), 1)


class TestFigures:
    def figure(self, server: Server, name: str) -> float:
        status, body = server.get("/metrics")
        assert status == 200
        found = re.search(rf"^{re.escape(name)} (\S+)$", body.decode(), re.MULTILINE)
        return float(found[1]) if found else 0.0

    def hit(self, server: Server, times: int) -> set[int]:
        return {int(server.get("/hit")[1]) for _ in range(times)}

    def test_one_scrape_sees_all_workers_and_totals_never_step_back(self, tmp_path: Path) -> None:
        with Server(tmp_path, factory=f"{APPS}:counting", workers=2, has_overlap=True) as server:
            all_ready(server, 2)
            assert self.hit(server, 40) == set(server.workers())
            assert self.figure(server, "planted_hits_total") == 40
            assert self.figure(server, 'planted_sizes_bucket{le="10.0"}') == 40
            assert self.figure(server, "planted_now") == 2

            server.kill_worker()
            all_ready(server, 3)
            assert self.figure(server, "planted_hits_total") == 40
            assert self.figure(server, "planted_now") == 2

            os.kill(server.pid, signal.SIGHUP)
            all_ready(server, 5)
            until(lambda: len(list(server.events("worker.stopped"))) == 2, 20, "both ends")
            self.hit(server, 10)
            assert self.figure(server, "planted_hits_total") == 50
            assert self.figure(server, "planted_now") == 2
            assert server.stop() == 0
            assert list(tmp_path.glob("figures-*")) == []

    def test_what_a_killed_server_left_is_swept_up(self, tmp_path: Path) -> None:
        with Server(tmp_path, factory=f"{APPS}:counting", workers=2) as server:
            self.hit(server, 5)
            server.kill_everything()
            (left,) = tmp_path.glob("figures-*")
            server.start()
            assert self.figure(server, "planted_hits_total") == 0
            (fresh,) = tmp_path.glob("figures-*")
            assert fresh != left
