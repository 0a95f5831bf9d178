"""Much work in small transactions, so that nobody waits long behind any of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.engine import Database

PAUSE_SECONDS = 0.05  # between two, for those who want to write meanwhile: SQLite admits one


async def in_batches(database: Database, step: Callable[[AsyncSession], Awaitable[int]]) -> int:
    """Run `step` in one transaction after the other until it finds nothing; the sum of its answers.

    What is done stays done when a later step fails or the process ends.
    """
    total = 0
    while True:
        async with database.transaction() as tx:
            done = await step(tx)
        if not done:
            return total
        total += done
        await asyncio.sleep(PAUSE_SECONDS)
