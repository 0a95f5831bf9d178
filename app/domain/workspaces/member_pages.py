"""Pages of members and invitations: who is in, with which role, and the way in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import DESCRIPTIONS, GRANTS, Permission, Role
from app.access.principal import Person, Principal
from app.domain.accounts.deps import AppRequest, SignInDep, browser_of, signed_in
from app.domain.accounts.errors import EmailTaken
from app.domain.accounts.models import User
from app.domain.accounts.policy import initials
from app.domain.workspaces import invitations, policy
from app.domain.workspaces.errors import AlreadyMember
from app.domain.workspaces.invitations import Invitations, Invited
from app.domain.workspaces.models import Member
from app.domain.workspaces.service import Members
from app.errors import InvalidFields
from app.web.deps import Caller, Db, OpenDoors, PageShell, Tx, Visitor
from app.web.forms import again, typed
from app.web.htmx import page, see_other
from app.web.links import absolute
from app.web.paging import MAX_LIMIT
from app.web.templates import shell as shell_of


class MemberPages(Controller):
    """A workspace's members and its open invitations."""

    path = "/w/{workspace:str}/settings"
    include_in_schema = False

    @get("/members", name="workspaces:members")
    async def members(
        self, request: AppRequest, tx: Tx, caller: Caller, shell: PageShell
    ) -> Response[Any]:
        context = await _members(tx, caller, request.query_params.get("cursor"))
        return page(request, "workspaces/members.html", **shell, **context, **_NOTHING_TYPED)

    @post("/members/{user_id:uuid}/role", name="workspaces:change-role")
    async def change_role(
        self,
        request: AppRequest,
        caller: Caller,
        database: Db,
        doors: OpenDoors,
        user_id: FromPath[UUID],
    ) -> Response[Any]:
        form = await typed(request, "role")
        role = policy.role_named(form["role"])
        async with database.transaction() as tx:
            has_changed = await Members(tx, caller).change_role(user_id, role)
        if has_changed:
            doors.access_changed(caller.workspace_id, f"user:{user_id}")
        return see_other(request, _members_url(request))

    @post("/members/{user_id:uuid}/remove", name="workspaces:remove-member")
    async def remove(
        self,
        request: AppRequest,
        caller: Caller,
        database: Db,
        doors: OpenDoors,
        user_id: FromPath[UUID],
    ) -> Response[Any]:
        async with database.transaction() as tx:
            await Members(tx, caller).remove(user_id)
        doors.access_changed(caller.workspace_id, f"user:{user_id}")
        has_left = user_id == caller.user_id
        return see_other(request, "/" if has_left else _members_url(request))

    @post("/invitations", name="workspaces:invite")
    async def invite(
        self, request: AppRequest, tx: Tx, caller: Caller, shell: PageShell
    ) -> Response[Any]:
        """Answers the page itself, not a redirect: the link is shown this once."""
        typed_in = await typed(request, "email", "role")
        filled: dict[str, Any] = _NOTHING_TYPED
        status = 200
        try:
            role = policy.role_named(typed_in["role"])
            invitation, secret = await Invitations(tx, caller).create(typed_in["email"], role)
            link = absolute(request, f"/join/{secret}")
            filled = filled | {"link": link, "invited": invitation}
        except InvalidFields as error:
            status = 422
            filled = filled | {"values": typed_in, "errors": error.fields}
        context = await _members(tx, caller)
        return page(request, "workspaces/members.html", status=status, **shell, **context, **filled)

    @post("/invitations/{invitation_id:uuid}/revoke", name="workspaces:revoke-invitation")
    async def revoke(
        self, request: AppRequest, tx: Tx, caller: Caller, invitation_id: FromPath[UUID]
    ) -> Response[Any]:
        await Invitations(tx, caller).revoke(invitation_id)
        return see_other(request, _members_url(request))


