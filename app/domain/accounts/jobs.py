"""What is tidied up after people."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.batches import in_batches
from app.db.engine import Database
from app.domain.accounts import queries
from app.kit import clock

BATCH = 500


async def drop_expired_sessions(database: Database) -> int:
    """Sessions that let nobody in any more; with them go address and browser. Their number."""

    async def step(tx: AsyncSession) -> int:
        return await queries.drop_some_expired(tx, clock.utc_now(), BATCH)

    return await in_batches(database, step)
