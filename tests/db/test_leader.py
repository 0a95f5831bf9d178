"""One leader at a time: followed soon when it ends, hangs or loses its connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from app.db import leader
from app.db.leader import LEADS, WAITS, lead
from app.db.postgres import connect
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


@dataclass
class Candidate:
    """Somebody who would lead, in this process."""

    url: str
    said: list[str] = field(default_factory=list)
    works: bool = False
    cancelled: int = 0
    task: asyncio.Task[None] | None = None

    def stand(self) -> None:
        self.task = asyncio.create_task(lead(self.url, "test", self._work, self.said.append))

    async def _work(self) -> None:
        self.works = True
        try:
            await asyncio.sleep(600)
        finally:
            self.works = False
            self.cancelled += 1

    async def leave(self) -> None:
        if self.task is not None:
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task


@pytest.fixture
async def two(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Candidate, Candidate]]:
    monkeypatch.setattr(leader, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(leader, "_PAUSE_SECONDS", 0.3)
    first, second = Candidate(postgres_url), Candidate(postgres_url)
    first.stand()
    await until(lambda: first.works)
    second.stand()
    yield first, second
    await first.leave()
    await second.leave()


async def end_session(url: str) -> None:
    """Of the leader, as the server does when it has been silent for too long."""
    connection = await connect(url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    )
    await connection.close()


async def test_the_second_waits(two: tuple[Candidate, Candidate]) -> None:
    first, second = two
    await asyncio.sleep(0.5)
    assert (first.said, second.said) == ([WAITS, LEADS], [WAITS])
    assert first.works
    assert not second.works


async def test_one_that_leaves_is_followed(two: tuple[Candidate, Candidate]) -> None:
    first, second = two
    await first.leave()
    assert first.cancelled == 1
    await until(lambda: second.works)
    assert second.said == [WAITS, LEADS]


async def test_one_that_lost_its_connection_stops_and_stands_again(
    two: tuple[Candidate, Candidate],
) -> None:
    first, second = two
    await end_session(first.url)
    await until(lambda: second.works and first.cancelled == 1)
    await until(lambda: first.said == [WAITS, LEADS, WAITS])
    await second.leave()
    await until(lambda: first.works)


async def test_a_silent_session_is_ended_by_the_server(postgres_url: str) -> None:
    connection = await connect(postgres_url, {"idle_session_timeout": leader._SILENCE})
    assert await connection.fetchval("SHOW idle_session_timeout") == "10s"
    assert leader.BEAT_SECONDS + leader.PATIENCE_SECONDS < 10 < 15 - leader.BEAT_SECONDS
    await connection.close()


async def test_without_a_database_it_goes_on_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leader, "_PAUSE_SECONDS", 0.01)
    nowhere = Candidate("postgresql://nobody@127.0.0.1:1/none")
    nowhere.stand()
    await until(lambda: len(nowhere.said) > 3)
    assert set(nowhere.said) == {WAITS}
    await nowhere.leave()
