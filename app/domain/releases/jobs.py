"""The log of changes is kept for a while; whoever was away for longer is told to begin anew."""

from __future__ import annotations

from datetime import timedelta

from app.db.engine import Database
from app.domain.releases import queries
from app.kit import clock

KEPT = timedelta(days=30)
_AT_ONCE = 200  # rows in a transaction, for others write meanwhile


async def forget_old_changes(database: Database) -> int:
    dropped = 0
    while True:
        # everywhere: a job shortens the log of all workspaces
        async with database.everywhere().transaction() as tx:
            now = await queries.forget_old(tx, clock.utc_now() - KEPT, _AT_ONCE)
        dropped += now
        if now < _AT_ONCE:
            return dropped
