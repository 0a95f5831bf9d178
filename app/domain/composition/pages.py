"""Composition in the browser: where a prompt is used, what it includes, how it reads resolved."""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery

from app.domain.composition import show
from app.domain.composition.deps import ComposedDep
from app.domain.composition.renaming import Renaming
from app.domain.prompts.deps import AppRequest, DeskDep
from app.web.deps import PageShell
from app.web.forms import chosen
from app.web.htmx import is_htmx, page, see_other

_FRESH = {"Cache-Control": "private, no-store"}


class CompositionPages(Controller):
    path = "/w/{workspace:str}/prompts/{prompt_id:uuid}/composition"
    include_in_schema = False

    @get("/", name="composition:show")
    async def everything(
        self,
        request: AppRequest,
        desk: DeskDep,
        shell: PageShell,
        prompt_id: FromPath[UUID],
        cursor: FromQuery[str] = "",
    ) -> Response[Any]:
        context = await show.everything(desk, _base(request), prompt_id, cursor)
        told = request.query_params
        context |= {"edited": _count(told.get("edited", "")), "left": _count(told.get("left", ""))}
        return page(request, "composition/show.html", **shell, **context)

    @get("/beside", name="composition:beside")
    async def beside(
        self, request: AppRequest, desk: DeskDep, prompt_id: FromPath[UUID]
    ) -> Response[Any]:
        """For the editor's side panel, and the note above its text."""
        context = await show.beside(desk, _base(request), prompt_id)
        return page(request, "composition/_beside.html", **_place(request), **context)

    @get("/before", name="composition:before")
    async def before(
        self, request: AppRequest, desk: DeskDep, prompt_id: FromPath[UUID]
    ) -> Response[Any]:
        """For dialogs that publish or move a label: whom it reaches, and what is missing."""
        context = await show.before(desk, prompt_id)
        return page(request, "composition/_before.html", **_place(request), **context)

    @post("/seen", name="composition:seen")
    async def seen(
        self, request: AppRequest, composed: ComposedDep, prompt_id: FromPath[UUID]
    ) -> Response[Any]:
        await composed.acknowledge(prompt_id)
        if is_htmx(request):
            return Response("", media_type="text/html")
        return see_other(request, _base(request))

    @get("/outdated", name="composition:outdated")
    async def outdated(
        self, request: AppRequest, desk: DeskDep, prompt_id: FromPath[UUID]
    ) -> Response[Any]:
        """For the details, where a prompt was renamed: in whose texts an old name stands."""
        context = await show.outdated(desk, _base(request), prompt_id)
        return page(request, "composition/_outdated.html", **_place(request), **context)

    @post("/outdated", name="composition:write-present-name")
    async def rewrite(
        self, request: AppRequest, desk: DeskDep, prompt_id: FromPath[UUID]
    ) -> Response[Any]:
        ids = _ids(await chosen(request, "prompt"))
        done = await Renaming(desk.database, desk.caller, desk.rooms).rewrite(prompt_id, ids)
        told = urlencode({"edited": len(done.changed), "left": len(done.left)})
        return see_other(request, f"{_base(request)}/composition?{told}")

    @get("/resolved", name="composition:resolved")
    async def resolved(
        self,
        request: AppRequest,
        desk: DeskDep,
        shell: PageShell,
        prompt_id: FromPath[UUID],
        of: FromQuery[str] = show.DRAFT,
    ) -> Response[Any]:
        """The whole text as a program would get it."""
        context = await show.resolved(desk, _base(request), prompt_id, of)
        return page(
            request, "composition/resolved.html", "composition/_resolved.html", **shell, **context
        )

    @get("/references", name="composition:references")
    async def references(
        self,
        request: AppRequest,
        desk: DeskDep,
        prompt_id: FromPath[UUID],
        ref: FromQuery[list[str] | None] = None,
    ) -> Response[Any]:
        """For the editor's pills: what each reference means now, or why it means nothing."""
        root = f"/w/{request.path_params['workspace']}"
        return Response(await show.meanings(desk, root, prompt_id, ref or ()), headers=_FRESH)

    @get("/names", name="composition:names")
    async def names(
        self, desk: DeskDep, prompt_id: FromPath[UUID], q: FromQuery[str] = ""
    ) -> Response[Any]:
        """For the editor's completion: prompts to include, and their labels."""
        return Response(await show.names(desk, prompt_id, q), headers=_FRESH)


def _ids(given: list[str]) -> list[UUID]:
    ids = []
    for one in given:
        with contextlib.suppress(ValueError):
            ids.append(UUID(one))
    return ids


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else None


def _base(request: AppRequest) -> str:
    params = request.path_params
    return f"/w/{params['workspace']}/prompts/{params['prompt_id']}"


def _place(request: AppRequest) -> dict[str, Any]:
    return {"workspace": {"slug": request.path_params["workspace"]}}
