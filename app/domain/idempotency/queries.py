"""Every SQL statement about calls that may be made again."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.tenancy import within
from app.domain.idempotency.models import KeptCall


async def begin(tx: AsyncSession, caller: Principal, **values: Any) -> bool:
    """Insert the row; False when it is there already."""
    dialects: Any = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    # unscoped: the row carries the workspace itself
    statement = dialects.insert(KeptCall).values(
        key_id=caller.credential_id, workspace_id=caller.workspace_id, **values
    )
    done = await tx.execute(statement.on_conflict_do_nothing().returning(KeptCall.name_sha256))
    return done.scalar_one_or_none() is not None


async def held(tx: AsyncSession, caller: Principal, name_sha256: str) -> KeptCall | None:
    """The row, kept from others until the transaction ends."""
    statement = within(
        select(KeptCall).where(
            KeptCall.key_id == caller.credential_id, KeptCall.name_sha256 == name_sha256
        ),
        caller,
        KeptCall,
    )
    return (await tx.execute(statement.with_for_update())).scalar_one_or_none()


async def count(tx: AsyncSession, caller: Principal) -> int:
    statement = select(func.count()).select_from(KeptCall)
    statement = statement.where(KeptCall.key_id == caller.credential_id)
    return int((await tx.execute(within(statement, caller, KeptCall))).scalar_one())


async def change(
    tx: AsyncSession, caller: Principal, name_sha256: str, turn: UUID, **values: Any
) -> bool:
    """Change the row of a call that is being worked on; False when it is somebody else's turn."""
    statement = update(KeptCall).where(
        KeptCall.key_id == caller.credential_id,
        KeptCall.name_sha256 == name_sha256,
        KeptCall.turn == turn,
        KeptCall.answer_status.is_(None),
    )
    return await _count(tx, within(statement, caller, KeptCall).values(**values)) == 1


async def forget(tx: AsyncSession, caller: Principal, name_sha256: str, turn: UUID) -> None:
    """Take back a call that came to nothing."""
    statement = delete(KeptCall).where(
        KeptCall.key_id == caller.credential_id,
        KeptCall.name_sha256 == name_sha256,
        KeptCall.turn == turn,
        KeptCall.answer_status.is_(None),
    )
    await tx.execute(within(statement, caller, KeptCall))


async def forget_old(tx: AsyncSession, before: datetime, limit: int) -> int:
    """At most `limit` of them; how many there were."""
    # unscoped: a job tidies up after all workspaces
    keys = tuple_(KeptCall.key_id, KeptCall.name_sha256)
    # unscoped: as above
    old = select(KeptCall.key_id, KeptCall.name_sha256).where(KeptCall.created_at < before)
    # unscoped: as above
    return await _count(tx, delete(KeptCall).where(keys.in_(old.limit(limit))))


async def _count(tx: AsyncSession, statement: Any) -> int:
    statement = statement.execution_options(synchronize_session=False)
    result: CursorResult[Any] = await tx.execute(statement)  # type: ignore[assignment]
    return result.rowcount
