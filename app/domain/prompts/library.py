"""Finding prompts: pages of a list, the filters it can be narrowed by, and their counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.tenancy import InWorkspace
from app.domain.prompts import people, queries
from app.domain.prompts.models import Branch, Prompt
from app.domain.prompts.people import Shown
from app.domain.prompts.ports import Release, Releases
from app.kit import cursor
from app.kit.cursor import InvalidCursor
from app.web.paging import Page, cut

DRAFT = "draft"  # in place of a label: prompts that no label is on
Sort = Literal["edited", "title"]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; "" or None = not by this."""

    q: str = ""
    folder: str = ""
    tag: str = ""
    label: str = ""
    owner: UUID | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of a list."""

    prompt: Prompt
    branch: Branch
    tags: list[str]
    owner: Shown | None
    release: Release
    key: Any  # what the list is ordered by


@dataclass(frozen=True, slots=True)
class Facets:
    """How many prompts each further filter would leave, the other filters in force."""

    labels: list[tuple[str, int]]
    drafts: int
    archived: int
    tags: list[tuple[str, int]]
    owners: list[tuple[Shown, int]]


class Library:
    """The caller's workspace as a list."""

    def __init__(self, tx: AsyncSession, caller: Principal, releases: Releases) -> None:
        self._tx = tx
        self._caller = caller
        self._releases = releases

    async def page(
        self, filters: Filters, limit: int, after: str | None = None, sort: Sort = "edited"
    ) -> Page[Listed]:
        """Prompts, last edited first or by title; `after` is a cursor. Raises `InvalidCursor`."""
        self._caller.require(Permission.PROMPTS_READ)
        start = _position(after, sort) if after else None
        rows = await queries.listed(self._tx, self._found(filters), sort, start, limit + 1)
        ids = [prompt.id for prompt, _, _ in rows]
        tags = await queries.tags_of(self._tx, self._caller, ids)
        releases = await self._releases.of(self._tx, self._caller, ids)
        owner_ids = {prompt.owner_id for prompt, _, _ in rows if prompt.owner_id}
        users = await queries.users(self._tx, owner_ids)
        owners = {user.id: people.shown(user) for user in users}
        listed = [
            Listed(
                prompt,
                branch,
                tags[prompt.id],
                owners.get(prompt.owner_id) if prompt.owner_id else None,
                releases.get(prompt.id, Release()),
                key,
            )
            for prompt, branch, key in rows
        ]
        return cut(listed, limit, lambda row: (sort, row.key, row.prompt.id))

    async def count(self, filters: Filters) -> int:
        return await queries.count(self._tx, self._found(filters))

    async def facets(self, filters: Filters) -> Facets:
        found = self._found(filters)
        drafts = self._found(replace(filters, label=DRAFT))
        archived = self._found(replace(filters, archived=True))
        owners = await queries.owner_counts(self._tx, found)
        return Facets(
            labels=await self._releases.counts(self._tx, found),
            drafts=await queries.count(self._tx, drafts),
            archived=await queries.count(self._tx, archived),
            tags=await queries.tag_counts(self._tx, found),
            owners=[(people.shown(user), number) for user, number in owners],
        )

    def _found(self, filters: Filters) -> queries.Found:
        found = queries.Found(self._caller)
        found.archived(is_archived=filters.archived)
        if filters.q:
            found.matching(filters.q)
        if filters.folder:
            found.in_folder(filters.folder)
        if filters.tag:
            found.tagged(filters.tag)
        if filters.owner:
            found.owned_by(filters.owner)
        if filters.label == DRAFT:
            found.among("label", self._releases.labelled(self._caller, None), is_in=False)
        elif filters.label:
            found.among("label", self._releases.labelled(self._caller, filters.label))
        return found


async def folders(tx: AsyncSession, where: InWorkspace) -> list[tuple[str, int]]:
    """Folders in use, by name, and how many prompts lie in each: for the sidebar."""
    return await queries.folder_counts(tx, where)


def _position(after: str, sort: Sort) -> tuple[Any, UUID]:
    """A cursor says how its list was ordered: in another one it would skip rows silently."""
    if sort == "title":
        kind, title, last_id = cursor.decode(after, tuple[str, str, UUID])
        position: tuple[Any, UUID] = (title, last_id)
    else:
        kind, moment, last_id = cursor.decode(after, tuple[str, datetime, UUID])
        position = (moment, last_id)
    if kind != sort:
        raise InvalidCursor("This page marker belongs to a list in another order.")
    return position
