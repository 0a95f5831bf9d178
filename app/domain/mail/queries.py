"""Every SQL statement about e-mails. A job sends them for all workspaces."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from app.access.tenancy import InWorkspace, within
from app.domain.accounts.models import User
from app.domain.inbox.models import Notice
from app.domain.mail.models import Mail
from app.domain.mail.policy import DUE
from app.domain.workspaces.models import Member, Workspace


async def whose_turn(
    tx: AsyncSession, since: datetime, until: datetime, limit: int
) -> list[tuple[UUID, UUID]]:
    """Workspace and person of unread notices that became worth a mail in that time."""
    # unscoped: a job gathers them for all workspaces
    statement = (
        select(Notice.workspace_id, Notice.user_id)
        .where(*_untold(since), Notice.mail_at <= until)
        .distinct()
        .order_by(Notice.workspace_id, Notice.user_id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in (await tx.execute(statement)).all()]


async def untold(
    tx: AsyncSession, where: InWorkspace, user_id: UUID, since: datetime
) -> Sequence[UUID]:
    """A person's unread notices that are worth a mail now or soon, and in none yet."""
    statement = select(Notice.id).where(Notice.user_id == user_id, *_untold(since))
    return (await tx.execute(within(statement, where, Notice))).scalars().all()


def _untold(since: datetime) -> tuple[ColumnElement[bool], ...]:
    return Notice.read_at.is_(None), Notice.mail_id.is_(None), Notice.mail_at > since


async def put_into(tx: AsyncSession, mail: Mail, notice_ids: Sequence[UUID]) -> None:
    tx.add(mail)
    await tx.flush()
    statement = update(Notice).where(Notice.id.in_(notice_ids))
    await _count(tx, within(statement, mail, Notice).values(mail_id=mail.id))


async def due(tx: AsyncSession, now: datetime, limit: int) -> Sequence[Mail]:
    # unscoped: as above
    statement = (
        select(Mail)
        .where(Mail.state == DUE, Mail.try_at <= now)
        .order_by(Mail.try_at, Mail.id)
        .limit(limit)
    )
    return (await tx.execute(statement)).scalars().all()


async def claim(tx: AsyncSession, mail: Mail, now: datetime, until: datetime) -> bool:
    """Take the next try until then; of several at once exactly one gets True."""
    statement = update(Mail).where(Mail.id == mail.id, Mail.state == DUE, Mail.try_at <= now)
    values = {"try_at": until, "tries": mail.tries + 1}
    return await _count(tx, within(statement, mail, Mail).values(**values)) == 1


async def change(tx: AsyncSession, mail: Mail, **values: Any) -> None:
    statement = within(update(Mail).where(Mail.id == mail.id), mail, Mail)
    await _count(tx, statement.values(**values))


async def unread_of(tx: AsyncSession, mail: Mail) -> Sequence[Notice]:
    """Its notices that are still unread, the newest first."""
    statement = (
        select(Notice)
        .where(Notice.mail_id == mail.id, Notice.read_at.is_(None))
        .order_by(Notice.at.desc(), Notice.id.desc())
    )
    return (await tx.execute(within(statement, mail, Notice))).scalars().all()


async def recipient(
    tx: AsyncSession, where: InWorkspace, user_id: UUID
) -> tuple[User, Workspace] | None:
    """None for who is no member any more."""
    statement = within(
        select(User, Workspace)
        .join(Member, Member.user_id == User.id)
        .join(Workspace, Workspace.id == Member.workspace_id)
        .where(User.id == user_id),
        where,
        Member,
    )
    row = (await tx.execute(statement)).one_or_none()
    return (row[0], row[1]) if row else None


async def drop_old(tx: AsyncSession, before: datetime, limit: int) -> int:
    """At most `limit` that are over; how many there were."""
    # unscoped: a job tidies up after all workspaces
    old = select(Mail.id).where(Mail.made_at < before, Mail.state != DUE).limit(limit)
    # unscoped: as above
    return await _count(tx, delete(Mail).where(Mail.id.in_(old)))


async def _count(tx: AsyncSession, statement: Any) -> int:
    statement = statement.execution_options(synchronize_session=False)
    result: CursorResult[Any] = await tx.execute(statement)  # type: ignore[assignment]
    return result.rowcount
