"""Comments for people: each piece that the editor's rail asks for is a page without script."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from app.access.permissions import Permission
from app.domain.prompts.deps import AppRequest, Desk, DeskDep
from app.domain.prompts.service import Prompts
from app.domain.threads import show
from app.domain.threads.beside import beside
from app.domain.threads.deps import Table, TableDep
from app.domain.threads.errors import CommentNotFound, ThreadNotFound
from app.domain.threads.selecting import as_id, selected
from app.domain.threads.show import Place
from app.domain.threads.views import Conversation
from app.domain.versions import heading
from app.domain.versions.policy import DRAFT
from app.web.deps import PageShell
from app.web.forms import typed
from app.web.htmx import announce, is_htmx, page, see_other, wants_fragment

Shown = Literal["open", "mine", "resolved"]
_PAGE = 30  # cards at once: more than a screen, and soon drawn


def place_of(request: AppRequest, table: Table, prompt_id: UUID) -> Place:
    base = f"/w/{request.path_params['workspace']}/prompts/{prompt_id}/threads"
    return Place(table.caller, base, prompt_id)


def back(request: AppRequest, thread_id: UUID) -> Response[Any]:
    """To the thread, after a form without script."""
    base = f"/w/{request.path_params['workspace']}/prompts/{request.path_params['prompt_id']}"
    return see_other(request, f"{base}/threads#thread-{thread_id}")


class ThreadPages(Controller):
    path = "/w/{workspace:str}/prompts/{prompt_id:uuid}/threads"
    include_in_schema = False

    @get("/", name="threads:list")
    async def listed(
        self,
        request: AppRequest,
        table: TableDep,
        desk: DeskDep,
        shell: PageShell,
        prompt_id: FromPath[UUID],
    ) -> Response[Any]:
        """All of it, for htmx the panel, and with a cursor the following cards."""
        place, shown = place_of(request, table, prompt_id), _shown(request)
        cursor = request.query_params.get("cursor") or None
        async with table.reading() as conversations:
            found = await conversations.page(prompt_id, shown, _PAGE, cursor)
            counts = await conversations.counts(prompt_id)
        following = show.next_href(place.base, shown, found.next_cursor)
        if wants_fragment(request):
            context = show.cards(place, found.items, next_href=following)
            if cursor:
                return page(request, "threads/_cards.html", **context)
            context |= show.panel(place, shown, counts)
            return page(request, "threads/_panel.html", **context)
        gone = await _gone(table, found.items)
        context = show.cards(place, found.items, gone, next_href=following)
        context |= show.panel(place, shown, counts) | await _head(desk, prompt_id)
        return page(request, "threads/list.html", **context | shell, only=False)

    @post("/", name="threads:start")
    async def start(
        self, request: AppRequest, table: TableDep, prompt_id: FromPath[UUID]
    ) -> Response[Any]:
        """On the words that were selected, or on the whole prompt."""
        table.caller.require(Permission.COMMENTS_WRITE)
        form = await typed(request, "body", "id")
        anchor = await table.placing.anchor(prompt_id, await selected(request))
        async with table.writing() as (threads, _):
            done = await threads.start(prompt_id, anchor, form["body"], as_id(form["id"]))
        if not is_htmx(request):
            return back(request, done.thread_id)
        answer: Response[Any] = Response(b"", status_code=204)
        return announce(answer, "threads:mine", {"thread": str(done.thread_id)})  # type: ignore[no-any-return]

    @get("/anchors", name="threads:anchors")
    async def anchors(self, table: TableDep, prompt_id: FromPath[UUID]) -> Response[Any]:
        """Where every open thread is, for the editor's highlights."""
        async with table.reading() as conversations:
            found = await conversations.anchors(prompt_id)
            counts = await conversations.counts(prompt_id)
        content = {"open": counts.open, "threads": [show.anchor(one) for one in found]}
        return Response(content, headers={"Cache-Control": "private, no-store"})

    @get("/beside", name="threads:beside")
    async def beside(
        self, request: AppRequest, table: TableDep, prompt_id: FromPath[UUID]
    ) -> Response[Any]:
        """Those on the words of a version, a checkpoint or the draft, for the pages of these."""
        ref = request.query_params.get("of", DRAFT)[:100].replace("\0", "")
        context = await beside(table, prompt_id, ref)
        place = place_of(request, table, prompt_id)
        return page(request, "threads/_beside.html", **context, base=place.base)

    @get("/people", name="threads:people")
    async def people(
        self, request: AppRequest, table: TableDep, prompt_id: FromPath[UUID]
    ) -> Response[Any]:
        """Whom a comment may name."""
        typed = request.query_params.get("q", "")[:100].replace("\0", "")
        async with table.reading() as conversations:
            found = await conversations.people_to_mention(prompt_id, typed)
        may_invite = table.caller.can(Permission.MEMBERS_MANAGE)
        members = f"/w/{request.path_params['workspace']}/settings/members"
        content = show.people(found, members if may_invite else "")
        return Response(content, headers={"Cache-Control": "private, no-store"})

    @get("/{thread_id:uuid}", name="threads:show")
    async def one(
        self,
        request: AppRequest,
        table: TableDep,
        desk: DeskDep,
        shell: PageShell,
        prompt_id: FromPath[UUID],
        thread_id: FromPath[UUID],
    ) -> Response[Any]:
        """A page, and for htmx a card (`?card=1`) or what stands in one beside its reply box."""
        place, query = place_of(request, table, prompt_id), request.query_params
        is_whole = "all" in query or "edit" in query or not wants_fragment(request)
        shown = await conversation(table, prompt_id, thread_id, is_whole=is_whole)
        editing = as_id(query.get("edit", ""))
        if editing and all(one.id != editing for one in shown.comments):
            raise CommentNotFound("Check the address. It may have been deleted.")
        if wants_fragment(request):
            thread = show.card(shown, table.caller, editing=editing)
            name = "threads/_card.html" if "card" in query else "threads/_body.html"
            return page(request, name, **place.context, thread=thread)
        context = show.cards(place, [shown], await _gone(table, [shown]), editing=editing)
        context |= await _head(desk, prompt_id)
        return page(request, "threads/list.html", **context | shell, only=True)


async def conversation(
    table: Table, prompt_id: UUID, thread_id: UUID, *, is_whole: bool
) -> Conversation:
    """A thread of this prompt; whole = with every comment. Raises `ThreadNotFound`."""
    async with table.reading() as conversations:
        found = await conversations.these(prompt_id, [thread_id])
        if not found:
            raise ThreadNotFound("Check the address. It may have been deleted.")
        return await conversations.open(thread_id) if is_whole else found[0]


async def _head(desk: Desk, prompt_id: UUID) -> dict[str, Any]:
    """The context of prompts/_head.html."""
    async with desk.database.transaction(write=False) as tx:
        opened = await Prompts(tx, desk.caller, desk.rooms).open(prompt_id)
    text = (await desk.rooms.read(opened.branch.id)).text
    async with desk.database.transaction(write=False) as tx:
        standing = await desk.releases.standing(tx, desk.caller, opened.branch, text)
    return heading.head(desk, opened, standing)


async def _gone(table: Table, shown: list[Conversation]) -> list[bool]:
    if not shown:
        return []
    spans = await table.placing.spans(shown[0].row.room_id, [one.row for one in shown])
    return [bool(one.row.quote) and span is None for one, span in zip(shown, spans, strict=True)]


def _shown(request: AppRequest) -> Shown:
    asked = request.query_params.get("show", "")
    return "mine" if asked == "mine" else "resolved" if asked == "resolved" else "open"
