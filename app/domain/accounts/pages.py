"""Pages of signing in and out, and of one's own account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from app.domain.accounts import policy
from app.domain.accounts.deps import (
    AppRequest,
    HouseDep,
    SignInDep,
    browser_of,
    secret_of,
    signed_in,
    signed_out,
)
from app.domain.accounts.errors import WrongCredentials
from app.domain.accounts.models import Session
from app.domain.accounts.service import People
from app.errors import InvalidFields, RateLimited
from app.web.deps import Db, OpenDoors, PageShell, SignedIn, Tx, Visitor
from app.web.forms import typed
from app.web.htmx import page, see_other
from app.web.links import host
from app.web.templates import THEMES
from app.web.templates import shell as shell_of

_NOTICES = {"signed-out": "You are signed out."}
_PREFERENCES = ("show_my_cursor", "let_follow", "show_others")


class SignInPages(Controller):
    """In and out."""

    include_in_schema = False

    @get("/sign-in", name="accounts:sign-in")
    async def show(self, request: AppRequest, visitor: Visitor, house: HouseDep) -> Response[Any]:
        if house.is_empty:
            return see_other(request, "/setup")
        after = policy.local_path(request.query_params.get("next", ""))
        if visitor is not None:
            return see_other(request, after)
        notice = _NOTICES.get(request.query_params.get("notice", ""), "")
        return _sign_in_page(request, house.workspace_name, next=after, notice=notice)

    @post("/sign-in", name="accounts:do-sign-in")
    async def sign_in(
        self, request: AppRequest, sign_in: SignInDep, house: HouseDep
    ) -> Response[Any]:
        form = await typed(request, "email", "password", "next")
        again = {"email": form["email"], "next": policy.local_path(form["next"])}
        try:
            secret = await sign_in.sign_in(
                form["email"], form["password"], browser_of(request), secret_of(request)
            )
        except WrongCredentials as error:
            left: int = error.extra["tries_left"]
            shown = left if left <= policy.SAY_TRIES_LEFT else None
            return _sign_in_page(
                request, house.workspace_name, 401, failed=True, tries_left=shown, **again
            )
        except RateLimited as error:
            response = _sign_in_page(
                request, house.workspace_name, 429, wait_seconds=error.retry_after, **again
            )
            response.headers["Retry-After"] = str(error.retry_after)
            return response
        return signed_in(request, see_other(request, again["next"]), secret)

    @post("/sign-out", name="accounts:sign-out")
    async def sign_out(
        self, request: AppRequest, visitor: Visitor, database: Db, doors: OpenDoors
    ) -> Response[Any]:
        """Works without a session too: a browser that thinks it is signed in gets clean."""
        form = await typed(request, "next")
        async with database.transaction() as tx:
            await People(tx).end_session(secret_of(request))
        if visitor is not None:
            doors.access_changed(actor=visitor.actor)
        after = policy.local_path(form["next"], "/sign-in?notice=signed-out")
        return signed_out(request, see_other(request, after))


class AccountPages(Controller):
    """One's own name, colour, preferences and password."""

    path = "/account"
    include_in_schema = False

    @get("/profile", name="accounts:profile")
    async def profile(
        self, request: AppRequest, tx: Tx, person: SignedIn, shell: PageShell
    ) -> Response[Any]:
        user = await People(tx).profile(person)
        values = {name: getattr(user, name) for name in ("name", "hue", *_PREFERENCES)}
        return page(
            request,
            "accounts/profile.html",
            **shell,
            values=values,
            errors={},
            saved=_is_saved(request),
        )

    @post("/profile", name="accounts:change-profile")
    async def change_profile(
        self, request: AppRequest, tx: Tx, person: SignedIn, shell: PageShell
    ) -> Response[Any]:
        form = await typed(request, "name", "hue", "theme", *_PREFERENCES)
        ticked = {name: form[name] == "true" for name in _PREFERENCES}
        try:
            await People(tx).change_profile(person, form["name"], form["hue"], ticked)
        except InvalidFields as error:
            values = {"name": form["name"], "hue": form["hue"], **ticked}
            return page(
                request,
                "accounts/profile.html",
                status=422,
                **shell,
                values=values,
                errors=error.fields,
                saved=False,
            )
        return _with_theme(see_other(request, "/account/profile?saved=1"), form["theme"])

    @get("/password", name="accounts:password")
    async def password(
        self, request: AppRequest, person: SignedIn, shell: PageShell
    ) -> Response[Any]:
        saved = _is_saved(request)
        return page(request, "accounts/password.html", **shell, errors={}, saved=saved)

    @post("/password", name="accounts:change-password")
    async def change_password(
        self,
        request: AppRequest,
        person: SignedIn,
        shell: PageShell,
        sign_in: SignInDep,
        doors: OpenDoors,
    ) -> Response[Any]:
        form = await typed(request, "current", "new")
        try:
            secret = await sign_in.change_password(
                person, form["current"], form["new"], browser_of(request)
            )
        except InvalidFields as error:
            failed: dict[str, Any] = {"errors": error.fields, "saved": False}
            return page(request, "accounts/password.html", status=422, **shell, **failed)
        doors.access_changed(actor=person.actor)
        return signed_in(request, see_other(request, "/account/password?saved=1"), secret)


