"""What is thinned out of the history."""

from __future__ import annotations

import asyncio
from uuid import UUID

from app.db.batches import PAUSE_SECONDS
from app.db.engine import Database
from app.domain.versions import policy, queries
from app.kit import clock

ROOMS = 100  # looked up at a time
CHECKPOINTS = 2000  # of one room looked at in one run; the kept ones of 36 years
BATCH = 50  # deleted in one transaction: each may hold 2 MiB of text


async def thin_checkpoints(database: Database) -> int:
    """Keep fewer checkpoints the older they are, and every version. How many were dropped."""
    database = database.everywhere()  # everywhere: one rule for all workspaces
    before = clock.utc_now() - policy.KEEP_ALL
    total, last = 0, None
    while True:
        async with database.transaction(write=False) as tx:
            rooms = await queries.rooms_with_checkpoints(tx, before, last, ROOMS)
        for prompt_id, room_id in rooms:
            total += await _thin(database, prompt_id, room_id)
        if len(rooms) < ROOMS:
            return total
        last = rooms[-1]


async def _thin(database: Database, prompt_id: UUID, room_id: UUID) -> int:
    now = clock.utc_now()
    async with database.transaction(write=False) as tx:
        taken = await queries.when_taken(tx, prompt_id, room_id, now - policy.KEEP_ALL, CHECKPOINTS)
    surplus = policy.surplus(taken, now)
    for start in range(0, len(surplus), BATCH):
        async with database.transaction() as tx:
            await queries.drop_checkpoints(tx, surplus[start : start + BATCH])
        await asyncio.sleep(PAUSE_SECONDS)
    return len(surplus)
