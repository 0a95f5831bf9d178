"""Advisory locks: one at a time through a use case."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from app.db import locks
from app.db.engine import Database

pytestmark = pytest.mark.anyio


async def test_two_that_hold_the_same_lock_do_not_overlap(database: Database) -> None:
    inside = 0
    most = 0

    async def work() -> None:
        nonlocal inside, most
        async with database.transaction() as tx:
            await locks.hold(tx, "set-up")
            await tx.execute(text("SELECT 1"))  # on SQLite the transaction itself is the lock
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(5)))
    assert most == 1
