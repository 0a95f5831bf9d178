"""Every SQL statement about workspaces, members and invitations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Role
from app.access.tenancy import InWorkspace, within
from app.domain.accounts.models import Session, User
from app.domain.workspaces.models import Invitation, Member, Workspace


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the members' list."""

    member: Member
    user: User
    last_active: datetime | None
    listed_as: str  # the name as the list is sorted by it, in this database's lower case


async def by_id(tx: AsyncSession, workspace_id: UUID) -> Workspace | None:
    return await tx.get(Workspace, workspace_id)


async def by_slug(tx: AsyncSession, slug: str) -> Workspace | None:
    return (await tx.execute(select(Workspace).where(Workspace.slug == slug))).scalar_one_or_none()


async def is_slug_taken(tx: AsyncSession, slug: str) -> bool:
    statement = select(exists().where(Workspace.slug == slug))
    return bool((await tx.execute(statement)).scalar_one())


async def only_name(tx: AsyncSession) -> str | None:
    """The workspace's name when the server has exactly one."""
    names = (await tx.execute(select(Workspace.name).order_by(Workspace.id).limit(2))).scalars()
    found = names.all()
    return found[0] if len(found) == 1 else None


async def held(tx: AsyncSession, where: InWorkspace) -> Workspace:
    """The workspace's row, kept from others until the transaction ends."""
    statement = select(Workspace).where(Workspace.id == where.workspace_id).with_for_update()
    return (await tx.execute(statement)).scalar_one()


async def rename(tx: AsyncSession, where: InWorkspace, name: str) -> None:
    await tx.execute(update(Workspace).where(Workspace.id == where.workspace_id).values(name=name))


async def label_roles(tx: AsyncSession, where: InWorkspace) -> dict[str, Any] | None:
    statement = select(Workspace.label_roles).where(Workspace.id == where.workspace_id)
    return (await tx.execute(statement)).scalar_one_or_none()


async def set_label_roles(tx: AsyncSession, where: InWorkspace, roles: dict[str, Any]) -> None:
    statement = update(Workspace).where(Workspace.id == where.workspace_id)
    await tx.execute(statement.values(label_roles=roles))


# unscoped: a person's own memberships, whichever workspace they are in
_OF_PERSON = (
    select(Workspace.id, Workspace.slug, Workspace.name, Member.role)
    .join(Member, Member.workspace_id == Workspace.id)
    .where(Member.user_id == bindparam("user_id"))
    .order_by(func.lower(Workspace.name), Workspace.id)
    .limit(bindparam("most"))
)


async def of_person(tx: AsyncSession, user_id: UUID, limit: int) -> Sequence[Any]:
    """Id, slug and name of the person's workspaces with their role in each, by name."""
    # Made once and past the ORM: every page asks this.
    given = {"user_id": user_id, "most": limit}
    return (await (await tx.connection()).execute(_OF_PERSON, given)).all()


async def membership_by_slug(tx: AsyncSession, user_id: UUID, slug: str) -> Member | None:
    # unscoped: this answers which workspace the caller may act in
    statement = (
        select(Member)
        .join(Workspace, Workspace.id == Member.workspace_id)
        .where(Workspace.slug == slug, Member.user_id == user_id)
    )
    return (await tx.execute(statement)).scalar_one_or_none()


async def membership(tx: AsyncSession, workspace_id: UUID, user_id: UUID) -> Member | None:
    # unscoped: the key itself holds the workspace
    return await tx.get(Member, (workspace_id, user_id))


async def held_member(tx: AsyncSession, where: InWorkspace, user_id: UUID) -> Member | None:
    """A membership, kept from others until the transaction ends."""
    statement = within(select(Member).where(Member.user_id == user_id), where, Member)
    return (await tx.execute(statement.with_for_update())).scalar_one_or_none()


async def members(
    tx: AsyncSession,
    where: InWorkspace,
    after: tuple[int, str, UUID] | None,
    limit: int,
    words: str = "",
) -> list[Row]:
    """Members, the most powerful first, then by name; `after` is the last one's sort key.

    With `words` only those whose name or e-mail has it.
    """
    rank = case({role.value: number for number, role in enumerate(Role)}, value=Member.role)
    order = (rank, func.lower(User.name), User.id)
    statement = _rows(where).order_by(*order).limit(limit)
    if words:
        statement = statement.where(_says(words))
    if after is not None:
        statement = statement.where(tuple_(*order) > tuple_(*after))
    return [Row(*row) for row in (await tx.execute(statement)).all()]


async def count_members(tx: AsyncSession, where: InWorkspace, words: str = "") -> int:
    """How many `members` has in all."""
    statement = select(func.count()).select_from(Member)
    if words:
        statement = statement.join(User, User.id == Member.user_id).where(_says(words))
    return (await tx.execute(within(statement, where, Member))).scalar_one()


def _says(words: str) -> ColumnElement[bool]:
    named = User.name.icontains(words, autoescape=True)
    return or_(named, User.email.icontains(words, autoescape=True))


async def member(tx: AsyncSession, where: InWorkspace, user_id: UUID) -> Row | None:
    """One member as the list has them."""
    row = (await tx.execute(_rows(where).where(User.id == user_id))).one_or_none()
    return Row(*row) if row else None


