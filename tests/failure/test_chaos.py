"""The short form of `python -m tests.failure.chaos`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.failure.chaos import Plan, run

pytestmark = pytest.mark.failure


async def test_whatever_dies_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    outcome = await run(tmp_path, Plan(seconds=40, seed=3, workers=2, editors=20, longest=6))
    assert outcome.is_good, str(outcome)
    assert outcome.written > 100
