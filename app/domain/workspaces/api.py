"""The workspace, its members and the invitations to it, for programs."""

from __future__ import annotations

from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from app.access.permissions import Permission, Role
from app.domain.accounts.deps import AppRequest
from app.domain.workspaces.invitations import Invitations
from app.domain.workspaces.schemas import (
    InvitationInput,
    InvitationList,
    IssuedInvitation,
    MemberList,
    MemberPatch,
    MemberView,
    WorkspacePatch,
    WorkspaceView,
    invitation_view,
    issued,
    member_view,
    workspace_view,
)
from app.domain.workspaces.service import Members, Workspaces
from app.web.conditional import NOT_MODIFIED, ConditionsDep, KnownDep, answered, tag_of
from app.web.deps import Caller, Db, OpenDoors, Tx
from app.web.links import absolute
from app.web.paging import DEFAULT_LIMIT, checked_limit, link_header


class WorkspaceApi(Controller):
    path = "/api/v1/workspace"
    tags = ["workspace"]

    @get("/", name="api:workspace", operation_id="getWorkspace", responses={304: NOT_MODIFIED})
    async def show(self, tx: Tx, caller: Caller, known: KnownDep) -> Response[WorkspaceView]:
        """Get the workspace that the key belongs to. Needs the scope `read`."""
        content = workspace_view(await Workspaces(tx).own(caller))
        return answered(content, tag_of(content), known)

    @patch("/", name="api:rename-workspace", operation_id="renameWorkspace")
    async def rename(
        self, tx: Tx, caller: Caller, conditions: ConditionsDep, data: JSONBody[WorkspacePatch]
    ) -> Response[WorkspaceView]:
        """Rename the workspace. Its address stays, so that links keep working.

        Needs the scope `admin`.
        """
        caller.require(Permission.WORKSPACE_MANAGE)
        workspaces = Workspaces(tx)
        row = await workspaces.own(caller, holds=True)
        conditions.check(tag_of(workspace_view(row)))
        await workspaces.rename(caller, data.name.strip())
        await tx.refresh(row)
        content = workspace_view(row)
        return answered(content, tag_of(content))


class MemberApi(Controller):
    path = "/api/v1/members"
    tags = ["members"]

    @get("/", name="api:members", operation_id="listMembers")
    async def listed(
        self,
        request: AppRequest,
        tx: Tx,
        caller: Caller,
        limit: FromQuery[int] = DEFAULT_LIMIT,
        cursor: FromQuery[str | None] = None,
    ) -> Response[MemberList]:
        """List the members of the key's workspace, the most powerful first.

        Needs the scope `read`. At most 200 at a time; follow `next_cursor`, or the Link header.
        """
        found = await Members(tx, caller).page(checked_limit(limit), cursor)
        content = MemberList([member_view(row) for row in found.items], found.next_cursor)
        return Response(content, headers=link_header(request, found))

    @get(
        "/{user_id:uuid}",
        name="api:member",
        operation_id="getMember",
        responses={304: NOT_MODIFIED},
    )
    async def show(
        self, tx: Tx, caller: Caller, known: KnownDep, user_id: FromPath[UUID]
    ) -> Response[MemberView]:
        """Get one member. Needs the scope `read`."""
        content = member_view(await Members(tx, caller).one(user_id))
        return answered(content, tag_of(content), known)

    @patch("/{user_id:uuid}", name="api:change-member", operation_id="changeMember")
    async def change(  # what a call may say
        self,
        database: Db,
        caller: Caller,
        doors: OpenDoors,
        conditions: ConditionsDep,
        *,
        user_id: FromPath[UUID],
        data: JSONBody[MemberPatch],
    ) -> Response[MemberView]:
        """Give a member another role; what they have open follows within a second.

        No key makes or unmakes an owner: 403 `owners_only`. Needs the scope `admin`.
        """
        caller.require(Permission.MEMBERS_MANAGE)
        async with database.within(caller).transaction() as tx:
            members = Members(tx, caller)
            conditions.check(tag_of(member_view(await members.hold(user_id))))
            has_changed = await members.change_role(user_id, Role(data.role))
            tx.expire_all()
            content = member_view(await members.one(user_id))
        if has_changed:
            doors.access_changed(caller.workspace_id, f"user:{user_id}")
        return answered(content, tag_of(content))

    @delete("/{user_id:uuid}", name="api:remove-member", operation_id="removeMember")
    async def remove(
        self,
        database: Db,
        caller: Caller,
        doors: OpenDoors,
        conditions: ConditionsDep,
        user_id: FromPath[UUID],
    ) -> None:
        """Remove a member from the workspace; what they have open closes within a second.

        What they wrote stays theirs. No key removes an owner. Needs the scope `admin`.
        """
        caller.require(Permission.MEMBERS_MANAGE)
        async with database.within(caller).transaction() as tx:
            members = Members(tx, caller)
            conditions.check(tag_of(member_view(await members.hold(user_id))))
            await members.remove(user_id)
        doors.access_changed(caller.workspace_id, f"user:{user_id}")


class InvitationApi(Controller):
    path = "/api/v1/invitations"
    tags = ["members"]

    @get("/", name="api:invitations", operation_id="listInvitations")
    async def listed(
        self,
        request: AppRequest,
        tx: Tx,
        caller: Caller,
        limit: FromQuery[int] = DEFAULT_LIMIT,
        cursor: FromQuery[str | None] = None,
    ) -> Response[InvitationList]:
        """List the invitations that still work, the newest first, without their links.

        Needs the scope `admin`. Follow `next_cursor`, or the Link header.
        """
        found = await Invitations(tx, caller).page(checked_limit(limit), cursor)
        items = [invitation_view(*one) for one in found.items]
        headers = link_header(request, found)
        return Response(InvitationList(items, found.next_cursor), headers=headers)

    @post("/", name="api:invite", operation_id="createInvitation")
    async def create(
        self, request: AppRequest, tx: Tx, caller: Caller, data: JSONBody[InvitationInput]
    ) -> Response[IssuedInvitation]:
        """Invite somebody: `link` makes its bearer a member, once, within seven days.

        The link is shown this once; no mail is sent. No key invites an owner. It stops working
        when the key that made it is revoked. Needs the scope `admin`.
        """
        row, secret = await Invitations(tx, caller).create(data.email, Role(data.role))
        content = issued(row, absolute(request, f"/join/{secret}"))
        return Response(content, headers={"Cache-Control": "no-store"})

    @delete("/{invitation_id:uuid}", name="api:revoke-invitation", operation_id="revokeInvitation")
    async def revoke(self, tx: Tx, caller: Caller, invitation_id: FromPath[UUID]) -> None:
        """Take an invitation back: its link leads nowhere then. Needs the scope `admin`."""
        await Invitations(tx, caller).revoke(invitation_id)
