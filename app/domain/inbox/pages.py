"""The inbox, following and muting, and the stream of what changes meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.types import ASGIApp

from app.domain.inbox import views
from app.domain.inbox.deps import AppRequest, InboxDep, StreamsDep
from app.domain.inbox.policy import SHOWN, UNREAD
from app.domain.inbox.service import MOST_AT_ONCE, Inbox
from app.domain.prompts.deps import PromptsDep
from app.kit import clock
from app.web.deps import Caller, PageShell
from app.web.event_stream import EventStream
from app.web.forms import chosen, typed
from app.web.htmx import is_htmx, page, see_other


class InboxPages(Controller):
    """What is new for one person in one workspace."""

    path = "/w/{workspace:str}/inbox"
    include_in_schema = False

    @get("/", name="inbox:list")
    async def listed(
        self,
        request: AppRequest,
        inbox: InboxDep,
        shell: PageShell,
        show: FromQuery[str] = UNREAD,
        cursor: FromQuery[str] = "",
    ) -> Response[Any]:
        return await _page(request, inbox, shell, show, cursor)

    @post("/mark", name="inbox:mark")
    async def mark(self, request: AppRequest, inbox: InboxDep, shell: PageShell) -> Response[Any]:
        """Some as read or unread; htmx gets the list as it is then."""
        form = await typed(request, "as", "show", "cursor")
        subjects = list(_ids(await chosen(request, "subject")))
        await inbox.mark(subjects, is_read=form["as"] != "unread")
        return await _after(request, inbox, shell, form)

    @post("/mark-all", name="inbox:mark-all")
    async def mark_all(
        self, request: AppRequest, inbox: InboxDep, shell: PageShell
    ) -> Response[Any]:
        form = await typed(request, "upto", "show", "cursor")
        await inbox.mark_all_read(_moment(form["upto"]))
        return await _after(request, inbox, shell, form)


class FollowPages(Controller):
    """How one person stands to a prompt."""

    path = "/w/{workspace:str}/prompts/{prompt_id:uuid}"
    include_in_schema = False

    @post("/follow", name="inbox:follow")
    async def follow(
        self,
        request: AppRequest,
        inbox: InboxDep,
        workspace: FromPath[str],
        prompt_id: FromPath[UUID],
    ) -> Response[Any]:
        """Htmx gets the button as it is then."""
        form = await typed(request, "follow")
        await inbox.follow(prompt_id, is_following=form["follow"] == "yes")
        if not is_htmx(request):
            return see_other(request, f"/w/{workspace}/prompts/{prompt_id}/activity")
        context: dict[str, Any] = {
            "workspace": {"slug": workspace},
            "prompt": {"id": str(prompt_id)},
            "standing": await inbox.standing(prompt_id),
        }
        return page(request, "inbox/_follow.html", **context)

    @post("/mute", name="inbox:mute")
    async def mute(
        self,
        request: AppRequest,
        inbox: InboxDep,
        shell: PageShell,
        prompt_id: FromPath[UUID],
    ) -> Response[Any]:
        """The prompt, or one of its threads; htmx gets the inbox as it is then."""
        form = await typed(request, "thread", "mute", "show", "cursor")
        subject_id = next(_ids([form["thread"]]), prompt_id)
        await inbox.mute(prompt_id, subject_id, is_muted=form["mute"] == "yes")
        return await _after(request, inbox, shell, form)


class EventPages(Controller):
    """What open pages listen to."""

    path = "/w/{workspace:str}/events"
    include_in_schema = False

    @get("/", name="inbox:events")
    async def listen(
        self,
        request: AppRequest,
        caller: Caller,
        streams: StreamsDep,
        prompts: PromptsDep,
        prompt: FromQuery[UUID | None] = None,
    ) -> ASGIApp:
        """A stream for a browser that listens; whoever else asks gets the count once, as JSON.

        With `prompt`, what happens to that one is told, too.
        """
        room_id = (await prompts.open(prompt)).branch.id if prompt is not None else None
        if "text/event-stream" in request.headers.get("Accept", ""):
            return EventStream(streams.events(caller, room_id))
        count = {"count": await streams.count(caller)}
        return Response(count).to_asgi_response(None, request)


async def _after(
    request: AppRequest, inbox: Inbox, shell: dict[str, Any], form: dict[str, str]
) -> Response[Any]:
    if is_htmx(request):
        return await _page(request, inbox, shell, form["show"], form["cursor"])
    slug = request.path_params["workspace"]
    return see_other(request, f"/w/{slug}/inbox{views.query(form['show'], form['cursor'])}")


async def _page(
    request: AppRequest, inbox: Inbox, shell: dict[str, Any], show: str, cursor: str
) -> Response[Any]:
    show = show if show in SHOWN else UNREAD
    seen_at = clock.utc_now()  # before looking: what comes meanwhile has not been seen
    found = await inbox.page(show, cursor or None)
    context = views.inbox(request.path_params["workspace"], show, cursor, found)
    context |= {"unread": await inbox.unread(), "seen_at": seen_at.isoformat()}
    return page(request, "inbox/list.html", "inbox/_list.html", **shell, **context)


def _ids(texts: Sequence[str]) -> Iterator[UUID]:
    for one in texts[:MOST_AT_ONCE]:
        with contextlib.suppress(ValueError):
            yield UUID(one)


def _moment(text: str) -> datetime:
    """A page's own time; without one, now."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return clock.utc_now()
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
