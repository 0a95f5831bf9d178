"""Background tasks are restarted, repeated, and stopped in reverse order."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from app.kit.supervise import Supervisor

pytestmark = pytest.mark.anyio


async def test_a_failed_task_runs_again_and_is_logged() -> None:
    runs: list[int] = []
    done = asyncio.Event()

    async def work() -> None:
        runs.append(len(runs))
        if len(runs) < 3:
            raise ValueError("planted")
        done.set()

    tasks = Supervisor()
    with capture_logs() as lines:
        tasks.keep("work", work, pause=0.01)
        await asyncio.wait_for(done.wait(), 5)
        await tasks.stop()
    assert runs == [0, 1, 2]
    assert [(line["event"], line["task"]) for line in lines] == [("task.failed", "work")] * 2


async def test_a_task_that_is_done_is_left_in_peace() -> None:
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)

    tasks = Supervisor()
    tasks.keep("work", work, pause=0)
    await asyncio.sleep(0.05)
    await tasks.stop()
    assert runs == [1]


async def test_every_so_often() -> None:
    runs = asyncio.Semaphore(0)

    async def work() -> None:
        runs.release()

    tasks = Supervisor()
    tasks.every("work", 0.01, work)
    for _ in range(3):
        await asyncio.wait_for(runs.acquire(), 5)
    await tasks.stop()


async def test_the_newest_stops_first() -> None:
    stopped: list[str] = []

    def task(name: str) -> None:
        async def work() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(0)
                stopped.append(name)

        tasks.keep(name, work)

    tasks = Supervisor()
    for name in ("database", "rooms", "clock"):
        task(name)
    await asyncio.sleep(0.01)
    await tasks.stop()
    assert stopped == ["clock", "rooms", "database"]
