"""Pages of workspaces: first visit, home, new, and a workspace's general settings."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Response, get, post
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.accounts.deps import AppRequest, HouseDep, SignInDep, browser_of, signed_in
from app.domain.workspaces.errors import AlreadySetUp
from app.domain.workspaces.service import Workspaces, set_up, whom_to_ask
from app.errors import InvalidFields
from app.web.deps import Caller, Db, PageShell, SignedIn, Tx, Visitor
from app.web.forms import again, typed
from app.web.htmx import page, see_other
from app.web.templates import shell as shell_of


class FirstVisitPages(Controller):
    """Where everything leads while the database is empty."""

    include_in_schema = False

    @get("/", name="workspaces:home")
    async def home(self, request: AppRequest, database: Db, visitor: Visitor) -> Response[Any]:
        """To one's workspace; to the sign-in page, which knows when to set up instead."""
        if visitor is None:
            return see_other(request, "/sign-in")
        # everywhere: a person's own workspaces, whichever they are
        async with database.everywhere().transaction(write=False) as tx:
            mine = await Workspaces(tx).mine(visitor)
        return see_other(request, f"/w/{mine[0].slug}/" if mine else "/workspaces/new")

    @get("/setup", name="workspaces:setup")
    async def show(self, request: AppRequest, house: HouseDep) -> Response[Any]:
        if not house.is_empty:
            return see_other(request, "/sign-in")
        values = {"name": "", "email": "", "workspace": ""}
        return _setup_page(request, values=values, errors={})

    @post("/setup", name="workspaces:do-setup")
    async def do(
        self, request: AppRequest, house: HouseDep, database: Db, sign_in: SignInDep
    ) -> Response[Any]:
        if not house.is_empty:
            raise AlreadySetUp("Sign in, or ask an admin for an invitation.")
        form = await typed(request, "name", "email", "password", "workspace")
        browser = browser_of(request)
        try:
            signup = await sign_in.sign_up(form["name"], form["email"], form["password"], browser)
            # everywhere: there is no workspace yet
            async with database.everywhere().transaction() as tx:
                workspace, secret = await set_up(tx, signup, form["workspace"], browser)
        except InvalidFields as error:
            return _setup_page(request, 422, values=again(form), errors=error.fields)
        return signed_in(request, see_other(request, f"/w/{workspace.slug}/"), secret)


class WorkspacePages(Controller):
    """More workspaces, and what is general about one."""

    include_in_schema = False

    @get("/workspaces/new", name="workspaces:new")
    async def new(self, request: AppRequest, person: SignedIn) -> Response[Any]:
        return _new_page(request, values={"name": ""}, errors={})

    @post("/workspaces/new", name="workspaces:create")
    async def create(self, request: AppRequest, database: Db, person: SignedIn) -> Response[Any]:
        values = await typed(request, "name")
        try:
            # everywhere: whether an address is free depends on all
            async with database.everywhere().transaction() as tx:
                workspace = await Workspaces(tx).create(person.user_id, values["name"])
        except InvalidFields as error:
            return _new_page(request, 422, values=values, errors=error.fields)
        return see_other(request, f"/w/{workspace.slug}/")

    @get("/w/{workspace:str}/settings/general", name="workspaces:general")
    async def general(
        self, request: AppRequest, tx: Tx, caller: Caller, shell: PageShell
    ) -> Response[Any]:
        values = {"name": shell["workspace"].name}
        context = await _general(tx, caller) | {"values": values, "errors": {}}
        saved = request.query_params.get("saved") == "1"
        return page(request, "workspaces/general.html", **shell, **context, saved=saved)

    @post("/w/{workspace:str}/settings/general", name="workspaces:rename")
    async def rename(
        self, request: AppRequest, tx: Tx, caller: Caller, shell: PageShell
    ) -> Response[Any]:
        values = await typed(request, "name")
        try:
            await Workspaces(tx).rename(caller, values["name"])
        except InvalidFields as error:
            context = await _general(tx, caller) | {"values": values, "errors": error.fields}
            return page(
                request, "workspaces/general.html", status=422, **shell, **context, saved=False
            )
        return see_other(request, f"/w/{shell['workspace'].slug}/settings/general?saved=1")


async def _general(tx: AsyncSession, caller: Principal) -> dict[str, Any]:
    return {
        "can_manage": caller.can(Permission.WORKSPACE_MANAGE),
        "admins": await whom_to_ask(tx, caller),
    }


def _setup_page(request: AppRequest, status: int = 200, **context: Any) -> Response[Any]:
    shell = shell_of(request.cookies)
    return page(request, "accounts/setup.html", status=status, shell=shell, **context)


def _new_page(request: AppRequest, status: int = 200, **context: Any) -> Response[Any]:
    shell = shell_of(request.cookies)
    return page(request, "workspaces/new.html", status=status, shell=shell, **context)
