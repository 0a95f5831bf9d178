"""Threads and comments, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, delete, get, patch, post, put
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET

from app.access.permissions import Permission
from app.domain.threads.anchoring import Span
from app.domain.threads.deps import ConversationsDep, Table, TableDep, ThreadsDep, WantedDep
from app.domain.threads.etags import comment_etag, of_thread_alone, thread_etag, thread_mark
from app.domain.threads.placing import placed
from app.domain.threads.reading import Conversations
from app.domain.threads.schemas import (
    CommentInput,
    CommentPatch,
    CommentView,
    ReadInput,
    ThreadInput,
    ThreadList,
    ThreadPatch,
    ThreadView,
    anchor_from,
    comment_view,
    list_view,
    thread_view,
)
from app.domain.threads.service import Threads
from app.domain.threads.views import Conversation
from app.domain.versions.policy import DRAFT
from app.errors import InvalidFields
from app.web.conditional import NOT_MODIFIED, Conditions, ConditionsDep, KnownDep, answered
from app.web.paging import DEFAULT_LIMIT, checked_limit, link_header
from app.web.repeated import own_id

AppRequest = Request[Any, Any, State]
_AGAIN = "It had arrived before: nothing was written."


class PromptThreadApi(Controller):
    path = "/api/v1/prompts/{prompt_id:uuid}/threads"
    tags = ["threads"]

    @get("/", name="api:threads", operation_id="listThreads")
    async def listed(
        self,
        request: AppRequest,
        table: TableDep,
        prompt_id: FromPath[UUID],
        wanted: WantedDep,
        limit: FromQuery[int] = DEFAULT_LIMIT,
        cursor: FromQuery[str | None] = None,
    ) -> Response[ThreadList]:
        """List a prompt's threads, the newest first.

        `filter` is `open`, `mine` (open ones that this key has written in), `resolved` or `all`.
        `span` says where the words are in the live text now; a thread whose words are gone is
        `orphaned`. `of` looks for them in another text: a version number, a label or `latest`. Of a
        long thread the first comment and the 20 newest are given. Follow `next_cursor`, or the
        Link header. Needs the scope `read`.
        """
        async with table.reading() as conversations:
            page = wanted.filter, checked_limit(limit), cursor
            found = await conversations.page(prompt_id, *page)
            counts = await conversations.counts(prompt_id)
            is_live = wanted.of == DRAFT
            text = None if is_live else await conversations.text_of(prompt_id, wanted.of)
        spans = await _spans(table, found.items, text)
        content = list_view(found.items, spans, counts, found.next_cursor)
        return Response(content, headers=link_header(request, found))

    @post(
        "/",
        name="api:start-thread",
        operation_id="startThread",
        responses={200: ResponseSpec(ThreadView, description=_AGAIN)},
    )
    async def start(
        self, table: TableDep, prompt_id: FromPath[UUID], data: JSONBody[ThreadInput]
    ) -> Response[ThreadView]:
        """Start a thread on words of the live text, or on the whole prompt.

        Words that are not there answer 422 `quote_not_found`. Send an `id`, and a call that is
        made again answers 200 with the thread that it started. Needs the scope `write`.
        """
        table.caller.require(Permission.COMMENTS_WRITE)
        anchor = await table.placing.anchor(prompt_id, anchor_from(data.anchor))
        async with table.writing() as (threads, conversations):
            written = await threads.start(prompt_id, anchor, data.body, data.id or own_id())
            shown = await conversations.open(written.thread_id)
        content = await _view(table, shown)
        headers = {"Location": f"/api/v1/threads/{shown.id}", "ETag": thread_etag(content)}
        return Response(content, status_code=201 if written.is_new else 200, headers=headers)


class ThreadApi(Controller):
    path = "/api/v1/threads/{thread_id:uuid}"
    tags = ["threads"]

    @get("/", name="api:thread", operation_id="getThread", responses={304: NOT_MODIFIED})
    async def show(
        self, table: TableDep, known: KnownDep, thread_id: FromPath[UUID]
    ) -> Response[ThreadView]:
        """Get a thread with all of its comments. Needs the scope `read`.

        As a condition of a call that changes the thread, its ETag is about what was said and
        decided in it: typing in the text meanwhile, and reading, is no hindrance.
        """
        async with table.reading() as conversations:
            shown = await conversations.open(thread_id)
        content = await _view(table, shown)
        return answered(content, thread_etag(content), known)

    @patch("/", name="api:change-thread", operation_id="changeThread")
    async def change(
        self,
        table: TableDep,
        conditions: ConditionsDep,
        thread_id: FromPath[UUID],
        data: JSONBody[ThreadPatch],
    ) -> Response[ThreadView]:
        """Resolve a thread, reopen it, or put it on other words of the live text.

        What is not given stays. Needs the scope `write`.
        """
        table.caller.require(Permission.COMMENTS_WRITE)
        async with table.reading() as conversations:
            row = await conversations.thread(thread_id)
        anchor = None
        if data.anchor is not UNSET:
            anchor = await table.placing.anchor(row.prompt_id, anchor_from(data.anchor))
        async with table.writing() as (threads, conversations):
            await _check_thread(threads, conversations, conditions, thread_id)
            if anchor is not None:
                await threads.re_anchor(thread_id, anchor)
            if data.state == "resolved":
                await threads.resolve(thread_id)
            elif data.state == "open":
                await threads.reopen(thread_id)
            shown = await conversations.open(thread_id)
        content = await _view(table, shown)
        return answered(content, thread_etag(content))

    @delete("/", name="api:delete-thread", operation_id="deleteThread")
    async def remove(
        self,
        threading: ThreadsDep,
        conversations: ConversationsDep,
        conditions: ConditionsDep,
        thread_id: FromPath[UUID],
    ) -> None:
        """Delete a thread with every comment. Resolve it instead if others have written in it.

        The key that wrote all of it may, with the scope `write`, or any with the scope `admin`.
        """
        await _check_thread(threading, conversations, conditions, thread_id)
        await threading.delete_thread(thread_id)

    @put("/read", name="api:read-thread", operation_id="readThread", status_code=204)
    async def read(
        self, threading: ThreadsDep, thread_id: FromPath[UUID], data: JSONBody[ReadInput]
    ) -> None:
        """Note how far this key has read a thread: what `unread` counts from. Needs `read`."""
        if data.number is not None and data.number < 0:
            raise InvalidFields({"number": "Comments are counted from 1; 0 is none of them."})
        await threading.mark_read(thread_id, data.number)

    @post(
        "/comments",
        name="api:reply",
        operation_id="addComment",
        responses={200: ResponseSpec(CommentView, description=_AGAIN)},
    )
    async def reply(
        self, table: TableDep, thread_id: FromPath[UUID], data: JSONBody[CommentInput]
    ) -> Response[CommentView]:
        """Reply in a thread; a resolved one is open again then.

        Send an `id`, and a call that is made again writes nothing twice. Needs the scope `write`.
        """
        async with table.writing() as (threads, conversations):
            written = await threads.reply(thread_id, data.body, data.id or own_id())
            said = await conversations.said(written.comment_id)
        return Response(
            comment_view(said),
            status_code=201 if written.is_new else 200,
            headers={"Location": f"/api/v1/threads/{thread_id}"},
        )


class CommentApi(Controller):
    path = "/api/v1/comments/{comment_id:uuid}"
    tags = ["threads"]

    @get("/", name="api:comment", operation_id="getComment", responses={304: NOT_MODIFIED})
    async def show(
        self, conversations: ConversationsDep, known: KnownDep, comment_id: FromPath[UUID]
    ) -> Response[CommentView]:
        """Get one comment, with who reacted to it. Needs the scope `read`."""
        content = comment_view(await conversations.said(comment_id))
        return answered(content, comment_etag(content), known)

    @patch("/", name="api:edit-comment", operation_id="editComment")
    async def edit(
        self,
        threading: ThreadsDep,
        conversations: ConversationsDep,
        conditions: ConditionsDep,
        comment_id: FromPath[UUID],
        data: JSONBody[CommentPatch],
    ) -> Response[CommentView]:
        """Change what a comment says. Only the key that wrote it may. Needs the scope `write`."""
        await _check_comment(threading, conversations, conditions, comment_id)
        await threading.edit(comment_id, data.body)
        content = comment_view(await conversations.said(comment_id))
        return answered(content, comment_etag(content))

    @delete("/", name="api:delete-comment", operation_id="deleteComment")
    async def remove(
        self,
        threading: ThreadsDep,
        conversations: ConversationsDep,
        conditions: ConditionsDep,
        comment_id: FromPath[UUID],
    ) -> None:
        """Delete a comment; with the last one its thread goes.

        The key that wrote it may, with the scope `write`, or any with the scope `admin`.
        """
        await _check_comment(threading, conversations, conditions, comment_id)
        await threading.delete(comment_id)

    @put("/reactions/{reaction:str}", name="api:react", operation_id="addReaction", status_code=204)
    async def react(
        self, threading: ThreadsDep, comment_id: FromPath[UUID], reaction: FromPath[str]
    ) -> None:
        """React to a comment: `agree`, `disagree`, `thanks`, `celebrate`, `looking` or `done`.

        Needs the scope `write`.
        """
        await threading.react(comment_id, reaction)

    @delete("/reactions/{reaction:str}", name="api:unreact", operation_id="removeReaction")
    async def unreact(
        self, threading: ThreadsDep, comment_id: FromPath[UUID], reaction: FromPath[str]
    ) -> None:
        """Take one's reaction back. Needs the scope `write`."""
        await threading.unreact(comment_id, reaction)


async def _check_thread(
    threads: Threads, conversations: Conversations, conditions: Conditions, thread_id: UUID
) -> None:
    if conditions.are_given:
        await threads.hold(thread_id)
        shown = await conversations.open(thread_id)
        of_thread_alone(conditions).check(thread_mark(thread_view(shown, None)))


async def _check_comment(
    threads: Threads, conversations: Conversations, conditions: Conditions, comment_id: UUID
) -> None:
    if conditions.are_given:
        await threads.hold_comment(comment_id, even_deleted=True)
        conditions.check(comment_etag(comment_view(await conversations.said(comment_id))))


async def _spans(
    table: Table, shown: Sequence[Conversation], text: str | None = None
) -> Sequence[Span | None]:
    """In `text`, or in the live one."""
    rows = [one.row for one in shown]
    if text is not None:
        return await placed(text, rows)
    return await table.placing.spans(rows[0].room_id, rows) if rows else []


async def _view(table: Table, shown: Conversation) -> ThreadView:
    [span] = await _spans(table, [shown])
    return thread_view(shown, span)
