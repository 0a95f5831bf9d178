"""Tools that find and read: prompts, their versions, and what is said about them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from app.domain.agents.desk import Desk
from app.domain.prompts.ports import Filters
from app.domain.prompts.service import Prompts
from app.domain.prompts.shapes import MessageView, messages_view
from app.domain.releases.selector import LARGEST, Selector
from app.domain.threads.views import Conversation
from app.domain.versions.history import History
from app.domain.versions.policy import DRAFT
from app.web.paging import checked_limit

Wanted = Annotated[str, Meta(description="A prompt's name, such as support/triage, or its id.")]
Limit = Annotated[int | None, Meta(description="From 1 to 200; 20 if left out.")]
Cursor = Annotated[str | None, Meta(description="next_cursor of the page before.")]
_USUAL = 20
_MOST_VALUES = 50  # of one filter, as in addresses


def _limit(given: int | None) -> int:
    return checked_limit(_USUAL if given is None else given)


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    query: Annotated[
        str, Meta(description="Words of title, name, text, tags or people; empty = all.")
    ] = ""
    folder: Annotated[str, Meta(description="With those below it.")] = ""
    tags: list[str] = []
    labels: Annotated[
        list[str], Meta(description="Of their versions, such as production; draft = on none.")
    ] = []
    archived: bool = False
    limit: Limit = None
    cursor: Cursor = None


class Found(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    title: str
    description: str
    folder: str
    tags: list[str]
    labels: dict[str, int]
    newest_version: int | None
    excerpt: str | None
    edited_at: datetime


class FoundList(msgspec.Struct, frozen=True):
    prompts: list[Found]
    next_cursor: str | None


async def search(desk: Desk, given: Search) -> FoundList:
    wanted = Filters(
        q=given.query,
        folder=given.folder,
        tags=tuple(given.tags[:_MOST_VALUES]),
        labels=tuple(given.labels[:_MOST_VALUES]),
        archived=given.archived,
    )
    async with desk.library.find(wanted) as found:
        page = await found.page(_limit(given.limit), given.cursor, "best")
        tags = await found.tags(page.items)
    items = [
        Found(
            *(row.id, row.name, row.title, row.description, row.folder, tags[row.id]),
            labels=row.release.labels,
            newest_version=row.release.newest,
            excerpt="".join(one.text for one in row.excerpt.pieces) if row.excerpt else None,
            edited_at=row.edited_at,
        )
        for row in page.items
    ]
    return FoundList(items, page.next_cursor)


class Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    prompt: Wanted
    of: Annotated[
        str,
        Meta(
            description="draft = the live text with unpublished edits; a label such as production, "
            "latest, or a version number = what programs get, with included prompts in place."
        ),
    ] = DRAFT


class PromptText(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    title: str
    of: str
    version: int | None  # of a released text
    text: str
    messages: list[MessageView]
    config: dict[str, Any]
    variables: list[Any]
    labels: dict[str, int]
    newest_version: int | None


async def read(desk: Desk, given: Read) -> PromptText:
    prompt_id = await desk.prompt_id(given.prompt)
    async with desk.database.transaction(write=False) as tx:
        opened = await Prompts(tx, desk.caller, desk.rooms).open(prompt_id)
        release = (await desk.releases.of(tx, desk.caller, [prompt_id]))[prompt_id]
    if given.of == DRAFT:
        text = (await desk.rooms.read(opened.branch.id)).text
        config, variables, version = opened.branch.config, opened.branch.variables, None
    else:
        found = await desk.released.read(desk.caller, opened.prompt.name, _selector(given.of))
        text, config, variables, version = found.text, found.config, found.variables, found.version
    return PromptText(
        id=prompt_id,
        name=opened.prompt.name,
        title=opened.prompt.title,
        of=given.of,
        version=version,
        text=text,
        messages=messages_view(text),
        config=config,
        variables=variables,
        labels=release.labels,
        newest_version=release.newest,
    )


def _selector(of: str) -> Selector:
    if not of.isdecimal() or not of.isascii():
        return Selector(of)
    number = int(of) if len(of) < 11 else 0
    return Selector(None, number if number <= LARGEST else 0)


class Versions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    prompt: Wanted
    limit: Limit = None
    cursor: Cursor = None


class VersionSummary(msgspec.Struct, frozen=True):
    number: int
    message: str
    author: str
    contributors: list[str]
    labels: list[str]
    created_at: datetime


class VersionList(msgspec.Struct, frozen=True):
    versions: list[VersionSummary]
    next_cursor: str | None


async def versions(desk: Desk, given: Versions) -> VersionList:
    prompt_id = await desk.prompt_id(given.prompt)
    async with desk.database.transaction(write=False) as tx:
        history = History(tx, desk.caller, desk.rooms)
        await history.open(prompt_id)
        page = await history.page(prompt_id, _limit(given.limit), given.cursor)
        labels = await history.label_names(prompt_id)
        who = await history.people(page.items)
    items = [
        VersionSummary(
            one.number,
            one.message,
            who[one.author].name,
            [who[part["actor"]].name for part in one.contributors],
            labels[one.number],
            one.created_at,
        )
        for one in page.items
    ]
    return VersionList(items, page.next_cursor)


class Threads(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    prompt: Wanted
    state: Annotated[
        Literal["open", "mine", "resolved", "all"],
        Meta(description="mine = open ones that this key has written in."),
    ] = "open"
    limit: Limit = None
    cursor: Cursor = None


class SaidView(msgspec.Struct, frozen=True):
    author: str
    body: str
    created_at: datetime


class ThreadView(msgspec.Struct, frozen=True):
    id: UUID
    state: str
    quote: Annotated[str, Meta(description="The words it is on; empty = the whole prompt.")]
    comments: list[SaidView]
    left_out: Annotated[int, Meta(description="Comments between the first and the newest.")]


class ThreadList(msgspec.Struct, frozen=True):
    threads: list[ThreadView]
    next_cursor: str | None


async def threads(desk: Desk, given: Threads) -> ThreadList:
    prompt_id = await desk.prompt_id(given.prompt)
    async with desk.table.reading() as conversations:
        limit = _limit(given.limit)
        page = await conversations.page(prompt_id, given.state, limit, given.cursor)
    return ThreadList([thread_view(one) for one in page.items], page.next_cursor)


def thread_view(shown: Conversation) -> ThreadView:
    said = [SaidView(one.author.name, one.body, one.created_at) for one in shown.comments]
    state = "open" if shown.is_open else "resolved"
    return ThreadView(shown.id, state, shown.row.quote, said, shown.left_out)
