"""The schedule at work: due, done, failed and tried again; and what a scrape sees of it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient
from structlog.testing import capture_logs

from app.db import job_runs
from app.db.engine import Database
from app.db.job_runs import JobRun
from app.server import jobs
from app.server.jobs import Jobs
from app.server.schedule import SCHEDULE, Job
from tests.support.clocks import HeldClock
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


@dataclass
class Chore:
    """A job that a test looks at."""

    times: int = 0
    breaks: bool = False
    lasts: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.lasts.set()

    async def __call__(self, _database: Database) -> int:
        self.times += 1
        await self.lasts.wait()
        if self.breaks:
            raise ValueError("planted")
        return 3


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HeldClock:
    return HeldClock(monkeypatch)


@pytest.fixture
def chore() -> Chore:
    return Chore()


@pytest.fixture
def at_work(either: Database, chore: Chore) -> Jobs:
    return Jobs(either, [Job("test.chore", timedelta(hours=1), chore)])


async def run_of(database: Database) -> JobRun:
    async with database.transaction(write=False) as tx:
        return (await job_runs.all_runs(tx))["test.chore"]


class TestWhatIsDue:
    async def test_it_runs_at_once_and_then_every_hour(
        self, at_work: Jobs, chore: Chore, clock: HeldClock
    ) -> None:
        for minutes, times in [(0, 1), (59, 1), (1, 2), (30, 2), (31, 3)]:
            clock.forward(minutes=minutes)
            await at_work.look()
            assert chore.times == times

    async def test_a_process_that_starts_again_knows_what_was_done(
        self, either: Database, at_work: Jobs, chore: Chore, clock: HeldClock
    ) -> None:
        await at_work.look()
        await Jobs(either, [Job("test.chore", timedelta(hours=1), chore)]).look()
        assert chore.times == 1

    async def test_a_clock_that_was_set_back_stops_nothing(
        self, at_work: Jobs, chore: Chore, clock: HeldClock
    ) -> None:
        await at_work.look()
        clock.forward(days=-3)
        await at_work.look()
        assert chore.times == 2

    async def test_what_was_interrupted_is_done_again_soon(
        self, at_work: Jobs, chore: Chore, clock: HeldClock
    ) -> None:
        chore.lasts.clear()
        looking = asyncio.create_task(at_work.look())
        await until(lambda: chore.times == 1)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        chore.lasts.set()
        clock.forward(seconds=59)
        await at_work.look()
        assert chore.times == 1
        clock.forward(seconds=1)
        await at_work.look()
        assert chore.times == 2


class TestFailures:
    async def test_one_is_logged_and_tried_again_with_growing_pauses(
        self, either: Database, at_work: Jobs, chore: Chore, clock: HeldClock
    ) -> None:
        chore.breaks = True
        with capture_logs() as lines:
            await at_work.look()
        assert [line["job"] for line in lines if line["event"] == "job.failed"] == ["test.chore"]
        for minutes, times in [(1, 1), (1, 2), (3, 2), (1, 3), (60, 4)]:
            clock.forward(minutes=minutes)
            await at_work.look()
            assert chore.times == times, minutes
        run = await run_of(either)
        assert (run.failures, run.failed_in_a_row, run.succeeded_at) == (4, 4, None)
        chore.breaks = False
        clock.forward(minutes=60)
        await at_work.look()
        run = await run_of(either)
        assert (run.failures, run.failed_in_a_row, run.succeeded_at) == (4, 0, clock.now)

    async def test_the_others_are_done_all_the_same(self, either: Database) -> None:
        broken, sound = Chore(breaks=True), Chore()
        hour = timedelta(hours=1)
        with capture_logs():
            await Jobs(either, [Job("test.a", hour, broken), Job("test.b", hour, sound)]).look()
        assert (broken.times, sound.times) == (1, 1)

    async def test_a_database_that_is_gone_for_a_while_ends_nothing(
        self, at_work: Jobs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looks = 0

        async def fail() -> None:
            nonlocal looks
            looks += 1
            raise ConnectionRefusedError

        monkeypatch.setattr(jobs, "FIRST_LOOK_SECONDS", 0)
        monkeypatch.setattr(jobs, "LOOK_SECONDS", 0)
        monkeypatch.setattr(at_work, "look", fail)
        running = asyncio.create_task(at_work.run())
        await until(lambda: looks > 3)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


class TestTheSchedule:
    def test_names_are_unique_and_fit_their_column(self) -> None:
        names = [job.name for job in SCHEDULE]
        assert len({*names}) == len(names)
        assert max(map(len, names)) <= 64

    async def test_everything_on_it_runs_on_both_databases(self, either: Database) -> None:
        await Jobs(either).look()
        async with either.transaction(write=False) as tx:
            runs = await job_runs.all_runs(tx)
        assert runs.keys() == {job.name for job in SCHEDULE}
        assert [run.name for run in runs.values() if run.failures] == []


class TestFigures:
    async def scrape(self, client: AsyncTestClient[Litestar], name: str) -> dict[str, float]:
        text = (await client.get("/metrics")).text
        found = re.findall(rf'^{name}{{job="([^"]+)"}} (\S+)$', text, re.MULTILINE)
        return {job: float(value) for job, value in found}

    async def test_a_job_that_never_succeeded_did_so_long_ago(
        self, client: AsyncTestClient[Litestar]
    ) -> None:
        done = await self.scrape(client, "promptroom_job_last_success_timestamp_seconds")
        assert done == {job.name: 0.0 for job in SCHEDULE}

    async def test_they_come_from_the_database(
        self, client: AsyncTestClient[Litestar], database: Database
    ) -> None:
        name = SCHEDULE[0].name
        async with database.transaction() as tx:
            now = jobs.clock.utc_now()
            await job_runs.started(tx, name, now)
            await job_runs.failed(tx, name)
            await job_runs.succeeded(tx, name, now, 1500)
        prefix = "promptroom_job"
        done = await self.scrape(client, f"{prefix}_last_success_timestamp_seconds")
        assert done[name] == pytest.approx(now.timestamp())
        assert (await self.scrape(client, f"{prefix}_last_success_seconds"))[name] == 1.5
        assert (await self.scrape(client, f"{prefix}_failures_total"))[name] == 1
        assert (await self.scrape(client, f"{prefix}_interval_seconds"))[name] == 3600

    async def test_without_the_database_the_others_are_still_there(
        self, client: AsyncTestClient[Litestar], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def gone(_tx: object) -> None:
            raise ConnectionRefusedError

        monkeypatch.setattr(job_runs, "all_runs", gone)
        assert await self.scrape(client, "promptroom_job_interval_seconds") == {}
        assert "promptroom_rooms_open" in (await client.get("/metrics")).text
