"""Invitations: links that make their bearer a member, once, while they last."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission, Role
from app.access.principal import Person, Principal
from app.db.engine import Database
from app.domain.accounts.policy import check, email_problem, normal_email
from app.domain.accounts.service import Browser, People, Signup
from app.domain.workspaces import policy, queries
from app.domain.workspaces.errors import (
    AlreadyMember,
    InvitationForAnother,
    InvitationGone,
    InvitationNotFound,
)
from app.domain.workspaces.models import Invitation, Workspace
from app.domain.workspaces.service import Workspaces
from app.kit import clock, cursor
from app.kit.ids import fingerprint, new_id, new_secret
from app.web.paging import Page, cut

MOST_PENDING = 200  # shown on the members page


@dataclass(frozen=True, slots=True)
class Invited:
    """What the bearer of a link gets to see before accepting."""

    invitation: Invitation
    workspace: Workspace
    invited_by: str


class Invitations:
    """The invitations of the caller's workspace."""

    def __init__(self, tx: AsyncSession, caller: Principal) -> None:
        self._tx = tx
        self._caller = caller

    async def create(self, email: str, role: Role) -> tuple[Invitation, str]:
        """An invitation and the secret of its link, which is not kept. Raises `OwnersOnly`.

        Only the person with `email` can use it; "" lets anybody with the link in.
        """
        policy.require_may_manage(self._caller, role)
        email = normal_email(email)
        check(email=email_problem(email) if email else "")
        secret = new_secret()
        now = clock.utc_now()
        invitation = Invitation(
            id=new_id(),
            workspace_id=self._caller.workspace_id,
            email=email,
            role=role.value,
            secret_hash=fingerprint(secret),
            invited_by=self._caller.user_id,
            invited_by_key=None if self._caller.user_id else self._caller.credential_id,
            created_at=now,
            expires_at=now + policy.INVITATION_LIFE,
        )
        self._tx.add(invitation)
        await self._tx.flush()
        return invitation, secret

    async def pending(self) -> list[tuple[Invitation, str | None]]:
        """Those that still work, with the name of who invited."""
        self._caller.require(Permission.MEMBERS_MANAGE)
        now = clock.utc_now()
        return await queries.pending_invitations(self._tx, self._caller, now, MOST_PENDING)

    async def page(
        self, limit: int, after: str | None = None
    ) -> Page[tuple[Invitation, str | None]]:
        """The same, some at a time; `after` is a cursor."""
        self._caller.require(Permission.MEMBERS_MANAGE)
        before = cursor.decode(after, tuple[UUID])[0] if after else None
        now = clock.utc_now()
        rows = await queries.pending_invitations(self._tx, self._caller, now, limit + 1, before)
        return cut(rows, limit, lambda row: (row[0].id,))

    async def revoke(self, invitation_id: UUID) -> None:
        """Raises `InvitationNotFound`."""
        self._caller.require(Permission.MEMBERS_MANAGE)
        found = await queries.invitation(self._tx, self._caller, invitation_id)
        if found is None or found.accepted_at is not None:
            raise InvitationNotFound
        policy.require_may_manage(self._caller, Role(found.role))
        await queries.revoke(self._tx, self._caller, invitation_id)


async def revoke_of_key(tx: AsyncSession, caller: Principal, key_id: UUID) -> None:
    """Take back what a key has sent: whoever had the key must not come in by it later."""
    await queries.revoke_from_key(tx, caller, key_id)


async def look(tx: AsyncSession, secret: str) -> Invited:
    """What a link is for. Raises `InvitationGone`."""
    found = await queries.invitation_by_secret(tx, fingerprint(secret), clock.utc_now())
    if found is None:
        raise InvitationGone("Ask whoever invited you for a new link.")
    invitation, workspace, inviter = found
    return Invited(invitation, workspace, inviter or "A former member")


async def accept(tx: AsyncSession, secret: str, person: Person) -> Workspace:
    """The person becomes a member.

    Raises `InvitationGone`, or `AlreadyMember` or `InvitationForAnother`, and keeps it.
    """
    invited = await look(tx, secret)
    already = AlreadyMember(f"Open {invited.workspace.name}.", slug=invited.workspace.slug)
    if await queries.membership(tx, invited.workspace.id, person.user_id) is not None:
        raise already
    if invited.invitation.email not in ("", person.email):
        raise InvitationForAnother(f"Sign in as {invited.invitation.email} and open it again.")
    try:
        await _use_up(tx, invited, person.user_id)
    except AlreadyMember as error:  # by another link, since we looked
        raise already from error
    return invited.workspace


async def accept_as_new(
    database: Database, secret: str, signup: Signup, browser: Browser
) -> tuple[Workspace, str]:
    """A new person becomes a member; gives the secret of their first session.

    Raises `InvitationGone`, `EmailTaken`.
    """
    async with database.transaction() as tx:
        invited = await look(tx, secret)
        if invited.invitation.email not in ("", signup.email):
            raise InvitationForAnother(f"It is for {invited.invitation.email}.")
        people = People(tx)
        user = await people.add(signup)
        await _use_up(tx, invited, user.id)
        return invited.workspace, await people.open_session(user.id, browser)


async def _use_up(tx: AsyncSession, invited: Invited, user_id: UUID) -> None:
    if not await queries.claim(tx, invited.invitation, clock.utc_now()):
        raise InvitationGone("Ask whoever invited you for a new link.")
    role = Role(invited.invitation.role)
    await Workspaces(tx).add_member(invited.workspace.id, user_id, role)
