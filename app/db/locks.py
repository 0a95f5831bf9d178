"""Advisory locks: one at a time through a use case that no row can stand for."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession


async def hold(tx: AsyncSession, name: str) -> None:
    """Wait for the lock `name` and keep it until the transaction ends.

    SQLite admits one writing transaction at a time, so there the transaction is the lock.
    """
    if tx.get_bind().dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})


@asynccontextmanager
async def holding(connection: AsyncConnection, name: str) -> AsyncGenerator[None, None]:
    """The lock `name` over several transactions of one connection, waiting as long as it takes.

    It ends with the connection: whoever dies holds nothing. Nothing happens on SQLite, whose
    file has one owner.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    await connection.execute(text("SET LOCAL lock_timeout = 0"))
    await connection.execute(text("SET LOCAL statement_timeout = 0"))
    await connection.execute(text("SELECT pg_advisory_lock(hashtext(:name))"), {"name": name})
    await connection.commit()
    try:
        yield
    finally:
        await connection.rollback()
        await connection.execute(text("SELECT pg_advisory_unlock(hashtext(:name))"), {"name": name})
        await connection.commit()
