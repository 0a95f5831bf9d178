"""Advisory locks: one at a time through a use case that no row can stand for."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def hold(tx: AsyncSession, name: str) -> None:
    """Wait for the lock `name` and keep it until the transaction ends.

    SQLite admits one writing transaction at a time, so there the transaction is the lock.
    """
    if tx.get_bind().dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})