def _rows(where: InWorkspace) -> Select[Member, User, datetime | None, str]:
    last_active = (
        select(func.max(Session.seen_at)).where(Session.user_id == User.id).scalar_subquery()
    )
    statement = select(Member, User, last_active, func.lower(User.name)).join(
        User, User.id == Member.user_id
    )
    return within(statement, where, Member)


async def admins(tx: AsyncSession, where: InWorkspace, limit: int) -> list[str]:
    """The names of some who manage the workspace."""
    powerful = (Role.OWNER.value, Role.ADMIN.value)
    statement = within(
        select(User.name)
        .join(Member, Member.user_id == User.id)
        .where(Member.role.in_(powerful))
        .order_by(Member.joined_at, User.id)
        .limit(limit),
        where,
        Member,
    )
    return list((await tx.execute(statement)).scalars().all())


async def owners(tx: AsyncSession, where: InWorkspace) -> Sequence[Member]:
    """The workspace's owners, held against a concurrent change until the transaction ends."""
    statement = within(select(Member).where(Member.role == Role.OWNER.value), where, Member)
    return (await tx.execute(statement.with_for_update())).scalars().all()


async def count_owners(tx: AsyncSession, where: InWorkspace) -> int:
    statement = select(func.count()).select_from(Member).where(Member.role == Role.OWNER.value)
    return (await tx.execute(within(statement, where, Member))).scalar_one()


async def change_role(tx: AsyncSession, where: InWorkspace, user_id: UUID, role: Role) -> None:
    statement = within(update(Member).where(Member.user_id == user_id), where, Member)
    await tx.execute(statement.values(role=role.value))


async def remove(tx: AsyncSession, where: InWorkspace, user_id: UUID) -> None:
    await tx.execute(within(delete(Member).where(Member.user_id == user_id), where, Member))


async def pending_invitations(
    tx: AsyncSession, where: InWorkspace, now: datetime, limit: int, before: UUID | None = None
) -> list[tuple[Invitation, str | None]]:
    """Invitations that still work, the newest first, with the name of who invited."""
    statement = within(
        select(Invitation, User.name)
        .outerjoin(User, User.id == Invitation.invited_by)
        .where(Invitation.accepted_at.is_(None), Invitation.expires_at > now),
        where,
        Invitation,
    )
    if before is not None:
        statement = statement.where(Invitation.id < before)
    rows = await tx.execute(statement.order_by(Invitation.id.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows.all()]


async def invitation(
    tx: AsyncSession, where: InWorkspace, invitation_id: UUID
) -> Invitation | None:
    statement = within(select(Invitation).where(Invitation.id == invitation_id), where, Invitation)
    return (await tx.execute(statement)).scalar_one_or_none()


async def invitation_by_secret(
    tx: AsyncSession, secret_hash: str, now: datetime
) -> tuple[Invitation, Workspace, str | None] | None:
    """An invitation that still works, its workspace, and the name of who invited."""
    # unscoped: the link itself says into which workspace it leads
    statement = (
        select(Invitation, Workspace, User.name)
        .join(Workspace, Workspace.id == Invitation.workspace_id)
        .outerjoin(User, User.id == Invitation.invited_by)
        .where(
            Invitation.secret_hash == secret_hash,
            Invitation.accepted_at.is_(None),
            Invitation.expires_at > now,
        )
    )
    row = (await tx.execute(statement)).one_or_none()
    return (row[0], row[1], row[2]) if row else None


async def claim(tx: AsyncSession, found: Invitation, now: datetime) -> bool:
    """Use the invitation up; of several at once exactly one gets True."""
    statement = update(Invitation).where(
        Invitation.id == found.id, Invitation.accepted_at.is_(None), Invitation.expires_at > now
    )
    return await _count(tx, within(statement, found, Invitation).values(accepted_at=now)) == 1


async def revoke(tx: AsyncSession, where: InWorkspace, invitation_id: UUID) -> None:
    statement = delete(Invitation).where(Invitation.id == invitation_id)
    await tx.execute(within(statement, where, Invitation))


async def revoke_from(tx: AsyncSession, where: InWorkspace, user_id: UUID) -> None:
    """Take back every unused invitation that `user_id` has sent."""
    statement = delete(Invitation).where(
        Invitation.invited_by == user_id, Invitation.accepted_at.is_(None)
    )
    await tx.execute(within(statement, where, Invitation))


async def revoke_from_key(tx: AsyncSession, where: InWorkspace, key_id: UUID) -> None:
    statement = delete(Invitation).where(
        Invitation.invited_by_key == key_id, Invitation.accepted_at.is_(None)
    )
    await tx.execute(within(statement, where, Invitation))


async def drop_expired_invitations(tx: AsyncSession, now: datetime, limit: int) -> int:
    """At most `limit` that nobody accepted; how many there were."""
    # unscoped: a job tidies up after all workspaces
    expired = (
        select(Invitation.id)
        .where(Invitation.accepted_at.is_(None), Invitation.expires_at <= now)
        .limit(limit)
    )
    # unscoped: as above
    return await _count(tx, delete(Invitation).where(Invitation.id.in_(expired)))


async def _count(tx: AsyncSession, statement: Any) -> int:
    result: CursorResult[Any] = await tx.execute(statement)  # type: ignore[assignment]
    return result.rowcount
