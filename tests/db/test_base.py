"""Points in time keep their zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects import sqlite

from app.db.base import UtcDateTime

DIALECT = sqlite.dialect()
PARIS = timezone(timedelta(hours=1))
NOON = datetime(2026, 11, 24, 12, tzinfo=PARIS)


def test_they_are_stored_as_utc() -> None:
    assert UtcDateTime().process_bind_param(NOON, DIALECT) == datetime(2026, 11, 24, 11, tzinfo=UTC)
    assert UtcDateTime().process_bind_param(None, DIALECT) is None


def test_one_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        UtcDateTime().process_bind_param(datetime(2026, 1, 1), DIALECT)  # noqa: DTZ001


def test_they_come_back_as_utc() -> None:
    stored = datetime(2026, 11, 24, 11)  # noqa: DTZ001  # as SQLite gives it
    for value in (stored, NOON):
        found = UtcDateTime().process_result_value(value, DIALECT)
        assert found is not None
        assert (found, found.tzinfo) == (NOON, UTC)
    assert UtcDateTime().process_result_value(None, DIALECT) is None
