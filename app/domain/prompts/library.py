"""Finding prompts: pages of a list, the filters it can be narrowed by, and their counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.prompts import people, queries
from app.domain.prompts.models import Branch, Prompt
from app.domain.prompts.people import Shown
from app.domain.prompts.ports import (
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


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of a list."""

    prompt: Prompt
    branch: Branch
    tags: list[str]
    owner: Shown | None
    release: Release
    excerpt: Excerpt | None  # the line of the text that was searched for
    edited_at: datetime


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


class Library:
    """The caller's workspace as a list."""

    def __init__(
        self, tx: AsyncSession, caller: Principal, releases: Releases, finder: Finder
    ) -> None:
        self._tx = tx
        self._caller = caller
        self._releases = releases
        self._finder = finder

    async def select(self, filters: Filters) -> Selection:
        """The prompts that `filters` leave. Before the first statement of the transaction."""
        self._caller.require(Permission.PROMPTS_READ)
        return await self._finder.select(self._caller, filters)

    async def page(
        self, filters: Filters, limit: int, after: str | None = None, sort: Sort = "edited"
    ) -> Page[Listed]:
        """Prompts in the order asked for; `after` is a cursor. Raises `InvalidCursor`."""
        return await self.page_of(await self.select(filters), limit, after, sort)

    async def page_of(
        self, found: Selection, limit: int, after: str | None = None, sort: Sort = "edited"
    ) -> Page[Listed]:
        cut = found.page(sort, after, limit)
        return Page(await self.these(found, cut.ids), cut.next_cursor)

    async def these(self, found: Selection, prompt_ids: Sequence[UUID]) -> list[Listed]:
        """The rows of these prompts, as they are in `found`."""
        rows = await queries.these(self._tx, self._caller, prompt_ids)
        ids = [prompt.id for prompt, _ in rows]
        tags = await queries.tags_of(self._tx, self._caller, ids)
        releases = await self._releases.of(self._tx, self._caller, ids)
        users = await queries.users(self._tx, {p.owner_id for p, _ in rows if p.owner_id})
        owners = {user.id: people.shown(user) for user in users}
        excerpts = await self._finder.excerpts(self._tx, self._caller, found, ids)
        return [
            Listed(
                prompt,
                branch,
                tags[prompt.id],
                owners.get(prompt.owner_id) if prompt.owner_id else None,
                releases[prompt.id],
                excerpts.get(prompt.id),
                max(prompt.edited_at, found.edited_at(prompt.id) or prompt.edited_at),
            )
            for prompt, branch in rows
        ]

    async def facets(self, found: Selection) -> Facets:
        counted = found.counts(MOST_OPTIONS)
        users = await queries.users(self._tx, [user_id for user_id, _ in counted.owners])
        shown = {user.id: people.shown(user) for user in users}
        owners = [(shown[one], count) for one, count in counted.owners if one in shown]
        return Facets(
            counted.labels,
            counted.drafts,
            counted.archived,
            counted.tags,
            counted.more_tags,
            counted.models,
            owners,
        )
