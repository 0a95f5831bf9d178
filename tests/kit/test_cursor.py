"""Cursors come back as they went out, or are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.kit import cursor
from app.kit.cursor import InvalidCursor
from app.kit.ids import new_id

Key = tuple[datetime, UUID]


def test_values_return_with_their_types() -> None:
    now, last = datetime(2026, 11, 24, tzinfo=UTC), new_id()
    assert cursor.decode(cursor.encode(now, last), Key) == (now, last)


def test_it_is_one_url_safe_word() -> None:
    word = cursor.encode("ümläut ?&=/+", 3)
    assert word.replace("-", "").replace("_", "").isalnum()
    assert cursor.decode(word, tuple[str, int]) == ("ümläut ?&=/+", 3)


@pytest.mark.parametrize(
    "word",
    ["", "x", "!!!", "é", cursor.encode("no date", 1), cursor.encode(1), "bnVsbA", "W10", "_" * 9],
)
def test_anything_else_is_refused(word: str) -> None:
    with pytest.raises(InvalidCursor):
        cursor.decode(word, Key)
