"""The short form of `python -m tests.failure.rolling_restart`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.failure.rolling_restart import Plan, run

pytestmark = pytest.mark.failure

EDITORS = 40


async def test_people_and_programs_notice_nothing_but_a_reconnect(tmp_path: Path) -> None:
    outcome = await run(tmp_path, Plan(seed=5, workers=4, editors=EDITORS, restarts=1))
    assert outcome.is_good, str(outcome)
    assert len(outcome.away) >= EDITORS, "everybody moved"
    assert max(outcome.away) <= 10.0
    assert outcome.written > 50
    assert outcome.answers > 100
    assert outcome.told > 10
