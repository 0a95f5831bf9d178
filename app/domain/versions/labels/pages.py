"""Labels in the browser: moving them, taking that back, where they have been, who may."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission, Role
from app.access.principal import Principal
from app.domain.prompts.deps import AppRequest, DeskDep
from app.domain.versions import policy
from app.domain.versions.deps import HistoryDep, LabelsDep
from app.domain.versions.errors import LabelNotFound, RolloutRefused, VersionNotFound
from app.domain.versions.labels import show as label_show
from app.domain.versions.labels.rollouts import Wanted
from app.domain.workspaces.service import Workspaces, whom_to_ask
from app.errors import Conflict, InvalidFields
from app.web.deps import Caller, PageShell, Tx
from app.web.forms import typed
from app.web.htmx import is_htmx, page, see_other


class LabelPages(Controller):
    path = "/w/{workspace:str}/prompts/{prompt_id:uuid}/labels"
    include_in_schema = False

    @post("/", name="versions:move-label")
    async def move(
        self,
        request: AppRequest,
        labelling: LabelsDep,
        history: HistoryDep,
        desk: DeskDep,
        shell: PageShell,
        prompt_id: FromPath[UUID],
    ) -> Response[Any]:
        """A split that is refused is answered with the label's page, what was typed in its form.

        Htmx is told the reason alone: the form it comes from is still there.
        """
        form = await typed(request, "label", "new_label", "version", "percent", "seen", "back")
        number, name = _number(form["version"]), form["label"] or form["new_label"]
        seen = _seen(form["seen"])
        try:
            if form["percent"]:
                wanted = Wanted(number, _percent(form["percent"]))
                await labelling.split(prompt_id, name, wanted, seen)
            else:
                await labelling.move(prompt_id, name, number, seen=seen)
        except RolloutRefused as error:
            if is_htmx(request):
                raise
            context = await label_show.history(desk, prompt_id, name)
            if not label_show.has_form_for(context, number):
                raise
            context["refused"] = form | {"problem": error.detail}
            return page(request, "versions/label.html", status=422, **shell, **context)
        [last] = await history.moves(prompt_id, name, 1)
        # What can be undone is named in the address: the page that follows offers it.
        next_page = (
            f"versions?to={number}&" if form["back"] != "label" else f"labels/{quote(name)}?"
        )
        return see_other(request, f"{_base(request)}/{next_page}moved={last.id}")

    @post("/{label:str}/remove", name="versions:remove-label")
    async def remove(
        self,
        request: AppRequest,
        labelling: LabelsDep,
        history: HistoryDep,
        shell: PageShell,
        prompt_id: FromPath[UUID],
        label: FromPath[str],
    ) -> Response[Any]:
        """Asks again where others include the prompt by the label."""
        confirmed = (await typed(request, "confirmed"))["confirmed"] == "yes"
        try:
            await labelling.remove(prompt_id, label, confirmed=confirmed)
        except Conflict as error:
            context: dict[str, Any] = {
                "prompt_id": prompt_id,
                "label_name": label,
                "detail": error.detail,
            }
            context["dependants"] = error.extra.get("dependants", ())
            return page(request, "versions/still_included.html", status=409, **shell, **context)
        [last] = await history.moves(prompt_id, label, 1)
        return see_other(request, f"{_base(request)}/versions?moved={last.id}")

    @post("/{label:str}/undo", name="versions:undo-label")
    async def undo(
        self,
        request: AppRequest,
        labelling: LabelsDep,
        history: HistoryDep,
        prompt_id: FromPath[UUID],
        label: FromPath[str],
    ) -> Response[Any]:
        """Never refused for what prompts include: the page that follows says what is broken."""
        try:
            move_id = UUID((await typed(request, "move"))["move"])
        except ValueError:
            raise LabelNotFound("There is no such move.") from None
        await labelling.undo(prompt_id, label, move_id)
        [last] = await history.moves(prompt_id, label, 1)
        return see_other(request, f"{_base(request)}/labels/{quote(label)}?moved={last.id}")

    @get("/{label:str}", name="versions:label")
    async def history(
        self,
        request: AppRequest,
        desk: DeskDep,
        shell: PageShell,
        prompt_id: FromPath[UUID],
        label: FromPath[str],
        cursor: FromQuery[str] = "",
    ) -> Response[Any]:
        moved = _seen(request.query_params.get("moved", ""))
        context = await label_show.history(desk, prompt_id, label, moved, cursor)
        if is_htmx(request) and request.query_params.get("seen") == context["seen"]:
            return Response(b"", status_code=204)
        return page(request, "versions/label.html", **shell, **context)


class LabelSettings(Controller):
    path = "/w/{workspace:str}/settings/labels"
    include_in_schema = False

    @get("/", name="versions:label-settings")
    async def show(
        self, request: AppRequest, tx: Tx, caller: Caller, shell: PageShell
    ) -> Response[Any]:
        caller.require(Permission.MEMBERS_READ)
        context = await _protection(tx, caller)
        context["saved"] = request.query_params.get("saved") == "1"
        return page(request, "versions/label_settings.html", **shell, **context)

    @post("/", name="versions:protect-label")
    async def protect(
        self, request: AppRequest, tx: Tx, caller: Caller, shell: PageShell
    ) -> Response[Any]:
        """A name that no label can have is answered with the page, what was typed in its form."""
        form = await typed(request, "label", "role")
        if problem := policy.label_problem(form["label"]):
            caller.require(Permission.WORKSPACE_MANAGE)
            context = await _protection(tx, caller) | {"refused": form | {"problem": problem}}
            return page(
                request, "versions/label_settings.html", status=422, **shell, **context, saved=False
            )
        role = _role(form["role"])
        await Workspaces(tx).protect_label(caller, form["label"], role)
        return see_other(request, f"/w/{shell['workspace'].slug}/settings/labels?saved=1")


async def _protection(tx: AsyncSession, caller: Principal) -> dict[str, Any]:
    """The context of versions/label_settings.html beside the shell and `saved`."""
    return label_show.settings(await Workspaces(tx).label_roles(caller)) | {
        "can_manage": caller.can(Permission.WORKSPACE_MANAGE),
        "admins": await whom_to_ask(tx, caller),
        "refused": None,
    }


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise VersionNotFound("Choose a version.")
    return int(text)


def _percent(text: str) -> float:
    try:
        return float(text.removesuffix("%").strip().replace(",", "."))
    except ValueError:
        raise RolloutRefused({"rollout.percent": "Give a number of percent."}) from None


def _seen(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _role(name: str) -> Role | None:
    if not name:
        return None
    if name not in policy.PROTECTING:
        raise InvalidFields({"role": "Choose a role."})
    return Role(name)


def _base(request: AppRequest) -> str:
    params = request.path_params
    return f"/w/{params['workspace']}/prompts/{params['prompt_id']}"
