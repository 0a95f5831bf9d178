"""The page of a workspace's tags."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import FromQuery

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.tags.deps import TagsDep
from app.domain.tags.errors import TagTaken
from app.domain.tags.service import MOST_AT_ONCE
from app.domain.workspaces.service import whom_to_ask
from app.errors import InvalidFields
from app.web.deps import Caller, PageShell, Tx
from app.web.forms import typed
from app.web.htmx import page, see_other
from app.web.paging import Page

AppRequest = Request[Any, Any, State]


class TagPages(Controller):
    path = "/w/{workspace:str}/settings/tags"
    include_in_schema = False

    @get("/", name="tags:list")
    async def listed(
        self,
        request: AppRequest,
        tx: Tx,
        caller: Caller,
        tagging: TagsDep,
        shell: PageShell,
        cursor: FromQuery[str] = "",
    ) -> Response[Any]:
        context = _context(await tagging.page(MOST_AT_ONCE, cursor), caller, cursor)
        ask = await whom_to_ask(tx, caller)
        return page(request, "tags/list.html", **shell, **context, ask=ask)

    @post("/rename", name="tags:rename")
    async def rename(
        self, request: AppRequest, tx: Tx, caller: Caller, tagging: TagsDep, shell: PageShell
    ) -> Response[Any]:
        """A name that others have asks back, and does it when the answer says `merge`."""
        form = await typed(request, "tag", "name", "merge")
        try:
            await tagging.rename(form["tag"], form["name"], merges=form["merge"] == "true")
        except (InvalidFields, TagTaken) as refused:
            context = _context(await tagging.page_with(form["tag"], MOST_AT_ONCE), caller)
            is_taken = isinstance(refused, TagTaken)
            context |= {
                "renaming": form["tag"],
                "to": form["name"],
                "rename_error": refused.detail,
                "can_merge": is_taken,
            }
            ask = await whom_to_ask(tx, caller)
            status = 409 if is_taken else 422
            return page(request, "tags/list.html", status=status, **shell, **context, ask=ask)
        return see_other(request, _address(request))

    @post("/remove", name="tags:remove")
    async def remove(self, request: AppRequest, tagging: TagsDep) -> Response[Any]:
        await tagging.remove((await typed(request, "tag"))["tag"])
        return see_other(request, _address(request))


def _address(request: AppRequest) -> str:
    return f"/w/{request.path_params['workspace']}/settings/tags"


def _context(tags: Page[tuple[str, int]], caller: Principal, cursor: str = "") -> dict[str, Any]:
    """The page without anything typed."""
    return {
        "all_tags": [{"name": name, "count": number} for name, number in tags.items],
        "cursor": cursor,
        "next_cursor": tags.next_cursor,
        "can_write": caller.can(Permission.PROMPTS_WRITE),
        "renaming": "",
        "to": "",
        "rename_error": "",
        "can_merge": False,
    }
