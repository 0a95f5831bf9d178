"""What happened to a prompt, in one stream.

Versions and moves of labels are rows that never change, and the prompt says when and by whom it was
made: they are read where they are. What is overwritten (a name, a folder, the archive) or not
kept (a thread's being resolved) has rows of its own (`app/domain/prompts/activity.py`), written in
the transactions that make it so. All have ids that rise with time, so a page is the newest ones of
each table, put together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.activity import queries
from app.domain.activity.errors import ActivityKindUnknown
from app.domain.prompts import activity, people
from app.domain.prompts.errors import PromptNotFound
from app.domain.prompts.models import Activity, Prompt
from app.domain.prompts.people import Shown
from app.domain.versions.labels.rollouts import step
from app.domain.versions.models import LabelMove, Version
from app.kit import cursor
from app.web.paging import Page, cut

CREATED, PUBLISHED, LABELLED = "created", "published", "labelled"

# What a reader may narrow the stream to.
VERSIONS, LABELS, COMMENTS, CHANGES = "versions", "labels", "comments", "changes"
KINDS: Mapping[str, tuple[str, ...]] = {
    VERSIONS: (PUBLISHED,),
    LABELS: (LABELLED,),
    COMMENTS: (activity.COMMENTED, activity.REPLIED, activity.RESOLVED, activity.REOPENED),
    CHANGES: (
        CREATED,
        activity.RENAMED,
        activity.RETITLED,
        activity.MOVED,
        activity.ARCHIVED,
        activity.UNARCHIVED,
    ),
}
MOST_PEOPLE = 50  # to choose from


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `detail` depends on the kind."""

    id: UUID
    kind: str
    actor: str
    at: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a reader wants to see; "" = all."""

    kind: str = ""  # of KINDS
    by: str = ""  # an actor


class Activities:
    """Of the caller's prompts. Reads only."""

    def __init__(self, tx: AsyncSession, caller: Principal) -> None:
        self._tx = tx
        self._caller = caller

    async def page(
        self,
        prompt_id: UUID,
        narrowed: Narrowed,
        limit: int,
        after: str | None = None,
    ) -> Page[Event]:
        """The latest first. Raises `PromptNotFound`, `ActivityKindUnknown`, `InvalidCursor`."""
        self._caller.require(Permission.PROMPTS_READ)
        kind = narrowed.kind
        if kind and kind not in KINDS:
            raise ActivityKindUnknown(f"Choose one of {', '.join(KINDS)}.")
        start = cursor.decode(after, tuple[UUID])[0] if after else None
        prompt = await self._require(prompt_id)
        wanted = KINDS[kind] if kind else [one for kinds in KINDS.values() for one in kinds]
        before = (start, limit + 1)
        found = await self._found(prompt, wanted, narrowed.by or None, before)
        found.sort(key=lambda event: event.id, reverse=True)
        return cut(found, limit, lambda event: (event.id,))

    async def people(self, prompt_id: UUID) -> list[Shown]:
        """Who did something to the prompt, by name."""
        self._caller.require(Permission.PROMPTS_READ)
        actors = await queries.actors(self._tx, self._caller, prompt_id, MOST_PEOPLE)
        return sorted((await self.named(actors)).values(), key=lambda who: who.name.casefold())

    async def named(self, actors: Sequence[str]) -> dict[str, Shown]:
        return await people.named(self._tx, self._caller, set(actors))

    async def _require(self, prompt_id: UUID) -> Prompt:
        prompt = await queries.created(self._tx, self._caller, prompt_id)
        if prompt is None:
            raise PromptNotFound("Check the address. It may belong to another workspace.")
        return prompt

    async def _found(
        self,
        prompt: Prompt,
        wanted: Sequence[str],
        actor: str | None,
        before: queries.Before,
    ) -> list[Event]:
        tx, where = self._tx, self._caller
        found: list[Event] = []
        if PUBLISHED in wanted:
            found += map(_version, await queries.versions(tx, where, prompt.id, actor, before))
        if LABELLED in wanted:
            found += map(_move, await queries.moves(tx, where, prompt.id, actor, before))
        kept = [kind for kind in wanted if kind not in (CREATED, PUBLISHED, LABELLED)]
        if kept:
            rows = await queries.activities(tx, where, prompt.id, (kept, actor), before)
            found += map(_activity, rows)
        is_new = before[0] is None or prompt.id < before[0]
        if CREATED in wanted and is_new and actor in (None, prompt.created_by):
            found.append(Event(prompt.id, CREATED, prompt.created_by, prompt.created_at))
        return found


def _version(one: Version) -> Event:
    detail = {
        "version": one.number,
        "message": one.message,
        "restored_from": one.restored_from,
    }
    return Event(one.id, PUBLISHED, one.author, one.created_at, detail)


def _move(one: LabelMove) -> Event:
    before, after = one.rollouts
    detail = {
        "label": one.label,
        "from_version": one.from_number,
        "to_version": one.to_number,
        "said": step(one.label, (one.from_number, before), (one.to_number, after)),
    }
    return Event(one.id, LABELLED, one.actor, one.moved_at, detail)


def _activity(one: Activity) -> Event:
    return Event(one.id, one.kind, one.actor, one.at, one.detail)
