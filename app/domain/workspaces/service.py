"""What people can do with a workspace and its members."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission, Role
from app.access.principal import Person, Principal
from app.db import locks
from app.db.races import claim
from app.domain.accounts.models import User
from app.domain.accounts.policy import check, name_problem
from app.domain.accounts.service import Browser, People, Signup
from app.domain.workspaces import policy, queries
from app.domain.workspaces.errors import (
    AlreadyMember,
    AlreadySetUp,
    LastOwner,
    MemberNotFound,
    WorkspaceNotFound,
)
from app.domain.workspaces.models import Member, Workspace
from app.kit import clock, cursor
from app.kit.ids import new_id, slug
from app.web.paging import Page, cut

MOST_WORKSPACES = 200  # of one person, in the switcher


@dataclass(frozen=True, slots=True)
class Membership:
    """One of a person's workspaces and their role in it."""

    id: UUID
    slug: str
    name: str
    role: Role


class Workspaces:
    """Workspaces as a person has them: several, one at a time."""

    def __init__(self, tx: AsyncSession) -> None:
        self._tx = tx

    async def create(self, owner_id: UUID, name: str, field: str = "name") -> Workspace:
        """A workspace with its first owner. Raises `InvalidFields` about `field`."""
        check(**{field: name_problem(name, policy.NAME_LONGEST)})
        now = clock.utc_now()
        workspace = Workspace(
            id=new_id(), slug=await self._free_slug(name), name=name, created_at=now
        )
        self._tx.add(workspace)
        await self._tx.flush()
        await self.add_member(workspace.id, owner_id, Role.OWNER)
        return workspace

    async def add_member(self, workspace_id: UUID, user_id: UUID, role: Role) -> None:
        """Raises `AlreadyMember`."""
        self._tx.add(
            Member(
                workspace_id=workspace_id,
                user_id=user_id,
                role=role.value,
                joined_at=clock.utc_now(),
            )
        )
        already = AlreadyMember("There is nothing left to do.")
        await claim(self._tx, (Member.workspace_id, Member.user_id), already)

    async def mine(self, person: Person) -> list[Membership]:
        """The person's workspaces, by name."""
        rows = await queries.of_person(self._tx, person.user_id, MOST_WORKSPACES)
        return [Membership(row.id, row.slug, row.name, Role(row.role)) for row in rows]

    async def own(self, caller: Principal, *, holds: bool = False) -> Workspace:
        """The caller's; held against others who change it until the transaction ends."""
        caller.require(Permission.MEMBERS_READ)
        if holds:
            return await queries.held(self._tx, caller)
        found = await queries.by_id(self._tx, caller.workspace_id)
        if found is None:  # deleted since the caller was recognised
            raise WorkspaceNotFound
        return found

    async def rename(self, caller: Principal, name: str) -> None:
        """Raises `InvalidFields`. Its address stays, so that links keep working."""
        caller.require(Permission.WORKSPACE_MANAGE)
        check(name=name_problem(name, policy.NAME_LONGEST))
        await queries.rename(self._tx, caller, name)

    async def label_roles(self, caller: Principal) -> dict[str, Role]:
        """The weakest role that may move a label, for each that is protected."""
        found = await queries.label_roles(self._tx, caller) or {}
        return {label: Role(role) for label, role in found.items()}

    async def protect_label(self, caller: Principal, label: str, role: Role | None) -> None:
        """Let only `role` and those above move a label; None = whoever may move labels."""
        caller.require(Permission.WORKSPACE_MANAGE)
        await locks.hold(self._tx, f"label-roles:{caller.workspace_id}")
        roles = dict(await queries.label_roles(self._tx, caller) or {})
        roles.pop(label, None)
        if role is not None:
            roles[label] = role.value
        await queries.set_label_roles(self._tx, caller, roles)

    async def only_name(self) -> str | None:
        """What to sign in to, when the server has exactly one workspace."""
        return await queries.only_name(self._tx)

    async def _free_slug(self, name: str) -> str:
        wanted = slug(name)
        await locks.hold(self._tx, "workspace-slug")
        if not await queries.is_slug_taken(self._tx, wanted):
            return wanted
        return f"{wanted}-{secrets.token_hex(3)}"  # tells nothing about who has the plain one


