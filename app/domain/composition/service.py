"""What people and programs are told about prompts that include each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.composition import looking, queries
from app.domain.composition.policy import Dependant, Use
from app.domain.prompts.ports import Announcer
from app.domain.prompts.service import Prompts
from app.domain.releases.selector import LATEST, PRODUCTION
from app.kit import clock, cursor
from app.kit.rollouts import Rollout
from app.web.paging import Page, cut

MOST_INCLUDED = 500  # rows of one prompt: several versions of it, each with what it includes


@dataclass(frozen=True, slots=True)
class Target:
    """A prompt that a reference means now."""

    id: UUID
    name: str
    title: str
    labels: dict[str, int]
    newest: int | None


@dataclass(frozen=True, slots=True)
class Included:
    """What a prompt includes under one name; `target` None = there is no such prompt."""

    name: str
    target: Target | None
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class News:
    """A label of an included prompt that moved since the prompt itself was last released."""

    target: Target
    label: str
    number: int | None  # none = taken off
    at: datetime
    rollout: Rollout | None = None  # what some are given instead


class Composition:
    """What includes what in the caller's workspace."""

    def __init__(self, tx: AsyncSession, caller: Principal, announcer: Announcer) -> None:
        self._tx = tx
        self._caller = caller
        self._announcer = announcer

    async def dependants(self, prompt_id: UUID, limit: int, after: str | None) -> Page[Dependant]:
        """Prompts that include this one now, by name. Raises `PromptNotFound`."""
        called = await self._names(prompt_id)
        start = cursor.decode(after, tuple[str])[0] if after else ""
        found = await looking.dependants(self._tx, self._caller, called, start, limit + 1)
        return cut(found, limit, lambda one: (one.name,))

    async def count(self, prompt_id: UUID) -> int:
        """How many include it, `queries.MANY` at most. Raises `PromptNotFound`."""
        called = await self._names(prompt_id)
        return await queries.count_dependants(self._tx, self._caller, called)

    async def under(self, prompt_id: UUID) -> dict[str, list[Dependant]]:
        """Who gets this prompt by which of its labels. Raises `PromptNotFound`."""
        called = await self._names(prompt_id)
        found = await looking.dependants(self._tx, self._caller, called, "", looking.MOST)
        there = (await queries.labels_of(self._tx, self._caller, [prompt_id]))[prompt_id]
        written = {use.label for one in found for use in one.uses if use.label}
        asked = {
            label for one in found for use in one.uses for label in {*use.labels, *use.released}
        }
        labels = {*there, *written, *asked, PRODUCTION}
        by_label = {
            label: [one for one in found if one.id != prompt_id and one.reaches(label, there)]
            for label in sorted(labels, key=lambda name: (name != PRODUCTION, name))
        }
        return {label: some for label, some in by_label.items() if some}

    async def included(self, prompt_id: UUID) -> list[Included]:
        """What the prompt includes now, by name. Raises `PromptNotFound`."""
        await self._names(prompt_id)
        rows = await queries.included_by(self._tx, self._caller, prompt_id, MOST_INCLUDED)
        labels = (await queries.labels_of(self._tx, self._caller, [prompt_id]))[prompt_id]
        split = (await queries.candidates_of(self._tx, self._caller, [prompt_id]))[prompt_id]
        by_name: defaultdict[str, list[Any]] = defaultdict(list)
        for row in rows:
            by_name[row.name].append(row)
        targets = await self.targets(list(by_name))
        return [
            Included(name, targets.get(name), looking.uses(some, labels, split))
            for name, some in by_name.items()
        ]

    async def targets(self, names: Sequence[str]) -> dict[str, Target]:
        """What each name means now, where it means something; old names, too."""
        self._caller.require(Permission.PROMPTS_READ)
        if not names:
            return {}
        called = await queries.called(self._tx, self._caller, names)
        ids = {one[0] for one in called.values()}
        labels = await queries.labels_of(self._tx, self._caller, ids)
        newest = await queries.newest_of(self._tx, self._caller, ids)
        return {
            name: Target(*one, labels[one[0]], newest.get(one[0])) for name, one in called.items()
        }

    async def news(self, prompt_id: UUID, included: Sequence[Included]) -> list[News]:
        """What moved since the prompt was released, the latest first; each label once."""
        released = {
            (one.target.id, label): one.target
            for one in included
            if one.target is not None
            for use in one.uses
            for label in _followed(use)
        }
        since = await queries.last_release(self._tx, self._caller, prompt_id) if released else None
        if since is None:
            return []
        ids = {target_id for target_id, _ in released}
        moves = await queries.moves_since(self._tx, self._caller, ids, since)
        made = await queries.published_since(self._tx, self._caller, ids, since)
        found: dict[tuple[UUID, str], News] = {}
        for key, number, at, rollout in [
            *(((m.prompt_id, m.label), m.to_number, m.moved_at, m.rollouts[1]) for m in moves),
            *(((one[0], LATEST), one[1], one[2], None) for one in made),
        ]:
            if key in released and key not in found:
                found[key] = News(released[key], key[1], number, at, rollout)
        return sorted(found.values(), key=lambda one: one.at, reverse=True)

    async def acknowledge(self, prompt_id: UUID) -> None:
        """What changed in what it includes has been looked at. Raises `PromptNotFound`."""
        self._caller.require(Permission.PROMPTS_WRITE)
        await Prompts(self._tx, self._caller, self._announcer).locked(prompt_id)
        await queries.acknowledge(
            self._tx, self._caller, prompt_id, clock.utc_now(), self._caller.actor
        )

    async def _names(self, prompt_id: UUID) -> list[str]:
        await Prompts(self._tx, self._caller, self._announcer).open(prompt_id)
        return await looking.names(self._tx, self._caller, prompt_id)


def _followed(use: Use) -> tuple[str, ...]:
    """The labels whose moves reach programs by a reference; a number never moves."""
    if use.number == 0:
        return ()
    if not use.label:
        return (*use.released, PRODUCTION) if use.released else ()
    return () if use.label.removeprefix("v").isdecimal() else (use.label,)
