"""Tools that change something: the text, and what is said about it."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from app.access.permissions import Permission
from app.domain.agents.desk import Desk
from app.domain.agents.reading import ThreadView, Wanted, thread_view
from app.domain.agents.replacing import MOST_EDITS, Edit, replaced
from app.domain.prompts.service import Prompts
from app.domain.threads.anchoring import Anchor

Body = Annotated[str, Meta(description="Markdown, at most 10,000 characters.")]


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    prompt: Wanted
    edits: Annotated[
        list[Edit],
        Meta(
            description="In order, all of them or none. Each old_text has to stand in the live "
            f"text exactly once, letter for letter. From 1 to {MOST_EDITS}."
        ),
    ]


class Changed(msgspec.Struct, frozen=True):
    name: str
    edits: int
    characters: Annotated[int, Meta(description="Of the live text now, others' edits included.")]


async def change(desk: Desk, given: Change) -> Changed:
    desk.caller.require(Permission.PROMPTS_WRITE)
    prompt_id = await desk.prompt_id(given.prompt)
    async with desk.database.transaction(write=False) as tx:
        opened = await Prompts(tx, desk.caller, desk.rooms).open(prompt_id)
    reading = await desk.visitors.edit(
        opened.branch.id, desk.caller, partial(replaced, edits=given.edits)
    )
    return Changed(opened.prompt.name, len(given.edits), len(reading.text))


class Comment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    prompt: Wanted
    body: Body
    quote: Annotated[
        str, Meta(description="Words of the live text it is on; empty = the whole prompt.")
    ] = ""
    prefix: Annotated[str, Meta(description="What stands before them, to tell places apart.")] = ""
    suffix: Annotated[str, Meta(description="What stands behind them.")] = ""
    id: Annotated[
        UUID | None, Meta(description="Of your making: sent twice, it is written once.")
    ] = None


async def comment(desk: Desk, given: Comment) -> ThreadView:
    desk.caller.require(Permission.COMMENTS_WRITE)
    prompt_id = await desk.prompt_id(given.prompt)
    table = desk.table
    wanted = Anchor(given.quote, given.prefix, given.suffix)
    anchor = await table.placing.anchor(prompt_id, wanted)
    async with table.writing() as (threads, conversations):
        written = await threads.start(prompt_id, anchor, given.body, given.id)
        return thread_view(await conversations.open(written.thread_id))


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    thread_id: UUID
    body: Body
    id: Annotated[
        UUID | None, Meta(description="Of your making: sent twice, it is written once.")
    ] = None


async def reply(desk: Desk, given: Reply) -> ThreadView:
    async with desk.table.writing() as (threads, conversations):
        written = await threads.reply(given.thread_id, given.body, given.id)
        return thread_view(await conversations.open(written.thread_id))
