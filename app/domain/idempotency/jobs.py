"""What is tidied up after calls that may be made again."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.batches import in_batches
from app.db.engine import Database
from app.domain.idempotency import queries
from app.domain.idempotency.service import KEPT
from app.kit import clock

BATCH = 500


async def forget_old_calls(database: Database) -> int:
    """Those of more than a day ago. Their number."""

    async def step(tx: AsyncSession) -> int:
        return await queries.forget_old(tx, clock.utc_now() - KEPT, BATCH)

    return await in_batches(database.everywhere(), step)  # everywhere: a job is everybody's
