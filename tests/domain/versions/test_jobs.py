"""Thinning the history: all of a week, one a day, one a week, and never a version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from app.db.engine import Database
from app.domain.versions import jobs
from app.domain.versions.models import Checkpoint
from app.domain.versions.policy import surplus
from app.kit.ids import new_id
from tests.support.builders import MadePrompt, Place, a_prompt, a_workspace
from tests.support.clocks import HeldClock

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday


def ages(*days: float) -> list[tuple[UUID, datetime]]:
    return [(new_id(), NOW - timedelta(days=age)) for age in days]


class TestTheRule:
    def test_all_of_the_last_week_stay(self) -> None:
        assert surplus(ages(0, 0.001, 1, 1.01, 6.9, 6.95, 7), NOW) == []

    def test_then_the_last_of_each_day(self) -> None:
        taken = ages(8, 8.1, 8.2, 9, 9.1)
        assert surplus(taken, NOW) == [taken[1][0], taken[2][0], taken[4][0]]

    def test_after_ninety_days_the_last_of_each_week(self) -> None:
        week = ages(92, 93, 94, 95, 96, 97, 98)
        # 92 days before that Monday is a Sunday, 98 a Monday.
        assert surplus(week, NOW) == [one for one, _ in week[1:]]

    def test_a_day_is_a_day_of_the_calendar(self) -> None:
        taken = ages(8.3, 8.4)  # 01:48 and 23:24 the evening before
        assert surplus(taken, NOW) == []

    def test_thinning_again_finds_nothing_more(self) -> None:
        taken = ages(*(step / 10 for step in range(4000)))
        once = set(surplus(taken, NOW))
        kept = [one for one in taken if one[0] not in once]
        assert surplus(kept, NOW) == []
        assert len(kept) == 71 + 84 + 46  # each tenth of a day, each day, each week

    @pytest.mark.parametrize("every", [1, 3, 10])
    def test_in_what_rhythm_it_is_done_makes_no_difference_in_the_end(self, every: int) -> None:
        taken = ages(*(step / 3 for step in range(600)))
        kept = taken
        for later in range(0, 900, every):
            now = NOW + timedelta(days=later)
            dropped = set(surplus(kept, now))
            kept = [one for one in kept if one[0] not in dropped]
        final = NOW + timedelta(days=899)
        at_once = set(surplus(taken, final))
        assert [one[0] for one in kept] == [one for one, _ in taken if one not in at_once]


def checkpoint(place: Place, prompt: MadePrompt, at: datetime, reason: str = "idle") -> Checkpoint:
    return Checkpoint(
        id=new_id(),
        workspace_id=place.id,
        prompt_id=prompt.id,
        room_id=prompt.room_id,
        text="words",
        config={},
        variables=[],
        content_sha256="0" * 64,
        contributors=[],
        state_vector=b"",
        reason=reason,
        created_at=at,
    )


async def left(database: Database, prompt: MadePrompt) -> list[tuple[str, datetime]]:
    async with database.everywhere().transaction(write=False) as tx:
        statement = select(Checkpoint.reason, Checkpoint.created_at)
        rows = await tx.execute(
            statement.where(Checkpoint.prompt_id == prompt.id).order_by(Checkpoint.created_at)
        )
        return [(row[0], row[1]) for row in rows]


@pytest.mark.anyio
class TestTheJob:
    async def test_every_rooms_history_is_thinned_on_its_own(
        self, either: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(jobs, "PROMPTS", 2)
        monkeypatch.setattr(jobs, "BATCH", 3)
        now = HeldClock(monkeypatch).now
        noon = now.replace(hour=12) - timedelta(days=10)
        places = [await a_workspace(either), await a_workspace(either, "Juniper")]
        prompts = [(place, await a_prompt(either, place)) for place in places for _ in range(3)]
        async with either.everywhere().transaction() as tx:
            for place, prompt in prompts:
                tx.add_all(
                    checkpoint(place, prompt, noon + timedelta(minutes=5 * n)) for n in range(8)
                )
                tx.add(checkpoint(place, prompt, noon, "restore"))
                tx.add(checkpoint(place, prompt, now - timedelta(minutes=2)))
                tx.add(checkpoint(place, prompt, now - timedelta(minutes=1)))
        assert await jobs.thin_checkpoints(either) == 7 * len(prompts)
        for _, prompt in prompts:
            assert await left(either, prompt) == [
                ("restore", noon),
                ("idle", noon + timedelta(minutes=35)),
                ("idle", now - timedelta(minutes=2)),
                ("idle", now - timedelta(minutes=1)),
            ]
        assert await jobs.thin_checkpoints(either) == 0

    async def test_nothing_is_there_to_be_thinned(self, either: Database) -> None:
        assert await jobs.thin_checkpoints(either) == 0
