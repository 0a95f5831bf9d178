"""What is tidied up after imports."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.batches import in_batches
from app.db.engine import Database
from app.domain.exchange import queries
from app.domain.exchange.imports.uploads import KEPT
from app.kit import clock

BATCH = 10  # each with up to 32 MiB


async def drop_old_imports(database: Database) -> int:
    """What was brought to a page and never imported, and what became of the others."""

    async def step(tx: AsyncSession) -> int:
        return await queries.drop_old_imports(tx, clock.utc_now() - KEPT, BATCH)

    return await in_batches(database.everywhere(), step)  # everywhere: those of all run out
