"""Prompts and tickets to their rooms, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET

from app.access.permissions import Permission
from app.access.tickets import SECONDS
from app.domain.prompts import people
from app.domain.prompts.conditional_api import current, expected, room_url, shown
from app.domain.prompts.deps import (
    AppRequest,
    Desk,
    DeskDep,
    FiltersDep,
    LibraryDep,
    OldNamesDep,
    PromptsDep,
)
from app.domain.prompts.message_edits import Changed, changed, message_at
from app.domain.prompts.old_name_schemas import OldNameList, old_names_view
from app.domain.prompts.ports import Release
from app.domain.prompts.schemas import (
    MessagePatch,
    PlacedMessage,
    PlacedMessageList,
    PromptInput,
    PromptList,
    PromptPatch,
    PromptView,
    TicketView,
    message_change,
    new_prompt,
    placed_message,
    placed_messages,
    plan_from,
    summary,
)
from app.domain.prompts.service import Details
from app.domain.prompts.together_api import change_rest, change_together
from app.kit.edits import Edit
from app.web.conditional import NOT_MODIFIED, ConditionsDep, KnownDep, answered
from app.web.deps import Caller, RoomTickets, Tx
from app.web.paging import DEFAULT_LIMIT, checked_limit, link_header


class PromptApi(Controller):
    path = "/api/v1/prompts"
    tags = ["prompts"]

    @get("/", name="api:prompts", operation_id="listPrompts")
    async def listed(
        self,
        request: AppRequest,
        library: LibraryDep,
        filters: FiltersDep,
        limit: FromQuery[int] = DEFAULT_LIMIT,
        cursor: FromQuery[str | None] = None,
    ) -> Response[PromptList]:
        """List prompts, the last edited first.

        `q` looks for every word in title, name, description, text, variables, tags and people:
        words that begin with it, and from three letters on words that hold it. `label=draft` lists
        prompts that no label is on; `owner` is a person's id; a folder holds those below it.
        Several of `tag`, `label`, `model` or `owner` are alternatives: `tag=a&tag=b` lists prompts
        with either. Archived prompts are listed with `archived=true`: alone, or beside those with a
        `label`. Follow `next_cursor`, or the Link
        header. Needs the scope `read`.
        """
        async with library.find(filters) as found:
            page = await found.page(checked_limit(limit), cursor)
            tags = await found.tags(page.items)
        items = [summary(one, tags[one.id], room_url(request, one.room_id)) for one in page.items]
        return Response(PromptList(items, page.next_cursor), headers=link_header(request, page))

    @post("/", name="api:create-prompt", operation_id="createPrompt")
    async def create(
        self,
        request: AppRequest,
        prompts: PromptsDep,
        data: JSONBody[PromptInput],
    ) -> Response[PromptView]:
        """Make a prompt with its first text and its room.

        Needs the scope `write`. A name that is taken answers 409 `prompt_name_taken`; one that
        another prompt had before, and that released prompts include it by, 409 `old_name_included`.
        """
        new = new_prompt(data)
        opened = await prompts.create(new)
        content, etag = shown(request, opened, Release(), new.text)
        location = f"/api/v1/prompts/{opened.prompt.id}"
        return Response(content, headers={"Location": location, "ETag": etag})

    @get(
        "/{prompt_id:uuid}",
        name="api:prompt",
        operation_id="getPrompt",
        responses={304: NOT_MODIFIED},
    )
    async def show(
        self,
        request: AppRequest,
        desk: DeskDep,
        known: KnownDep,
        prompt_id: FromPath[UUID],
    ) -> Response[PromptView]:
        """Get a prompt as it is being written now, unpublished edits included.

        The ETag covers the live text, settings, details and labels; `edited_at` alone does not
        change it. Needs the scope `read`. Programs in production use `/api/v1/fetch/{name}`.
        """
        return answered(*await current(request, desk, prompt_id), known)

    @patch("/{prompt_id:uuid}", name="api:change-prompt", operation_id="changePrompt")
    async def change(
        self,
        request: AppRequest,
        desk: DeskDep,
        conditions: ConditionsDep,
        prompt_id: FromPath[UUID],
        data: JSONBody[PromptPatch],
    ) -> Response[PromptView]:
        """Change a prompt's details, settings or text; what is not given stays.

        `config` is merged key by key (null takes a key out), `variables` and `tags` are replaced.
        A new text becomes an edit in the room, of the words that differ.

        Send with it, as `base`, the `text` that you read: then only what you changed in that is
        changed, also where messages came, went or moved, and nothing of what others have written
        since is lost. When the words that you changed are not there any more the answer is 409
        `prompt_base_gone` with the present `text`, and nothing was done. With `If-Match` the same
        holds for what somebody types while this call is under way, whatever else it changes. A
        `name` answers as when a prompt is made. Needs the scope `write`.
        """
        plan = plan_from(data)
        if plan is not None:
            desk.caller.require(Permission.PROMPTS_WRITE)
        condition = await expected(request, desk, prompt_id, conditions)
        edit = condition.plan(data, plan)
        if edit is not None and conditions.are_given and _has_more(data):
            await change_together(condition, data, edit)
            return answered(*await current(request, desk, prompt_id))
        async with desk.database.transaction() as tx:
            prompts = desk.prompts(tx)
            await condition.check(tx)
            if edit is not None:
                await prompts.claim_text(prompt_id)
            await change_rest(prompts, prompt_id, data)
            room_id = (await prompts.open(prompt_id)).branch.id
        if edit is not None:
            await desk.rooms.revise(room_id, edit, desk.caller.actor)
        return answered(*await current(request, desk, prompt_id))

    @delete("/{prompt_id:uuid}", name="api:archive-prompt", operation_id="archivePrompt")
    async def archive(
        self,
        request: AppRequest,
        desk: DeskDep,
        conditions: ConditionsDep,
        prompt_id: FromPath[UUID],
    ) -> None:
        """Archive a prompt: it leaves the lists, nothing is destroyed.

        Programs still get its released versions; `PATCH {"archived": false}` brings it back.
        Needs the scope `write`.
        """
        desk.caller.require(Permission.PROMPTS_ARCHIVE)
        condition = await expected(request, desk, prompt_id, conditions)
        async with desk.database.transaction() as tx:
            await condition.check(tx)
            prompts = desk.prompts(tx)
            await prompts.change(prompt_id, Details(archived=True))


class MessageApi(Controller):
    path = "/api/v1/prompts/{prompt_id:uuid}/messages"
    tags = ["prompts"]

    @get("/", name="api:messages", operation_id="listMessages")
    async def listed(self, desk: DeskDep, prompt_id: FromPath[UUID]) -> PlacedMessageList:
        """List the messages of the live text, unpublished edits included.

        Needs the scope `read`.
        """
        return placed_messages(await _live_text(desk, prompt_id))

    @get("/{index:int}", name="api:message", operation_id="getMessage")
    async def show(
        self, desk: DeskDep, prompt_id: FromPath[UUID], index: FromPath[int]
    ) -> PlacedMessage:
        """Get one message of the live text; the first has the index 0. Needs the scope `read`."""
        return placed_message(index, message_at(await _live_text(desk, prompt_id), index))

    @patch("/{index:int}", name="api:change-message", operation_id="changeMessage")
    async def change(
        self,
        desk: DeskDep,
        prompt_id: FromPath[UUID],
        index: FromPath[int],
        data: JSONBody[MessagePatch],
    ) -> PlacedMessage:
        """Change one message while people are writing in it.

        Send its `content` as you read it as `base`: what you changed in that is changed, and what
        others have written there since stays. A message that has moved is found by its `base`.
        When the words that you changed are not there any more the answer is 409
        `prompt_base_gone` with the present `message`, and nothing was done. The answer is the
        message as this edit left it. Needs the scope `write`.
        """
        desk.caller.require(Permission.PROMPTS_WRITE)
        wanted = message_change(index, data)
        room_id = await _room_of(desk, prompt_id)
        made: list[Changed] = []

        def plan(live: str) -> Sequence[Edit]:
            made[:] = [changed(live, wanted)]
            return made[0].edits

        await desk.rooms.revise(room_id, plan, desk.caller.actor)
        return placed_message(made[0].index, made[0].message)


class OldNameApi(Controller):
    path = "/api/v1/prompts/{prompt_id:uuid}/names"
    tags = ["prompts"]

    @get("/", name="api:old-names", operation_id="listOldNames")
    async def listed(
        self, tx: Tx, caller: Caller, old_names: OldNamesDep, prompt_id: FromPath[UUID]
    ) -> OldNameList:
        """List the names that a prompt had before, the latest first.

        Programs that fetch by one of them get the prompt, with a notice. Needs the scope `read`.
        """
        rows = await old_names.of(prompt_id)
        return old_names_view(
            rows, await people.named(tx, caller, [one.renamed_by for one in rows])
        )

    @delete("/{old_name:path}", name="api:release-name", operation_id="releaseOldName")
    async def release(
        self, old_names: OldNamesDep, prompt_id: FromPath[UUID], old_name: FromPath[str]
    ) -> None:
        """Have an old name lead nowhere: programs that fetch by it get 404 from then on.

        While released prompts include this one by that name the answer is 409 `old_name_included`.
        Needs the scope `write`.
        """
        await old_names.release(prompt_id, old_name.strip("/"))


class RoomApi(Controller):
    path = "/api/v1/rooms"
    tags = ["rooms"]

    @post("/{room_id:uuid}/tickets", name="api:room-ticket", operation_id="createRoomTicket")
    async def ticket(
        self,
        request: AppRequest,
        prompts: PromptsDep,
        caller: Caller,
        tickets: RoomTickets,
        room_id: FromPath[UUID],
    ) -> Response[TicketView]:
        """Make a ticket that opens one room's WebSocket within the next minute.

        For browsers and clients that cannot send an Authorization header: connect to `url`. The
        socket has this key's rights. Needs the scope `read`; writing needs `write`.
        """
        branch = await prompts.room(room_id)
        ticket = tickets.issue(branch.id, caller)
        url = f"{room_url(request, branch.id)}?ticket={ticket}"
        content = TicketView(ticket, SECONDS, url)
        return Response(content, status_code=201, headers={"Cache-Control": "no-store"})


def _has_more(data: PromptPatch) -> bool:
    """Than a text."""
    given = {one for one in data.__struct_fields__ if getattr(data, one) is not UNSET}
    return bool(given - {"text", "messages", "base"})


async def _room_of(desk: Desk, prompt_id: UUID) -> UUID:
    async with desk.database.transaction(write=False) as tx:
        return (await desk.prompts(tx).open(prompt_id)).branch.id


async def _live_text(desk: Desk, prompt_id: UUID) -> str:
    return (await desk.rooms.read(await _room_of(desk, prompt_id))).text
