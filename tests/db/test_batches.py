"""Much work in small transactions."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import batches
from app.db.engine import Database

pytestmark = pytest.mark.anyio


@pytest.fixture
async def notes(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setattr(batches, "PAUSE_SECONDS", 0)
    async with database.transaction() as tx:
        await tx.execute(text("CREATE TABLE notes (number INTEGER)"))
    return database


async def count(database: Database) -> int:
    async with database.transaction(write=False) as tx:
        return int((await tx.execute(text("SELECT count(*) FROM notes"))).scalar_one())


async def test_it_goes_on_until_nothing_is_left(notes: Database) -> None:
    left = [3, 3, 1, 0]

    async def step(tx: AsyncSession) -> int:
        await tx.execute(text("INSERT INTO notes VALUES (1)"))
        return left.pop(0)

    assert await batches.in_batches(notes, step) == 7
    assert await count(notes) == 4


async def test_what_is_done_stays_done(notes: Database) -> None:
    async def step(tx: AsyncSession) -> int:
        await tx.execute(text("INSERT INTO notes VALUES (1)"))
        if await count(notes) == 2:
            raise ValueError("planted")
        return 1

    with pytest.raises(ValueError, match="planted"):
        await batches.in_batches(notes, step)
    assert await count(notes) == 2
