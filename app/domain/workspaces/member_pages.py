"""Pages of members and invitations: who is in, with which role, and the way in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from app.access.principal import Person
from app.domain.accounts.deps import AppRequest, SignInDep, browser_of, signed_in
from app.domain.accounts.errors import EmailTaken
from app.domain.accounts.policy import initials
from app.domain.workspaces import invitations, member_view, policy
from app.domain.workspaces.errors import AlreadyMember, LastOwner
from app.domain.workspaces.invitations import Invitations, Invited
from app.domain.workspaces.service import Members
from app.errors import AppError, InvalidFields
from app.web.deps import Caller, Db, OpenDoors, PageShell, Tx, Visitor
from app.web.forms import again, typed
from app.web.htmx import is_htmx, page, see_other
from app.web.links import absolute
from app.web.templates import shell as shell_of

_WORDS_LONGEST = 120  # as a name


class MemberPages(Controller):
    """A workspace's members and its open invitations."""

    path = "/w/{workspace:str}/settings/members"
    include_in_schema = False

    @get("/", name="workspaces:members")
    async def members(
        self, request: AppRequest, tx: Tx, caller: Caller, shell: PageShell
    ) -> Response[Any]:
        asked = request.query_params
        words = asked.get("q", "").strip()[:_WORDS_LONGEST]
        context = await member_view.whole(tx, caller, asked.get("cursor", ""), words)
        return page(request, "workspaces/members.html", **shell, **context)

    @post("/{user_id:uuid}/role", name="workspaces:change-role")
    async def change_role(
        self,
        request: AppRequest,
        caller: Caller,
        shell: PageShell,
        database: Db,
        doors: OpenDoors,
        user_id: FromPath[UUID],
    ) -> Response[Any]:
        """Htmx gets the row again, as it now is or with the reason why it stays."""
        form = await typed(request, "role")
        failure: AppError | None = None
        try:
            role = policy.role_named(form["role"])
            async with database.within(caller).transaction() as tx:
                has_changed = await Members(tx, caller).change_role(user_id, role)
            if has_changed:
                doors.access_changed(caller.workspace_id, f"user:{user_id}")
        except (InvalidFields, LastOwner) as error:
            if not is_htmx(request):
                raise
            failure = error
        if not is_htmx(request):
            return see_other(request, _members_url(request))
        async with database.within(caller).transaction(write=False) as tx:
            context = await member_view.single(tx, caller, user_id, failure)
        status = failure.status if failure else 200
        return page(request, "workspaces/_member_row.html", status=status, **shell, **context)

    @post("/{user_id:uuid}/remove", name="workspaces:remove-member")
    async def remove(
        self,
        request: AppRequest,
        caller: Caller,
        database: Db,
        doors: OpenDoors,
        user_id: FromPath[UUID],
    ) -> Response[Any]:
        async with database.within(caller).transaction() as tx:
            await Members(tx, caller).remove(user_id)
        doors.access_changed(caller.workspace_id, f"user:{user_id}")
        has_left = user_id == caller.user_id
        return see_other(request, "/" if has_left else _members_url(request))

    @post("/invitations", name="workspaces:invite")
    async def invite(
        self, request: AppRequest, tx: Tx, caller: Caller, shell: PageShell
    ) -> Response[Any]:
        """Answers with the link, not a redirect: it is shown this once."""
        form = await typed(request, "email", "role")
        try:
            role = policy.role_named(form["role"])
            _, secret = await Invitations(tx, caller).create(form["email"], role)
        except InvalidFields as error:
            invite = {**form, "errors": error.fields, "link": "", "open": True}
            context = await member_view.whole(tx, caller) | {"invite": invite}
            fragment, status = "workspaces/_invite_form.html", 422
        else:
            link = absolute(request, f"/join/{secret}")
            invite = {"role": role.value, "email": "", "errors": {}, "link": link, "open": True}
            context = await member_view.whole(tx, caller) | {"invite": invite}
            fragment, status = "workspaces/_invited.html", 200
        return page(request, "workspaces/members.html", fragment, status=status, **shell, **context)

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
        self, request: AppRequest, database: Db, visitor: Visitor, token: FromPath[str]
    ) -> Response[Any]:
        # everywhere: the link itself says into which workspace it leads
        async with database.everywhere().transaction(write=False) as tx:
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
            # everywhere: as above
            async with database.everywhere().transaction() as tx:
                workspace = await invitations.accept(tx, token, visitor)
                slug = workspace.slug
        except AlreadyMember as error:
            slug = error.extra["slug"]
        return see_other(request, f"/w/{slug}/")


async def _accept_as_new(
    request: AppRequest, database: Db, sign_in: SignInDep, token: str
) -> Response[Any]:
    database = database.everywhere()  # everywhere: as above
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
