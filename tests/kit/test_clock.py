"""The wall clock."""

from __future__ import annotations

from datetime import UTC, timedelta

from app.kit import clock


def test_it_says_its_zone_and_goes_forward() -> None:
    first = clock.utc_now()
    assert first.tzinfo is UTC
    assert timedelta() <= clock.utc_now() - first < timedelta(seconds=5)
