"""Beside the text while somebody writes: prompts that say nearly the same, tags that would fit.

Asked for when the writer pauses, and answered from the search index: nothing leaves the server.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from app.access.permissions import Permission
from app.domain.prompts import policy, views
from app.domain.prompts.deps import AppRequest, Desk, DeskDep
from app.domain.prompts.service import Details
from app.web.forms import typed
from app.web.htmx import is_htmx, page, see_other


class AlikePages(Controller):
    path = "/w/{workspace:str}/prompts/{prompt_id:uuid}"
    include_in_schema = False

    @get("/alike", name="prompts:alike")
    async def show(
        self,
        request: AppRequest,
        desk: DeskDep,
        workspace: FromPath[str],
        prompt_id: FromPath[UUID],
    ) -> Response[Any]:
        return await _drawn(request, desk, prompt_id)

    @post("/tags", name="prompts:add-tag")
    async def add_tag(
        self,
        request: AppRequest,
        desk: DeskDep,
        workspace: FromPath[str],
        prompt_id: FromPath[UUID],
    ) -> Response[Any]:
        """One more tag, whatever others add meanwhile."""
        tag = (await typed(request, "tag"))["tag"]
        async with desk.database.transaction() as tx:
            prompts = desk.prompts(tx)
            await prompts.locked(prompt_id)
            tags = (await prompts.open(prompt_id)).tags
            await prompts.change(prompt_id, Details(tags=(*tags, tag)))
        if not is_htmx(request):
            return see_other(request, f"/w/{workspace}/prompts/{prompt_id}")
        return await _drawn(request, desk, prompt_id)


class AlikeTitlePages(Controller):
    path = "/w/{workspace:str}/prompts/alike"
    include_in_schema = False

    @get("/", name="prompts:alike-titles")
    async def show(
        self, request: AppRequest, desk: DeskDep, workspace: FromPath[str]
    ) -> Response[Any]:
        """Whether a prompt that is about to be made may be there already."""
        desk.caller.require(Permission.PROMPTS_READ)
        title = request.query_params.get("title", "")[: policy.TITLE_LONGEST]
        return page(
            request,
            "prompts/_alike_titles.html",
            workspace={"slug": workspace},
            similar=await desk.finder.alike_titles(desk.caller, title),
        )


async def _drawn(request: AppRequest, desk: Desk, prompt_id: UUID) -> Response[Any]:
    async with desk.database.transaction(write=False) as tx:
        opened = await desk.prompts(tx).open(prompt_id)
    text = (await desk.rooms.read(opened.branch.id)).text
    found = await desk.finder.alike(desk.caller, prompt_id, text, opened.tags)
    context: dict[str, Any] = views.rights(desk.caller)
    return page(
        request,
        "prompts/_alike.html",
        workspace={"slug": request.path_params["workspace"]},
        prompt={"id": str(prompt_id)},
        similar=found.similar,
        fitting=found.tags,
        **context,
    )
