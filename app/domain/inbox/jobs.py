"""What is tidied up after inboxes."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.batches import in_batches
from app.db.engine import Database
from app.domain.inbox import policy, queries
from app.kit import clock

BATCH = 500


async def drop_read_notices(database: Database) -> int:
    """Those that were read three months ago; unread ones stay. Their number."""

    async def step(tx: AsyncSession) -> int:
        return await queries.drop_read(tx, clock.utc_now() - policy.KEEP_READ, BATCH)

    return await in_batches(database.everywhere(), step)  # everywhere: notices of all grow old
