"""What people do with comments: forms that work without script, answered with the card for htmx."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Controller, Response, post
from litestar.params import FromPath

from app.access.permissions import Permission
from app.domain.prompts.deps import AppRequest
from app.domain.threads import show
from app.domain.threads.deps import Table, TableDep
from app.domain.threads.errors import CommentNotFound, ThreadNotFound
from app.domain.threads.pages import back, conversation, place_of
from app.domain.threads.selecting import as_id, selected, whole
from app.web.forms import typed
from app.web.htmx import announce, is_htmx, page


class ThreadForms(Controller):
    path = "/w/{workspace:str}/prompts/{prompt_id:uuid}/threads"
    include_in_schema = False

    @post("/{thread_id:uuid}/comments", name="threads:reply")
    async def reply(
        self,
        request: AppRequest,
        table: TableDep,
        prompt_id: FromPath[UUID],
        thread_id: FromPath[UUID],
    ) -> Response[Any]:
        form = await typed(request, "body", "id")
        await _belongs(table, prompt_id, thread_id)
        async with table.writing() as (threads, _):
            await threads.reply(thread_id, form["body"], as_id(form["id"]))
        return await _answer(request, table, prompt_id, thread_id)

    @post("/{thread_id:uuid}/resolve", name="threads:resolve")
    async def resolve(
        self,
        request: AppRequest,
        table: TableDep,
        prompt_id: FromPath[UUID],
        thread_id: FromPath[UUID],
    ) -> Response[Any]:
        await _belongs(table, prompt_id, thread_id)
        async with table.writing() as (threads, _):
            await threads.resolve(thread_id)
        return await _answer(request, table, prompt_id, thread_id)

    @post("/{thread_id:uuid}/reopen", name="threads:reopen")
    async def reopen(
        self,
        request: AppRequest,
        table: TableDep,
        prompt_id: FromPath[UUID],
        thread_id: FromPath[UUID],
    ) -> Response[Any]:
        await _belongs(table, prompt_id, thread_id)
        async with table.writing() as (threads, _):
            await threads.reopen(thread_id)
        return await _answer(request, table, prompt_id, thread_id)

    @post("/{thread_id:uuid}/anchor", name="threads:re-anchor")
    async def re_anchor(
        self,
        request: AppRequest,
        table: TableDep,
        prompt_id: FromPath[UUID],
        thread_id: FromPath[UUID],
    ) -> Response[Any]:
        """On other words, or on the same whose positions led nowhere."""
        table.caller.require(Permission.COMMENTS_WRITE)
        await _belongs(table, prompt_id, thread_id)
        anchor = await table.placing.anchor(prompt_id, await selected(request))
        async with table.writing() as (threads, _):
            await threads.re_anchor(thread_id, anchor)
        return await _answer(request, table, prompt_id, thread_id)

    @post("/{thread_id:uuid}/read", name="threads:read")
    async def read(
        self,
        request: AppRequest,
        table: TableDep,
        prompt_id: FromPath[UUID],
        thread_id: FromPath[UUID],
    ) -> Response[Any]:
        number = whole((await typed(request, "number"))["number"])
        await _belongs(table, prompt_id, thread_id)
        async with table.writing() as (threads, _):
            await threads.mark_read(thread_id, number)
        return Response(b"", status_code=204) if is_htmx(request) else back(request, thread_id)


class CommentForms(Controller):
    path = (
        "/w/{workspace:str}/prompts/{prompt_id:uuid}/threads/{thread_id:uuid}"
        "/comments/{comment_id:uuid}"
    )
    include_in_schema = False

    @post("/edit", name="threads:edit")
    async def edit(
        self,
        request: AppRequest,
        table: TableDep,
        prompt_id: FromPath[UUID],
        thread_id: FromPath[UUID],
        comment_id: FromPath[UUID],
    ) -> Response[Any]:
        body = (await typed(request, "body"))["body"]
        await _belongs(table, prompt_id, thread_id, comment_id)
        async with table.writing() as (threads, _):
            await threads.edit(comment_id, body)
        return await _answer(request, table, prompt_id, thread_id)

    @post("/delete", name="threads:delete")
    async def delete(
        self,
        request: AppRequest,
        table: TableDep,
        prompt_id: FromPath[UUID],
        thread_id: FromPath[UUID],
        comment_id: FromPath[UUID],
    ) -> Response[Any]:
        await _belongs(table, prompt_id, thread_id, comment_id)
        async with table.writing() as (threads, _):
            await threads.delete(comment_id)
        return await _answer(request, table, prompt_id, thread_id)

    @post("/react", name="threads:react")
    async def react(
        self,
        request: AppRequest,
        table: TableDep,
        prompt_id: FromPath[UUID],
        thread_id: FromPath[UUID],
        comment_id: FromPath[UUID],
    ) -> Response[Any]:
        """The button that was pressed: `on` a reaction, or `off`."""
        form = await typed(request, "on", "off")
        await _belongs(table, prompt_id, thread_id, comment_id)
        async with table.writing() as (threads, _):
            if form["off"]:
                await threads.unreact(comment_id, form["off"])
            else:
                await threads.react(comment_id, form["on"])
        return await _answer(request, table, prompt_id, thread_id)


async def _belongs(
    table: Table, prompt_id: UUID, thread_id: UUID, comment_id: UUID | None = None
) -> None:
    """Each lies in the one before. Raises `ThreadNotFound`, `CommentNotFound`."""
    async with table.reading() as conversations:
        if (await conversations.thread(thread_id)).prompt_id != prompt_id:
            raise ThreadNotFound("Check the address. It may have been deleted.")
        if comment_id and (await conversations.comment(comment_id)).thread_id != thread_id:
            raise CommentNotFound("Check the address. It may have been deleted.")


async def _answer(
    request: AppRequest, table: Table, prompt_id: UUID, thread_id: UUID
) -> Response[Any]:
    """The card as it is now, nothing of one that has gone with its last comment."""
    if not is_htmx(request):
        return back(request, thread_id)
    place = place_of(request, table, prompt_id)
    try:
        shown = await conversation(table, prompt_id, thread_id, is_whole=False)
    except ThreadNotFound:
        return announce(Response(b"", status_code=204), "threads:gone", {"thread": str(thread_id)})  # type: ignore[no-any-return]
    thread = show.card(shown, table.caller)
    return page(request, "threads/_body.html", **place.context, thread=thread)
