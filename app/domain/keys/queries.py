"""Every SQL statement about API keys."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace, within
from app.domain.accounts.models import User
from app.domain.keys.models import ApiKey


async def by_secret(tx: AsyncSession, secret_hash: str, now: datetime) -> ApiKey | None:
    """A key that is neither revoked nor expired."""
    # unscoped: the key itself says in which workspace it acts
    statement = select(ApiKey).where(
        ApiKey.secret_hash == secret_hash,
        ApiKey.revoked_at.is_(None),
        or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
    )
    return (await tx.execute(statement)).scalar_one_or_none()


async def live(tx: AsyncSession, where: InWorkspace, key_id: UUID, now: datetime) -> ApiKey | None:
    statement = select(ApiKey).where(
        ApiKey.id == key_id,
        ApiKey.revoked_at.is_(None),
        or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
    )
    return (await tx.execute(within(statement, where, ApiKey))).scalar_one_or_none()


async def listed(
    tx: AsyncSession, where: InWorkspace, before: UUID | None, limit: int
) -> Sequence[tuple[ApiKey, str | None]]:
    """Keys that are not revoked, the newest first, with the name of who made each."""
    statement = within(
        select(ApiKey, User.name)
        .outerjoin(User, User.id == ApiKey.created_by)
        .where(ApiKey.revoked_at.is_(None)),
        where,
        ApiKey,
    )
    if before is not None:
        statement = statement.where(ApiKey.id < before)
    rows = await tx.execute(statement.order_by(ApiKey.id.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows.all()]


async def named(
    tx: AsyncSession, where: InWorkspace, key_id: UUID
) -> tuple[ApiKey, str | None] | None:
    """A key that is not revoked, with the name of who made it."""
    statement = within(
        select(ApiKey, User.name)
        .outerjoin(User, User.id == ApiKey.created_by)
        .where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None)),
        where,
        ApiKey,
    )
    row = (await tx.execute(statement)).one_or_none()
    return (row[0], row[1]) if row else None


async def revoke(tx: AsyncSession, where: InWorkspace, key_id: UUID, now: datetime) -> bool:
    """Whether there was such a key to revoke."""
    statement = (
        update(ApiKey)
        .where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(ApiKey.id)
    )
    return (await tx.execute(within(statement, where, ApiKey))).first() is not None


async def touch(tx: AsyncSession, where: InWorkspace, key_id: UUID, now: datetime) -> None:
    statement = within(update(ApiKey).where(ApiKey.id == key_id), where, ApiKey)
    await tx.execute(statement.values(used_at=now))


async def alive(tx: AsyncSession, ids: Collection[UUID], now: datetime) -> set[UUID]:
    """Which of these keys are neither revoked nor expired."""
    # unscoped: keys of all workspaces that are in use here
    statement = select(ApiKey.id).where(
        ApiKey.id.in_(ids),
        ApiKey.revoked_at.is_(None),
        or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now),
    )
    return set((await tx.execute(statement)).scalars())


async def touch_all(tx: AsyncSession, ids: Collection[UUID], now: datetime) -> None:
    # unscoped: as above
    await tx.execute(update(ApiKey).where(ApiKey.id.in_(ids)).values(used_at=now))