class Members:
    """The people of the caller's workspace."""

    def __init__(self, tx: AsyncSession, caller: Principal) -> None:
        self._tx = tx
        self._caller = caller

    async def page(
        self, limit: int, after: str | None = None, words: str = ""
    ) -> Page[queries.Row]:
        """Members, the most powerful first; `after` is a cursor. Raises `InvalidCursor`.

        `words`, unless empty, is in the name or the e-mail of all of them.
        """
        self._caller.require(Permission.MEMBERS_READ)
        start = cursor.decode(after, tuple[int, str, UUID]) if after else None
        rows = await queries.members(self._tx, self._caller, start, limit + 1, words)
        ranks = list(Role)
        return cut(
            rows,
            limit,
            lambda row: (ranks.index(Role(row.member.role)), row.listed_as, row.user.id),
        )

    async def count(self, words: str = "") -> int:
        """How many there are, on all pages."""
        self._caller.require(Permission.MEMBERS_READ)
        return await queries.count_members(self._tx, self._caller, words)

    async def one(self, user_id: UUID) -> queries.Row:
        """Raises `MemberNotFound`."""
        self._caller.require(Permission.MEMBERS_READ)
        row = await queries.member(self._tx, self._caller, user_id)
        if row is None:
            raise MemberNotFound
        return row

    async def hold(self, user_id: UUID) -> queries.Row:
        """As `one`, and nobody changes it until the transaction ends."""
        await queries.held_member(self._tx, self._caller, user_id)
        return await self.one(user_id)

    async def owner_count(self) -> int:
        return await queries.count_owners(self._tx, self._caller)

    async def change_role(self, user_id: UUID, role: Role) -> bool:
        """Whether anything changed. Raises `MemberNotFound`, `OwnersOnly`, `LastOwner`."""
        member = await self._member(user_id)
        policy.require_may_manage(self._caller, Role(member.role), role)
        if member.role == role.value:
            return False
        await self._keep_an_owner(member)
        await queries.change_role(self._tx, self._caller, user_id, role)
        await queries.revoke_from(self._tx, self._caller, user_id)  # sent with other rights
        return True

    async def remove(self, user_id: UUID) -> None:
        """Remove a member; everybody may remove themselves.

        Raises `MemberNotFound`, `OwnersOnly`, `LastOwner`.
        """
        member = await self._member(user_id)
        if user_id != self._caller.user_id:
            policy.require_may_manage(self._caller, Role(member.role))
        await self._keep_an_owner(member)
        await queries.remove(self._tx, self._caller, user_id)
        await queries.revoke_from(self._tx, self._caller, user_id)

    async def _member(self, user_id: UUID) -> Member:
        member = await queries.membership(self._tx, self._caller.workspace_id, user_id)
        if member is None:
            raise MemberNotFound
        return member

    async def _keep_an_owner(self, member: Member) -> None:
        if member.role != Role.OWNER.value:
            return
        owners = await queries.owners(self._tx, self._caller)
        if [owner.user_id for owner in owners] == [member.user_id]:
            raise LastOwner("Make somebody else an owner first.")


async def whom_to_ask(tx: AsyncSession, caller: Principal) -> list[str]:
    """The names of two who may manage the workspace; for whoever may not."""
    return await queries.admins(tx, caller, 2)


async def set_up(
    tx: AsyncSession, signup: Signup, workspace_name: str, browser: Browser | None
) -> tuple[Workspace, str]:
    """The first person and workspace, and a session's secret for `browser`.

    Only on an empty database: of two first visitors one gets `AlreadySetUp`. Raises
    `InvalidFields`.
    """
    check(workspace=name_problem(workspace_name, policy.NAME_LONGEST))
    await locks.hold(tx, "set-up")
    people = People(tx)
    if await people.are_there():
        raise AlreadySetUp("Sign in, or ask an admin for an invitation.")
    user = await people.add(signup)
    workspace = await Workspaces(tx).create(user.id, workspace_name, field="workspace")
    return workspace, await people.open_session(user.id, browser) if browser else ""


async def create_user(
    tx: AsyncSession, signup: Signup, workspace: Workspace | None = None, role: Role = Role.EDITOR
) -> User:
    """A person made by an operator, as a member of a workspace if one is given.

    Raises `EmailTaken`.
    """
    user = await People(tx).add(signup)
    if workspace is not None:
        await Workspaces(tx).add_member(workspace.id, user.id, role)
    return user


async def named(tx: AsyncSession, workspace_slug: str) -> Workspace:
    """For operators. Raises `WorkspaceNotFound`."""
    workspace = await queries.by_slug(tx, workspace_slug)
    if workspace is None:
        raise WorkspaceNotFound(f"There is no workspace {workspace_slug!r}.")
    return workspace


def entered(person: Person, mine: Sequence[Membership], workspace_slug: str) -> Principal | None:
    """The person as a member of one of `mine`; None of another, of which there may be more."""
    for one in mine:
        if one.slug == workspace_slug:
            return Principal.of_member(person, one.id, one.role)
    return None


async def enter(tx: AsyncSession, person: Person, workspace_slug: str) -> Principal:
    """The person as a member. Raises `WorkspaceNotFound`, also when it is somebody else's."""
    member = await queries.membership_by_slug(tx, person.user_id, workspace_slug)
    return _principal(person, member)


async def enter_by_id(tx: AsyncSession, person: Person, workspace_id: UUID) -> Principal:
    """The same by id."""
    return _principal(person, await queries.membership(tx, workspace_id, person.user_id))


def _principal(person: Person, member: Member | None) -> Principal:
    if member is None:
        raise WorkspaceNotFound("Check the address, or sign in as somebody who is a member.")
    return Principal.of_member(person, member.workspace_id, Role(member.role))
