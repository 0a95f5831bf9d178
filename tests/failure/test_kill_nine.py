"""The short form of `python -m tests.failure.kill_nine`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.failure.kill_nine import run

pytestmark = pytest.mark.failure


async def test_nothing_acknowledged_is_lost_and_nothing_is_there_twice(tmp_path: Path) -> None:
    outcome = await run(tmp_path, kills=12, seed=4, editors=8)
    assert outcome.is_good, str(outcome)
    assert outcome.written > 100
    # Three seconds are the promise where nothing else runs; two other tests do, here.
    assert sorted(outcome.recoveries)[len(outcome.recoveries) // 2] <= 6.0
