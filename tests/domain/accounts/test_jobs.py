"""Tidying up after people."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.db.engine import Database
from app.domain.accounts import jobs
from app.domain.accounts import service as accounts
from app.domain.accounts.policy import SESSION_LIFE
from tests.support.builders import a_person
from tests.support.clocks import HeldClock

pytestmark = pytest.mark.anyio


async def signed_in(database: Database, secret: str) -> bool:
    async with database.transaction(write=False) as tx:
        return await accounts.recognise(tx, secret) is not None


class TestExpiredSessions:
    async def test_they_are_dropped_and_the_others_stay(
        self, either: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(jobs, "BATCH", 2)
        clock = HeldClock(monkeypatch)
        for _ in range(5):
            await a_person(either)
        clock.forward(seconds=1)
        late = await a_person(either)
        clock.now += SESSION_LIFE - timedelta(seconds=1)
        assert await jobs.drop_expired_sessions(either) == 5
        assert await signed_in(either, late.secret)
        assert await jobs.drop_expired_sessions(either) == 0
        clock.forward(seconds=1)
        assert await jobs.drop_expired_sessions(either) == 1
