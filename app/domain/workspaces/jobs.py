"""What is tidied up after workspaces."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.batches import in_batches
from app.db.engine import Database
from app.domain.workspaces import queries
from app.kit import clock

BATCH = 500


async def drop_expired_invitations(database: Database) -> int:
    """Links that nobody used while they worked; with them goes an address. Their number."""

    async def step(tx: AsyncSession) -> int:
        return await queries.drop_expired_invitations(tx, clock.utc_now(), BATCH)

    return await in_batches(database.everywhere(), step)  # everywhere: links of all run out
