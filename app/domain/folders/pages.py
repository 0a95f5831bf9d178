"""The page of a workspace's folders."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromQuery

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.folders.deps import FoldersDep
from app.domain.folders.errors import FolderTaken
from app.domain.folders.policy import Node
from app.domain.folders.service import MOST_AT_ONCE
from app.domain.workspaces.service import whom_to_ask
from app.errors import InvalidFields
from app.web.deps import Caller, PageShell, Tx
from app.web.forms import typed
from app.web.htmx import page, see_other
from app.web.paging import Page

AppRequest = Request[Any, Any, State]


class FolderPages(Controller):
    path = "/w/{workspace:str}/settings/folders"
    include_in_schema = False

    @get("/", name="folders:list")
    async def listed(
        self,
        request: AppRequest,
        tx: Tx,
        caller: Caller,
        shelving: FoldersDep,
        shell: PageShell,
        cursor: FromQuery[str] = "",
    ) -> Response[Any]:
        context = _context(await shelving.page(MOST_AT_ONCE, cursor), caller, cursor)
        ask = await whom_to_ask(tx, caller)
        return page(request, "folders/list.html", **shell, **context, ask=ask)

    @post("/", name="folders:create")
    async def create(
        self, request: AppRequest, tx: Tx, caller: Caller, shelving: FoldersDep, shell: PageShell
    ) -> Response[Any]:
        form = await typed(request, "path")
        try:
            await shelving.create(form["path"])
        except (InvalidFields, FolderTaken) as refused:
            context = _context(await shelving.page(MOST_AT_ONCE), caller)
            context |= {"new": form["path"], "errors": {"path": _why(refused)}}
            ask = await whom_to_ask(tx, caller)
            return page(request, "folders/list.html", status=422, **shell, **context, ask=ask)
        return see_other(request, _address(request))

    @post("/move", name="folders:move")
    async def move(
        self, request: AppRequest, tx: Tx, caller: Caller, shelving: FoldersDep, shell: PageShell
    ) -> Response[Any]:
        form = await typed(request, "folder", "path")
        try:
            await shelving.move(form["folder"], form["path"])
        except (InvalidFields, FolderTaken) as refused:
            context = _context(await shelving.page_with(form["folder"], MOST_AT_ONCE), caller)
            context |= {"moving": form["folder"], "to": form["path"], "move_error": _why(refused)}
            ask = await whom_to_ask(tx, caller)
            return page(request, "folders/list.html", status=422, **shell, **context, ask=ask)
        return see_other(request, _address(request))

    @post("/remove", name="folders:remove")
    async def remove(self, request: AppRequest, shelving: FoldersDep) -> Response[Any]:
        await shelving.remove((await typed(request, "folder"))["folder"])
        return see_other(request, _address(request))


def _address(request: AppRequest) -> str:
    return f"/w/{request.path_params['workspace']}/settings/folders"


def _why(refused: InvalidFields | FolderTaken) -> str:
    if isinstance(refused, InvalidFields):
        return next(iter(refused.fields.values()))
    return refused.detail


def _context(nodes: Page[Node], caller: Principal, cursor: str = "") -> dict[str, Any]:
    """The page without anything typed."""
    return {
        "nodes": [_shown(node) for node in nodes.items],
        "cursor": cursor,
        "next_cursor": nodes.next_cursor,
        "can_write": caller.can(Permission.PROMPTS_WRITE),
        "new": "",
        "errors": {},
        "moving": "",
        "to": "",
        "move_error": "",
    }


def _shown(node: Node) -> dict[str, Any]:
    return {
        "path": node.path,
        "name": node.name,
        "depth": node.depth,
        "total": node.total,
        "above": node.parent,
    }
