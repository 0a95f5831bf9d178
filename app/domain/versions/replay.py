"""The time slider: a text as it stood at each step between two moments of its history.

The steps are what is kept anyway: versions, checkpoints, and the live text at the end (ADR 0025).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.access.permissions import Permission
from app.domain.prompts.deps import Desk
from app.domain.prompts.people import Shown
from app.domain.prompts.service import Opened
from app.domain.versions import heading, policy, views
from app.domain.versions.comparing import compared
from app.domain.versions.drawing import kind_of, parts_of
from app.domain.versions.history import History
from app.domain.versions.models import Checkpoint, Version
from app.kit import clock, diff

MOST_STEPS = 400  # of one replay; of more, every second, third…
MOST_LINES = 2000  # of a step; drawing them takes 30 ms


@dataclass(frozen=True, slots=True)
class Step:
    ref: str
    name: str
    about: str
    at: datetime
    actors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a replay stands: between what, and at which of its steps, from 0."""

    base: str
    old: str
    new: str
    at: int | None = None  # None = the last one


async def replay(desk: Desk, prompt_id: UUID, place: Place) -> dict[str, Any]:
    """The context of versions/replay.html beside the shell. Raises `VersionNotFound`."""
    async with desk.database.transaction(write=False) as tx:
        history = History(tx, desk.caller, desk.rooms)
        opened = await history.open(prompt_id)
        steps = await _steps(history, opened, place)
        at = len(steps) - 1 if place.at is None else min(place.at, len(steps) - 1)
        now = await history.side(opened, steps[at].ref)
        before = await history.side(opened, steps[at - 1].ref) if at else now
        people = await history.named({actor for step in steps for actor in step.actors})
        standing = await desk.releases.standing(tx, desk.caller, opened.branch, now.text)
    comparison = await compared(before, now)
    rows = [row for row in diff.inline(comparison.rows) if isinstance(row, diff.Row)]
    return {
        **heading.head(desk, opened, standing),
        "from_ref": place.old,
        "to_ref": place.new,
        "at": at,
        "last": len(steps) - 1,
        "step": _told(steps[at], people),
        "valuetext": f"Step {at + 1} of {len(steps)}, {steps[at].name}",
        "lines": [_line(row) for row in rows[:MOST_LINES]],
        "is_cut": len(rows) > MOST_LINES,
        "added": comparison.counted.words_added,
        "removed": comparison.counted.words_removed,
        "settings": views.setting_changes(comparison),
        "forget": _forgettable(desk, steps[at]),
    }


async def _steps(history: History, opened: Opened, place: Place) -> list[Step]:
    """From the earlier of the two to the later, both included."""
    prompt_id = opened.prompt.id
    ends = [await history.moment(opened, ref) for ref in (place.old, place.new)]
    is_live = policy.DRAFT in (place.old, place.new)
    since, until = min(ends), max(ends)
    found: list[Version | Checkpoint] = [
        *await history.published_between(prompt_id, since, until, 4 * MOST_STEPS),
        *await history.kept_between(prompt_id, since, until, 4 * MOST_STEPS),
    ]
    found.sort(key=lambda one: (one.created_at, one.id))
    steps = [_step(one) for one in found]
    if is_live:
        steps.append(Step(policy.DRAFT, "live text", "As it is now", clock.utc_now(), ()))
    return thinned(steps, MOST_STEPS)


def thinned(steps: Sequence[Step], most: int) -> list[Step]:
    """At most so many, evenly, with the first and the last."""
    if len(steps) <= most:
        return list(steps)
    last = len(steps) - 1
    return [steps[round(index * last / (most - 1))] for index in range(most)]


def _step(one: Version | Checkpoint) -> Step:
    actors = tuple(wrote["actor"] for wrote in one.contributors)
    if isinstance(one, Version):
        actors = actors or (one.author,)
        return Step(str(one.number), f"v{one.number}", one.message, one.created_at, actors)
    about = views.REASONS[one.reason]
    return Step(str(one.id), "checkpoint", about, one.created_at, actors)


def _told(step: Step, people: Mapping[str, Shown]) -> dict[str, Any]:
    return {
        "name": step.name,
        "about": step.about,
        "at": step.at,
        "people": [people[actor] for actor in step.actors],
    }


def _line(row: diff.Row) -> dict[str, Any]:
    kind = kind_of(row)
    return {
        "kind": kind,
        "parts": parts_of(row.old, "del") if kind == "removed" else parts_of(row.new, "ins"),
    }


def _forgettable(desk: Desk, step: Step) -> str:
    """The checkpoint's id when this person may purge it; a version is for ever."""
    may = desk.caller.can(Permission.WORKSPACE_MANAGE)
    return step.ref if may and step.name == "checkpoint" else ""
