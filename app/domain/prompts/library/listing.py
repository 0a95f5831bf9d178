"""Finding prompts: pages of a list, the filters it can be narrowed by, and their counts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.prompts import people, queries
from app.domain.prompts.people import Shown
from app.domain.prompts.ports import (
    Counts,
    Excerpt,
    Filters,
    Finder,
    Release,
    Releases,
    Selection,
    Sort,
)
from app.web.paging import Page

DRAFT = "draft"  # in place of a label: prompts that no label is on
MOST_OPTIONS = 12  # of one facet


@dataclass(slots=True)  # not frozen, which would take three times as long to make
class Listed:
    """A row of a list. Plain values: rows of tables as objects would be most of a list's time."""

    id: UUID
    room_id: UUID
    name: str
    title: str
    description: str
    folder: str
    config: dict[str, Any]
    variables: list[Any]
    template_format: str
    created_at: datetime
    edited_at: datetime  # with what is being typed now
    archived_at: datetime | None
    owner: Shown | None
    release: Release
    excerpt: Excerpt | None  # the line of the text that was searched for


@dataclass(frozen=True, slots=True)
class Facets:
    """How many prompts each further filter would leave, the other filters in force."""

    labels: list[tuple[str, int]]
    drafts: int
    archived: int
    tags: list[tuple[str, int]]
    more_tags: int
    models: list[tuple[str, int]]
    owners: list[tuple[Shown, int]]


class Found:
    """What filters leave of a library, while the transaction that found it goes on."""

    def __init__(
        self,
        tx: AsyncSession,
        caller: Principal,
        releases: Releases,
        finder: Finder,
        selection: Selection,
    ) -> None:
        self.tx = tx
        self.selection = selection
        self._caller = caller
        self._releases = releases
        self._finder = finder

    async def page(
        self, limit: int, after: str | None = None, sort: Sort = "edited"
    ) -> Page[Listed]:
        """Prompts in the order asked for; `after` is a cursor. Raises `InvalidCursor`."""
        cut = self.selection.page(sort, after, limit)
        rows, _ = await self._rows(cut.ids)
        return Page(rows, cut.next_cursor)

    async def page_and_facets(
        self, limit: int, after: str | None = None, sort: Sort = "edited"
    ) -> tuple[Page[Listed], Facets]:
        """The same with the counts of labels, tags and so on beside it. Raises `InvalidCursor`."""
        cut = self.selection.page(sort, after, limit)
        counted = self.selection.counts(MOST_OPTIONS)
        rows, known = await self._rows(cut.ids, [user_id for user_id, _ in counted.owners])
        return Page(rows, cut.next_cursor), _facets(counted, known)

    async def these(self, prompt_ids: Sequence[UUID]) -> list[Listed]:
        """The rows of these prompts; one that is gone is left out."""
        rows, _ = await self._rows(prompt_ids)
        return rows

    async def tags(self, rows: Sequence[Listed]) -> dict[UUID, list[str]]:
        """For whom rows show them: a page does not."""
        return await queries.tags_of(self.tx, self._caller, [row.id for row in rows])

    async def _rows(
        self, prompt_ids: Sequence[UUID], also: Collection[UUID] = ()
    ) -> tuple[list[Listed], dict[UUID, Shown]]:
        """Rows, and the people on them and those `also` asked for."""
        rows = await queries.these(self.tx, self._caller, prompt_ids)
        ids = [row.id for row in rows]
        releases = await self._releases.of(self.tx, self._caller, ids)
        known = await people.by_id(self.tx, {*also, *(r.owner_id for r in rows if r.owner_id)})
        excerpts = await self._finder.excerpts(self.tx, self._caller, self.selection, ids)
        edited_at = self.selection.edited_at
        return [
            Listed(
                *(row.id, row.room_id, row.name, row.title, row.description, row.folder),
                *(row.config, row.variables, row.template_format, row.created_at),
                edited_at=max(row.edited_at, edited_at(row.id) or row.edited_at),
                archived_at=row.archived_at,
                owner=known.get(row.owner_id),
                release=releases[row.id],
                excerpt=excerpts.get(row.id),
            )
            for row in rows
        ], known


class Library:
    """The caller's workspace as a list."""

    def __init__(self, caller: Principal, releases: Releases, finder: Finder) -> None:
        self._caller = caller
        self._releases = releases
        self._finder = finder

    @asynccontextmanager
    async def find(self, filters: Filters) -> AsyncIterator[Found]:
        """The prompts that `filters` leave, and a transaction to read more about them."""
        self._caller.require(Permission.PROMPTS_READ)
        async with self._finder.looking(self._caller, filters) as (tx, selection):
            yield Found(tx, self._caller, self._releases, self._finder, selection)


def _facets(counted: Counts, known: dict[UUID, Shown]) -> Facets:
    return Facets(
        counted.labels,
        counted.drafts,
        counted.archived,
        counted.tags,
        counted.more_tags,
        counted.models,
        [(known[one], count) for one, count in counted.owners if one in known],
    )
