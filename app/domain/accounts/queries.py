"""Every SQL statement about people and their sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, exists, func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.accounts.models import Session, User


async def anybody(tx: AsyncSession) -> bool:
    """Whether the database has people at all."""
    return bool((await tx.execute(select(exists().select_from(User)))).scalar_one())


async def hues(tx: AsyncSession) -> dict[str, int]:
    """How many people have each colour."""
    found = await tx.execute(select(User.hue, func.count()).group_by(User.hue))
    return {row[0]: row[1] for row in found}


async def by_email(tx: AsyncSession, email: str) -> User | None:
    return (await tx.execute(select(User).where(User.email == email))).scalar_one_or_none()


async def by_id(tx: AsyncSession, user_id: UUID) -> User | None:
    return await tx.get(User, user_id)


async def password_of(tx: AsyncSession, user_id: UUID) -> str | None:
    statement = select(User.password_hash).where(User.id == user_id)
    return (await tx.execute(statement)).scalar_one_or_none()


async def change(tx: AsyncSession, user_id: UUID, **columns: Any) -> None:
    await tx.execute(update(User).where(User.id == user_id).values(**columns))


_SEEN = select(
    *(Session.id.label("session_id"), Session.seen_at),
    *(User.id.label("user_id"), User.name, User.email, User.hue),
).join(User, User.id == Session.user_id)
_BY_SECRET = _SEEN.where(
    Session.secret_hash == bindparam("secret_hash"), Session.expires_at > bindparam("now")
)


async def session_of(tx: AsyncSession, secret_hash: str, now: datetime) -> Any:
    """A session's id, when it was seen and whose it is, or None."""
    # Made once and past the ORM: every request asks this.
    given = {"secret_hash": secret_hash, "now": now}
    return (await (await tx.connection()).execute(_BY_SECRET, given)).one_or_none()


async def live_session(tx: AsyncSession, session_id: UUID, user_id: UUID, now: datetime) -> Any:
    """The same of a session that is known by its id."""
    statement = _SEEN.where(
        Session.id == session_id, Session.user_id == user_id, Session.expires_at > now
    )
    return (await tx.execute(statement)).one_or_none()


async def sessions_of(
    tx: AsyncSession, user_id: UUID, now: datetime, limit: int
) -> Sequence[Session]:
    statement = (
        select(Session)
        .where(Session.user_id == user_id, Session.expires_at > now)
        .order_by(Session.seen_at.desc(), Session.id.desc())
        .limit(limit)
    )
    return (await tx.execute(statement)).scalars().all()


async def touch(
    tx: AsyncSession, session_id: UUID, seen_at: datetime, expires_at: datetime
) -> None:
    statement = update(Session).where(Session.id == session_id)
    await tx.execute(statement.values(seen_at=seen_at, expires_at=expires_at))


async def renew(tx: AsyncSession, session_id: UUID, secret_hash: str) -> None:
    statement = update(Session).where(Session.id == session_id)
    await tx.execute(statement.values(secret_hash=secret_hash))


async def end(tx: AsyncSession, user_id: UUID, session_id: UUID) -> bool:
    """Whether there was such a session to end."""
    statement = delete(Session).where(Session.id == session_id, Session.user_id == user_id)
    return await _count(tx, statement) == 1


async def end_by_secret(tx: AsyncSession, secret_hash: str) -> None:
    await tx.execute(delete(Session).where(Session.secret_hash == secret_hash))


async def end_others(tx: AsyncSession, user_id: UUID, keep: UUID) -> int:
    """How many sessions ended."""
    statement = delete(Session).where(Session.user_id == user_id, Session.id != keep)
    return await _count(tx, statement)


async def drop_expired(tx: AsyncSession, user_id: UUID, now: datetime) -> None:
    await tx.execute(delete(Session).where(Session.user_id == user_id, Session.expires_at <= now))


async def drop_some_expired(tx: AsyncSession, now: datetime, limit: int) -> int:
    """At most `limit` of everybody's; how many there were."""
    expired = select(Session.id).where(Session.expires_at <= now).limit(limit)
    return await _count(tx, delete(Session).where(Session.id.in_(expired)))


async def _count(tx: AsyncSession, statement: Any) -> int:
    result: CursorResult[Any] = await tx.execute(statement)  # type: ignore[assignment]
    return result.rowcount
