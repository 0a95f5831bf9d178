"""What is thinned out of the history."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from app.db.batches import PAUSE_SECONDS
from app.db.engine import Database
from app.domain.versions import policy, queries
from app.kit import clock

PROMPTS = 100  # looked through at a time: one by one would keep a worker busy for minutes
CHECKPOINTS = 2000  # of one room looked at in one run; the kept ones of 36 years
BATCH = 50  # deleted in one transaction: each may hold 2 MiB of text


async def thin_checkpoints(database: Database) -> int:
    """Keep fewer checkpoints the older they are, and every version. How many were dropped."""
    database = database.everywhere()  # everywhere: one rule for all workspaces
    before = clock.utc_now() - policy.KEEP_ALL
    total, last = 0, None
    while True:
        async with database.transaction(write=False) as tx:
            prompts = await queries.with_checkpoints(tx, before, last, PROMPTS)
            taken = await queries.when_taken(tx, prompts, before, CHECKPOINTS) if prompts else ()
        total += await _thin(database, taken)
        if len(prompts) < PROMPTS:
            return total
        last = prompts[-1]
        await asyncio.sleep(PAUSE_SECONDS)


async def _thin(database: Database, taken: Sequence[Any]) -> int:
    now = clock.utc_now()
    surplus = [
        one
        for _, its in groupby(taken, key=lambda row: row.room_id)
        for one in policy.surplus(((row.id, row.created_at) for row in its), now)
    ]
    for start in range(0, len(surplus), BATCH):
        async with database.transaction() as tx:
            await queries.drop_checkpoints(tx, surplus[start : start + BATCH])
        await asyncio.sleep(PAUSE_SECONDS)
    return len(surplus)
