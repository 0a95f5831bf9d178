"""Stars on prompts, and the library's views that are saved under a name."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromPath

from app.access.permissions import Permission
from app.domain.bookmarks.deps import BookmarksDep
from app.domain.bookmarks.service import at_hand
from app.domain.prompts.deps import PromptsDep
from app.domain.prompts.errors import PromptNotFound
from app.domain.prompts.library import filtering
from app.errors import InvalidFields
from app.web.deps import Caller, PageShell, Tx
from app.web.forms import typed
from app.web.htmx import is_htmx, page, see_other

AppRequest = Request[Any, Any, State]


class StarPages(Controller):
    path = "/w/{workspace:str}/stars"
    include_in_schema = False

    @post("/", name="bookmarks:star")
    async def change(
        self,
        request: AppRequest,
        tx: Tx,
        caller: Caller,
        bookmarks: BookmarksDep,
        prompts: PromptsDep,
        workspace: FromPath[str],
    ) -> Response[Any]:
        """`star` or `unstar` is the prompt; `back` the library's query, without it to its page."""
        form = await request.form()
        is_on = "star" in form
        opened = await prompts.open(_id(form.get("star") or form.get("unstar")))
        prompt = opened.prompt
        await bookmarks.star(prompt.id, on=is_on)
        if not is_htmx(request):
            place = f"prompts/{prompt.id}"
            if "back" in form:
                place = f"?{filtering.kept(parse_qsl(str(form['back'])))}"
            return see_other(request, f"/w/{workspace}/{place}")
        kept = await at_hand(tx, caller, caller.user_id) if caller.user_id else None
        return page(
            request,
            "bookmarks/_done.html",
            workspace={"slug": workspace},
            prompt={"id": str(prompt.id), "title": prompt.title},
            is_starred=is_on,
            stars=kept.stars if kept else [],
        )


def _id(given: Any) -> UUID:
    """What is no id is nobody's prompt."""
    try:
        return UUID(str(given))
    except ValueError:
        raise PromptNotFound("Say which prompt.") from None


class ViewPages(Controller):
    path = "/w/{workspace:str}/views"
    include_in_schema = False

    @get("/new", name="bookmarks:new-view")
    async def new(
        self, request: AppRequest, caller: Caller, shell: PageShell, workspace: FromPath[str]
    ) -> Response[Any]:
        """The form that asks for a name, for the filters in the address."""
        address = filtering.kept(parse_qsl(request.url.query))
        return _form(request, shell, {"name": "", "shared": "", "address": address}, {}, caller)

    @post("/", name="bookmarks:save-view")
    async def save(
        self,
        request: AppRequest,
        caller: Caller,
        bookmarks: BookmarksDep,
        shell: PageShell,
        workspace: FromPath[str],
    ) -> Response[Any]:
        values = await typed(request, "name", "shared", "address")
        values["address"] = filtering.kept(parse_qsl(values["address"]))
        try:
            view = await bookmarks.save(
                values["name"], values["address"], is_shared=values["shared"] == "true"
            )
        except InvalidFields as refused:
            return _form(request, shell, values, refused.fields, caller, status=422)
        return see_other(request, f"/w/{workspace}/?{view.address}")

    @post("/{view_id:uuid}/rename", name="bookmarks:rename-view")
    async def rename(
        self,
        request: AppRequest,
        bookmarks: BookmarksDep,
        workspace: FromPath[str],
        view_id: FromPath[UUID],
    ) -> Response[Any]:
        await bookmarks.rename(view_id, (await typed(request, "name"))["name"])
        return see_other(request, f"/w/{workspace}/views")

    @post("/{view_id:uuid}/remove", name="bookmarks:remove-view")
    async def remove(
        self,
        request: AppRequest,
        bookmarks: BookmarksDep,
        workspace: FromPath[str],
        view_id: FromPath[UUID],
    ) -> Response[Any]:
        await bookmarks.remove(view_id)
        return see_other(request, f"/w/{workspace}/views")

    @get("/", name="bookmarks:views")
    async def listed(
        self, request: AppRequest, caller: Caller, shell: PageShell, workspace: FromPath[str]
    ) -> Response[Any]:
        """Every view there is, to rename and delete them."""
        caller.require(Permission.PROMPTS_READ)
        can_tidy = caller.can(Permission.WORKSPACE_MANAGE)
        return page(request, "bookmarks/list.html", **shell, can_tidy=can_tidy)


def _form(
    request: AppRequest,
    shell: dict[str, Any],
    values: dict[str, str],
    errors: dict[str, str],
    caller: Caller,
    *,
    status: int = 200,
) -> Response[Any]:
    caller.require(Permission.PROMPTS_READ)
    return page(
        request,
        "bookmarks/new.html",
        "bookmarks/_form.html",
        status=status,
        **shell,
        values=values,
        errors=errors,
        can_share=caller.can(Permission.PROMPTS_WRITE),
    )
