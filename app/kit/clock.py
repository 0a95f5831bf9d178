"""The wall clock, in one place so that tests can hold it still."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now, with a UTC offset. For people only: nothing is ordered by it (clocks step back)."""
    return datetime.now(UTC)
