"""The library, and the form for a new prompt."""

from __future__ import annotations

import contextlib
import time
from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from app.access.permissions import Permission
from app.domain.prompts import palette, queries, starters, views
from app.domain.prompts.deps import AppRequest, Desk, DeskDep, FiltersDep
from app.domain.prompts.errors import NameTaken, PromptNotFound
from app.domain.prompts.ports import Filters, Sort
from app.domain.prompts.service import NewPrompt, Prompts
from app.errors import InvalidFields
from app.web.deps import PageShell
from app.web.forms import typed
from app.web.htmx import page, see_other
from app.web.paging import DEFAULT_LIMIT

SORTS: tuple[Sort, ...] = ("best", "edited", "title")
MOST_ROWS = 200  # that a page asks about; whoever has loaded more sees the first ones live
MOST_TYPED = 200  # letters in the palette
_BLANK_FORM = {"title": "", "name": "", "folder": "", "tags": "", "start": ""}


class LibraryPages(Controller):
    path = "/w/{workspace:str}"
    include_in_schema = False

    @get("/", name="prompts:list")
    async def listed(
        self,
        request: AppRequest,
        desk: DeskDep,
        filters: FiltersDep,
        shell: PageShell,
        workspace: FromPath[str],
    ) -> Response[Any]:
        sort = _sort(request.query_params.get("sort", ""), filters.q)
        query = views.Query(f"/w/{workspace}", filters, sort)
        cursor = request.query_params.get("cursor")
        context = await _found(desk, query, cursor)
        fragment = "prompts/_rows.html" if cursor else "prompts/_found.html"
        return page(request, "prompts/list.html", fragment, **shell, **context)

    @get("/live", name="prompts:live")
    async def live(
        self, request: AppRequest, desk: DeskDep, workspace: FromPath[str]
    ) -> Response[Any]:
        """The rows with these ids as they are now; 204 when `seen` says that nothing changed."""
        q = request.query_params.get("q", "")
        ids = _ids(request.query_params.getall("id", []))
        async with desk.library.find(Filters(q=q)) as found:
            rooms = await queries.rooms_of(found.tx, desk.caller, ids)
            if ids and not rooms:
                raise PromptNotFound("These prompts are not here any more.")
            here = desk.rooms.people(list(rooms.values()))
            seen = views.seen(found.selection, here)
            if request.query_params.get("seen") == seen:
                return Response(None, status_code=204)
            listed = await found.these(ids)
        rows = views.rows(listed, f"/w/{workspace}", here, found.selection)
        return page(
            request,
            "prompts/_live.html",
            rows=rows,
            next_href="",
            seen=seen,
            can_write=desk.caller.can(Permission.PROMPTS_WRITE),
        )

    @get("/palette", name="prompts:palette")
    async def palette(
        self, request: AppRequest, desk: DeskDep, workspace: FromPath[str]
    ) -> Response[Any]:
        """What the command palette offers for the letters typed so far."""
        begun = time.perf_counter()
        q = request.query_params.get("q", "").strip()[:MOST_TYPED]
        groups = await palette.offered(desk, f"/w/{workspace}", q)
        return page(
            request,
            "prompts/_palette.html",
            groups=groups,
            count=sum(len(group.offers) for group in groups),
            elapsed_ms=max(1, round((time.perf_counter() - begun) * 1000)),
        )

    @get("/prompts/new", name="prompts:new")
    async def new(
        self, request: AppRequest, desk: DeskDep, shell: PageShell, workspace: FromPath[str]
    ) -> Response[Any]:
        desk.caller.require(Permission.PROMPTS_WRITE)
        values = _BLANK_FORM | {
            "folder": request.query_params.get("folder", ""),
            "title": request.query_params.get("title", ""),
            "start": starters.starter(request.query_params.get("start", "")).id,
        }
        return await _form(request, desk, shell, values, {})

    @post("/prompts", name="prompts:create")
    async def create(
        self, request: AppRequest, desk: DeskDep, shell: PageShell, workspace: FromPath[str]
    ) -> Response[Any]:
        values = await typed(request, *_BLANK_FORM)
        begun = starters.starter(values["start"])
        new = NewPrompt(
            name=values["name"],
            title=" ".join(values["title"].split()),
            folder=values["folder"],
            tags=tuple(values["tags"].split(",")),
            text=begun.text,
            variables=begun.variables,
        )
        try:
            if not new.title:
                raise InvalidFields({"title": "Enter a title."})
            async with desk.database.transaction() as tx:
                opened = await Prompts(tx, desk.caller, desk.rooms).create(new)
        except InvalidFields as error:
            return await _form(request, desk, shell, values, error.fields, status=422)
        except NameTaken as error:
            errors = {"name": error.detail}
            return await _form(request, desk, shell, values, errors, status=422)
        return see_other(request, f"/w/{workspace}/prompts/{opened.prompt.id}")


def _ids(given: list[str]) -> list[UUID]:
    """Those that can be ids; what is none is nobody's row."""
    found = []
    for one in given[:MOST_ROWS]:
        with contextlib.suppress(ValueError):
            found.append(UUID(one))
    return found


def _sort(asked: str, q: str) -> Sort:
    """A search has the best first, unless something else is asked for."""
    for sort in SORTS:
        if asked == sort and (q or sort != "best"):
            return sort
    return "best" if q else "edited"


async def _found(desk: Desk, query: views.Query, cursor: str | None) -> dict[str, Any]:
    """The context of prompts/list.html beside the shell."""
    begun = time.perf_counter()
    filters = query.filters
    async with desk.library.find(filters) as looking:
        selected = looking.selection
        found, counted = await looking.page_and_facets(DEFAULT_LIMIT, cursor, query.sort)
    elapsed = time.perf_counter() - begun
    here = desk.rooms.people([row.room_id for row in found.items])
    owners = {who.id.removeprefix("user:"): who.name for who, _ in counted.owners}
    return {
        "q": filters.q,
        "folder": filters.folder,
        "heading": filters.folder or "Library",
        "total": selected.total,
        "found": selected.count,
        "elapsed_ms": max(1, round(elapsed * 1000)),
        "can_write": desk.caller.can(Permission.PROMPTS_WRITE),
        "hidden": query.hidden(),
        "facets": views.facets(query, counted),
        "filters": views.active_filters(query, owners),
        "clear_href": query.cleared(),
        "sorts": views.sorts(query),
        "rows": views.rows(found.items, query.root, here, selected),
        "next_href": query.href(cursor=found.next_cursor) if found.next_cursor else "",
        "suggestion": views.suggestion(query, selected.suggestion),
        "query": query.href().partition("?")[2],
        "archived": filters.archived,
        "failed": "",
        "starters": starters.STARTERS,
    }


async def _form(
    request: AppRequest,
    desk: Desk,
    shell: dict[str, Any],
    values: dict[str, str],
    errors: dict[str, str],
    *,
    status: int = 200,
) -> Response[Any]:
    return page(
        request,
        "prompts/new.html",
        "prompts/_new_form.html",
        status=status,
        **shell,
        values=values,
        errors=errors,
        starts=(starters.BLANK, *starters.STARTERS),
        folder_names=await folder_names(desk),
    )


async def folder_names(desk: Desk) -> list[str]:
    return [name for name, _ in await desk.finder.folders(desk.caller)]
