"""The page of what happened to a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Controller, Response, get
from litestar.params import FromPath, FromQuery

from app.domain.activity import views
from app.domain.activity.deps import NarrowedDep
from app.domain.activity.service import KINDS, Activities, Narrowed
from app.domain.prompts import views as prompt_views
from app.domain.prompts.deps import AppRequest, DeskDep
from app.domain.prompts.people import Shown
from app.domain.prompts.service import Prompts
from app.web.deps import PageShell
from app.web.htmx import page

PAGE = 50


class ActivityPages(Controller):
    path = "/w/{workspace:str}/prompts/{prompt_id:uuid}/activity"
    include_in_schema = False

    @get("/", name="activity:list")
    async def listed(
        self,
        request: AppRequest,
        desk: DeskDep,
        shell: PageShell,
        narrowed: NarrowedDep,
        prompt_id: FromPath[UUID],
        cursor: FromQuery[str] = "",
    ) -> Response[Any]:
        """Newer news come by themselves to the first page."""
        async with desk.database.transaction(write=False) as tx:
            opened = await Prompts(tx, desk.caller, desk.rooms).open(prompt_id)
            activities = Activities(tx, desk.caller)
            people = await activities.people(prompt_id)
            narrowed = _known(narrowed, people)
            found = await activities.page(prompt_id, narrowed, PAGE, cursor or None)
            who = await activities.named([event.actor for event in found.items])
        text = (await desk.rooms.read(opened.branch.id)).text
        async with desk.database.transaction(write=False) as tx:
            standing = await desk.releases.standing(tx, desk.caller, opened.branch, text)
        base = f"/w/{request.path_params['workspace']}/prompts/{prompt_id}"
        context = {
            "prompt": prompt_views.prompt(opened),
            **prompt_views.rights(desk.caller),
            **standing.head,
            "here": desk.rooms.people([opened.branch.id]).get(opened.branch.id, ()),
            **views.stream(base, found.items, who),
            **views.filters(base, narrowed, people),
            "cursor": cursor,
            "older_href": _older(base, narrowed, found.next_cursor),
        }
        return page(request, "activity/list.html", "activity/_stream.html", **shell, **context)


def _known(narrowed: Narrowed, people: Sequence[Shown]) -> Narrowed:
    """What an address asks for and nobody can choose counts as all."""
    return Narrowed(
        kind=narrowed.kind if narrowed.kind in KINDS else "",
        by=narrowed.by if any(one.id == narrowed.by for one in people) else "",
    )


def _older(base: str, narrowed: Narrowed, cursor: str | None) -> str:
    if cursor is None:
        return ""
    given = {"kind": narrowed.kind, "by": narrowed.by, "cursor": cursor}
    return f"{base}/activity?{urlencode({k: v for k, v in given.items() if v})}"
