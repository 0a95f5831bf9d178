"""Databases to back up and to restore into, of either kind whatever the others run on."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.db.backup.fresh import fresh_sqlite
from app.db.engine import Database
from tests.support.databases import PostgresCopies

_numbers = itertools.count(1)


@pytest.fixture
async def database(tmp_path: Path, migrated: Path) -> AsyncIterator[Database]:
    """SQLite with the schema and no rows."""
    shutil.copy(migrated, tmp_path / "promptroom.db")
    database = Database(f"sqlite:///{tmp_path / 'promptroom.db'}")
    yield database
    await database.close()


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[Database]:
    """SQLite without a schema."""
    database = fresh_sqlite(tmp_path / "other.db")
    yield database
    await database.close()


@pytest.fixture
def empty_postgres(postgres_copies: PostgresCopies) -> Iterator[list[str]]:
    """Addresses of two PostgreSQL databases without a schema."""
    names = [postgres_copies.empty(f"bare_{next(_numbers)}", _SWEDISH) for _ in range(2)]
    yield [postgres_copies.url(name) for name in names]
    for name in names:
        postgres_copies.drop(name)


# Where words are ordered as in another country, and not by their bytes.
_SWEDISH = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'sv' LOCALE 'C.UTF-8'"