class JoinPages(Controller):
    """Where an invitation's link leads."""

    path = "/join/{token:str}"
    include_in_schema = False

    @get("/", name="workspaces:join")
    async def show(
        self, request: AppRequest, tx: Tx, visitor: Visitor, token: FromPath[str]
    ) -> Response[Any]:
        invited = await invitations.look(tx, token)
        return _join_page(request, token, invited, visitor)

    @post("/", name="workspaces:accept")
    async def accept(
        self,
        request: AppRequest,
        visitor: Visitor,
        database: Db,
        sign_in: SignInDep,
        token: FromPath[str],
    ) -> Response[Any]:
        if visitor is None:
            return await _accept_as_new(request, database, sign_in, token)
        try:
            async with database.transaction() as tx:
                workspace = await invitations.accept(tx, token, visitor)
                slug = workspace.slug
        except AlreadyMember as error:
            slug = error.extra["slug"]
        return see_other(request, f"/w/{slug}/")


async def _accept_as_new(
    request: AppRequest, database: Db, sign_in: SignInDep, token: str
) -> Response[Any]:
    async with database.transaction(write=False) as tx:
        invited = await invitations.look(tx, token)
    form = await typed(request, "name", "email", "password")
    email = invited.invitation.email or form["email"]
    browser = browser_of(request)
    try:
        signup = await sign_in.sign_up(form["name"], email, form["password"], browser)
        workspace, secret = await invitations.accept_as_new(database, token, signup, browser)
    except InvalidFields as error:
        shown = {"values": again(form), "errors": error.fields}
        return _join_page(request, token, invited, None, 422, **shown)
    except EmailTaken:
        errors = {"email": "Somebody with this email has an account. Sign in and join."}
        shown = {"values": again(form), "errors": errors}
        return _join_page(request, token, invited, None, 422, **shown)
    return signed_in(request, see_other(request, f"/w/{workspace.slug}/"), secret)


_NOTHING_TYPED: dict[str, Any] = {
    "link": "",
    "invited": None,
    "values": {"email": "", "role": Role.EDITOR.value},
    "errors": {},
}


async def _members(tx: AsyncSession, caller: Principal, after: str | None = None) -> dict[str, Any]:
    found = await Members(tx, caller).page(MAX_LIMIT, after)
    can_manage = caller.can(Permission.MEMBERS_MANAGE)
    pending = await Invitations(tx, caller).pending() if can_manage else []
    return {
        "members": [_row(caller, member, user) for member, user in found.items],
        "next_cursor": found.next_cursor,
        "invitations": [
            {
                "id": str(one.id),
                "email": one.email,
                "role": one.role,
                "invited_by": inviter or "A former member",
                "expires_at": one.expires_at,
            }
            for one, inviter in pending
        ],
        "can_manage": can_manage,
        "roles": [role.value for role in Role if role is not Role.OWNER or _rules_owners(caller)],
        "matrix": [
            {"what": text, "roles": [role.value for role in Role if permission in GRANTS[role]]}
            for permission, text in DESCRIPTIONS.items()
        ],
    }


def _row(caller: Principal, member: Member, user: User) -> dict[str, Any]:
    is_me = user.id == caller.user_id
    is_mine_to_manage = caller.can(Permission.MEMBERS_MANAGE) and (
        member.role != Role.OWNER.value or _rules_owners(caller)
    )
    return {
        "id": str(user.id),
        "name": user.name,
        "email": user.email,
        "hue": user.hue,
        "initials": initials(user.name),
        "role": member.role,
        "joined_at": member.joined_at,
        "is_me": is_me,
        "can_change": is_mine_to_manage,
        "can_remove": is_mine_to_manage or is_me,
    }


def _rules_owners(caller: Principal) -> bool:
    return caller.can(Permission.OWNERS_MANAGE)


def _members_url(request: AppRequest) -> str:
    return f"/w/{request.path_params['workspace']}/settings/members"


def _join_page(
    request: AppRequest,
    token: str,
    invited: Invited,
    visitor: Person | None,
    status: int = 200,
    **typed_in: Any,
) -> Response[Any]:
    me = visitor and {
        "name": visitor.name,
        "email": visitor.email,
        "hue": visitor.hue,
        "initials": initials(visitor.name),
    }
    return page(
        request,
        "accounts/join.html",
        status=status,
        shell=shell_of(request.cookies),
        token=token,
        invitation={
            "workspace": invited.workspace.name,
            "role": invited.invitation.role,
            "invited_by": invited.invited_by,
            "email": invited.invitation.email,
        },
        me=me,
        **({"values": {"name": "", "email": ""}, "errors": {}} | typed_in),
    )