class SessionPages(Controller):
    """Where a person is signed in."""

    path = "/account/sessions"
    include_in_schema = False

    @get("/", name="accounts:sessions")
    async def listed(
        self, request: AppRequest, tx: Tx, person: SignedIn, shell: PageShell
    ) -> Response[Any]:
        sessions = await People(tx).sessions(person)
        rows = [_session_row(session, person.session_id) for session in sessions]
        rows.sort(key=lambda row: not row["is_current"])  # this browser's first, stably
        return page(request, "accounts/sessions.html", **shell, sessions=rows)

    @post("/{session_id:uuid}/revoke", name="accounts:revoke-session")
    async def revoke(
        self,
        request: AppRequest,
        person: SignedIn,
        database: Db,
        doors: OpenDoors,
        session_id: FromPath[UUID],
    ) -> Response[Any]:
        async with database.transaction() as tx:
            await People(tx).revoke(person, session_id)
        doors.access_changed(actor=person.actor)
        if session_id == person.session_id:
            return signed_out(request, see_other(request, "/sign-in?notice=signed-out"))
        return see_other(request, "/account/sessions")

    @post("/revoke-others", name="accounts:revoke-other-sessions")
    async def revoke_others(
        self, request: AppRequest, person: SignedIn, database: Db, doors: OpenDoors
    ) -> Response[Any]:
        async with database.transaction() as tx:
            await People(tx).revoke_others(person)
        doors.access_changed(actor=person.actor)
        return see_other(request, "/account/sessions")


def _is_saved(request: AppRequest) -> bool:
    return request.query_params.get("saved") == "1"


def _with_theme(response: Response[Any], theme: str) -> Response[Any]:
    """Remember the theme in this browser, where every page reads it; "" follows the system."""
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=400 * 24 * 3600, samesite="lax")
    else:
        response.delete_cookie("theme")
    return response


def _session_row(session: Session, current: UUID) -> dict[str, Any]:
    return {
        "id": str(session.id),
        "device": policy.device(session.agent),
        "address": session.address,
        "created_at": session.created_at,
        "last_seen_at": session.seen_at,
        "is_current": session.id == current,
    }


def _sign_in_page(
    request: AppRequest, workspace_name: str | None, status: int = 200, **context: Any
) -> Response[Any]:
    at_first: dict[str, Any] = {
        "email": "",
        "failed": False,
        "tries_left": None,
        "wait_seconds": 0,
        "notice": "",
    }
    return page(
        request,
        "accounts/sign_in.html",
        status=status,
        shell=shell_of(request.cookies),
        workspace_name=workspace_name,
        host=host(request),
        **(at_first | context),
    )
