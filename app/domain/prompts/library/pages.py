"""The library, and the form for a new prompt."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from app.access.permissions import Permission
from app.domain.prompts import queries, views
from app.domain.prompts.deps import AppRequest, Desk, DeskDep, FiltersDep
from app.domain.prompts.errors import NameTaken, OldNameIncluded, PromptNotFound
from app.domain.prompts.library import filtering, palette, starters
from app.domain.prompts.library.listing import Facets, Listed
from app.domain.prompts.ports import Filters, Here, Selection
from app.domain.prompts.service import NewPrompt
from app.errors import InvalidFields
from app.web.deps import PageShell
from app.web.forms import typed
from app.web.htmx import page, see_other
from app.web.paging import DEFAULT_LIMIT, Page

LAYOUTS = ("table", "cards")
YEAR = 365 * 24 * 3600
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
        context = await _found(request, desk, filters)
        is_next = "cursor" in request.query_params
        fragment = "prompts/_rows.html" if is_next else "prompts/_found.html"
        response = page(request, "prompts/list.html", fragment, **shell, **context)
        if asked := _layout(request.query_params.get("as")):
            response.set_cookie("library_as", asked, max_age=YEAR, samesite="lax", path="/")
        return response

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
            here = desk.rooms.people(found.selection.own_rooms(desk.rooms.occupied()))
            seen = views.seen(found.selection, here)
            if request.query_params.get("seen") == seen:
                return Response(None, status_code=204)
            listed = await found.these(ids)
            starred = await desk.stars.of(found.tx, desk.caller)
        rows = views.rows(listed, f"/w/{workspace}", here, found.selection, starred)
        return page(
            request,
            "prompts/_live.html",
            rows=rows,
            next_href="",
            seen=seen,
            inside=views.inside(here),
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
                opened = await desk.prompts(tx).create(new)
        except InvalidFields as error:
            return await _form(request, desk, shell, values, error.fields, status=422)
        except (NameTaken, OldNameIncluded) as error:
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


def _layout(asked: str | None) -> str:
    return asked if asked in LAYOUTS else ""


@dataclass(frozen=True, slots=True)
class _Look:
    query: filtering.Query
    selected: Selection
    page: Page[Listed]
    counted: Facets
    starred: frozenset[UUID]
    occupied: set[UUID]
    here: Mapping[UUID, Sequence[Here]]  # everybody in the workspace


async def _looked(request: AppRequest, desk: Desk, filters: Filters) -> _Look:
    asked = request.query_params
    occupied = desk.rooms.occupied()
    starred: frozenset[UUID] | None = None
    if asked.get("live") == "true":
        filters = replace(filters, live=frozenset(occupied))
    if asked.get("starred") == "true":  # the index is asked first thing in its transaction
        async with desk.database.transaction(write=False) as tx:
            starred = await desk.stars.of(tx, desk.caller)
        filters = replace(filters, starred=starred)
    sort = filtering.asked_sort(asked.get("sort", ""), filters.q)
    async with desk.library.find(filters) as looking:
        found, counted = await looking.page_and_facets(DEFAULT_LIMIT, asked.get("cursor"), sort)
        if starred is None:
            starred = await desk.stars.of(looking.tx, desk.caller)
    query = filtering.Query(f"/w/{request.path_params['workspace']}", filters, sort)
    selected = looking.selection
    here = desk.rooms.people(selected.own_rooms(occupied))
    return _Look(query, selected, found, counted, starred, occupied, here)


async def _found(request: AppRequest, desk: Desk, filters: Filters) -> dict[str, Any]:
    """The context of prompts/list.html beside the shell."""
    begun = time.perf_counter()
    look = await _looked(request, desk, filters)
    elapsed = time.perf_counter() - begun
    query, selected, found, counted = look.query, look.selected, look.page, look.counted
    filters = query.filters
    hand = filtering.at_hand(
        query, selected.count_starred(look.starred), selected.count_live(look.occupied)
    )
    layout = _layout(request.query_params.get("as")) or _layout(request.cookies.get("library_as"))
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
        "inside": views.inside(look.here),
        "layout": layout or LAYOUTS[0],
        "layouts": {name: query.href(**{"as": name}) for name in LAYOUTS},
        "facets": filtering.facets(query, counted, hand),
        "at_hand": hand,
        "filters": filtering.active(query, owners),
        "clear_href": query.cleared(),
        "sorts": filtering.sorts(query),
        "rows": views.rows(found.items, query.root, look.here, selected, look.starred),
        "next_href": query.href(cursor=found.next_cursor) if found.next_cursor else "",
        "suggestion": filtering.suggestion(query, selected.suggestion),
        "query": query.text,
        "archived": filters.archived,
        "can_label": desk.caller.can(Permission.LABELS_MOVE),
        "label_names": sorted({*views.FIRST, *(name for name, _ in counted.labels)}),
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
