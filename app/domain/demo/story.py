"""The life of one prompt: who wrote what when, what was published, where the labels went.  Pure.

Everything comes from the random numbers that are put in, and from the moment that counts as now.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from app.domain.demo import draft as drafts
from app.domain.demo.draft import Draft
from app.domain.demo.material import Base, Desk, Material, Turn
from app.kit.rollouts import Rollout

Kind = Literal["edit", "checkpoint", "publish", "restore"]

OLDEST_DAYS = 420
# How many versions prompts have: most have few, some are worked on for a year.
_VERSIONS = {0: 8, 1: 24, 2: 24, 3: 17, 4: 11, 5: 7, 7: 5, 9: 3, 12: 1}
_APART = timedelta(seconds=90)  # two events, so that a checkpoint fits between
_HOUR = timedelta(hours=1)  # of which forty events that far apart fit in
_BEGINNINGS = (
    "First version",
    "Start from what the desk has been pasting by hand",
    "Move over from the wiki",
    "Take over from the old assistant",
    "First version after the workshop",
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the text or settings; `by` is a person's name."""

    kind: Kind
    at: datetime
    by: str
    draft: Draft
    message: str = ""  # of a version; of a checkpoint, its reason
    restored_from: int | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A label's way to a version."""

    label: str
    number: int
    at: datetime
    by: str
    rollout: Rollout | None = None


@dataclass(slots=True)
class Story:
    """One prompt's whole life. The first event is its creation."""

    name: str
    title: str
    about: str
    folder: str
    tags: list[str]
    owner: str
    desk: Desk
    events: list[Event] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    archived_at: datetime | None = None
    old_name: str = ""  # what it was called before `renamed_at`
    renamed_at: datetime | None = None
    template_format: str = "mustache"

    @property
    def edited_at(self) -> datetime:
        return max(self.archived_at or self.events[0].at, self.events[-1].at)


class Teller:
    """Tells one story after the other; the same seed tells the same ones."""

    def __init__(self, material: Material, seed: int, now: datetime) -> None:
        self._material = material
        self._bases = material.bases()
        self._rng = Random(f"promptroom demo {seed}")  # noqa: S311  # stories, not secrets
        self._now = now
        self._taken: set[str] = set()
        self._is_split = False  # whether the demo has its rollout

    def stories(self, count: int) -> Iterator[Story]:
        for number in range(count):
            desk, base = self._bases[number % len(self._bases)]
            yield self._story(desk, base, self._turns(base, is_first=number < len(self._bases)))

    def _turns(self, base: Base, *, is_first: bool) -> list[Turn]:
        """What a prompt is made for; the first of its kind is made for everything."""
        if is_first or base.language != "en":
            kinds = [] if is_first else ["channel", "brand"]
        else:
            kinds = ["market", "channel", "brand"]
        wanted = self._rng.sample(kinds, min(len(kinds), self._rng.randint(1, 2)))
        by_kind = {
            kind: [turn for turn in self._material.world.turns if turn.kind == kind]
            for kind in kinds
        }
        return [self._rng.choice(by_kind[kind]) for kind in sorted(wanted)]

    def _story(self, desk: Desk, base: Base, turns: list[Turn]) -> Story:
        rng = self._rng
        story = Story(
            name=self._name(desk, base, turns),
            title=", ".join([base.title, *(turn.title for turn in turns)]),
            about=base.about,
            folder=f"{desk.folder}/{base.folder}",
            tags=[*base.tags, *(turn.slug for turn in turns if turn.kind != "channel")],
            owner=rng.choice(desk.team[:3]),
            desk=desk,
            template_format=base.template_format,
        )
        lines = tuple(turn.line for turn in turns)
        now = drafts.first(rng, desk, base, lines, self._material.world)
        versions = rng.choices(list(_VERSIONS), list(_VERSIONS.values()))[0]
        moments = self._moments(2 * versions + 2)
        story.events.append(Event("edit", next(moments), story.owner, now))
        self._write(story, versions, moments)
        story.moves = self._moves(story)
        self._split(story)
        if rng.random() < 0.06:
            # Without its desk, as names were before there were slashes in them.
            story.old_name = story.name.replace(f"{desk.slug}/", "", 1)
            story.renamed_at = rng.choice(story.events).at
        if versions and rng.random() < 0.05:
            days = timedelta(days=rng.uniform(1, 20))
            story.archived_at = min(self._now, story.edited_at + days)
        return story

    def _write(self, story: Story, versions: int, moments: Iterator[datetime]) -> None:
        rng = self._rng
        published: list[Draft] = []
        for number in range(1, versions + 1):
            now, by, message = story.events[-1].draft, story.owner, rng.choice(_BEGINNINGS)
            if number > 1:
                now, by, message = self._improve(story, moments, published[-1])
            back = rng.randint(1, number - 1) if number > 2 and rng.random() < 0.04 else 0
            if back and not _same(published[back - 1], published[-1]):
                self._restore(story, back, published[back - 1], moments)
            else:
                story.events.append(Event("publish", next(moments), by, now, message))
            published.append(story.events[-1].draft)
        if rng.random() < 0.25:
            self._improve(story, moments, None)
            if rng.random() < 0.5:
                last = story.events[-1]
                at = last.at + timedelta(seconds=40)
                story.events.append(Event("checkpoint", at, last.by, last.draft, "leave"))

    def _improve(
        self, story: Story, moments: Iterator[datetime], before: Draft | None
    ) -> tuple[Draft, str, str]:
        """One or two people write, not back to `before`; what the last of them says about it."""
        by, message, now = story.owner, "", story.events[-1].draft
        for _ in range(self._rng.choice((1, 1, 2))):
            by = self._rng.choice([story.owner, *story.desk.team])
            now, message = drafts.changed(self._rng, now, self._material.world)
            while before is not None and _same(now, before):
                now, message = drafts.changed(self._rng, now, self._material.world)
            at = next(moments)
            story.events.append(Event("edit", at, by, now))
            if self._rng.random() < 0.3:
                idle = at + timedelta(seconds=45)
                story.events.append(Event("checkpoint", idle, by, now, "idle"))
        return now, by, message

    def _restore(self, story: Story, back: int, draft: Draft, moments: Iterator[datetime]) -> None:
        """The unpublished edits are kept first, as restoring does."""
        at, last = next(moments), story.events[-1]
        by = self._rng.choice(story.desk.team)
        if last.kind == "edit":
            story.events.append(Event("checkpoint", at, by, last.draft, "restore"))
        at += timedelta(milliseconds=80)
        story.events.append(Event("restore", at, by, draft, f"Restore v{back}", back))

    def _moves(self, story: Story) -> list[Move]:
        """Staging follows the versions closely, production some days later and not every time."""
        rng, moves = self._rng, []
        published = [one for one in story.events if one.kind in ("publish", "restore")]
        ends = [*(one.at for one in published[1:]), self._now]
        for number, (event, until) in enumerate(zip(published, ends, strict=False), 1):
            staged = event.at + timedelta(minutes=rng.uniform(0.5, 30))
            if staged < until and rng.random() < 0.8:
                moves.append(Move("staging", number, staged, event.by))
            released = event.at + timedelta(hours=rng.uniform(1, 70))
            if released < until and rng.random() < 0.75:
                moves.append(Move("production", number, released, rng.choice(story.desk.team)))
                back = released + timedelta(hours=rng.uniform(0.2, 3))
                if number > 1 and back < until and rng.random() < 0.05:
                    moves.append(Move("production", number - 1, back, story.owner))
        return sorted(moves, key=lambda move: move.at)

    def _split(self, story: Story) -> None:
        """The first prompt whose newest version is not in production gives it to some."""
        published = [one for one in story.events if one.kind in ("publish", "restore")]
        released = [one for one in story.moves if one.label == "production"]
        if self._is_split or not released or released[-1].number == len(published):
            return
        last = max(published[-1].at, story.moves[-1].at)
        at = last + (self._now - last) / 2
        # The seed of docs/rollouts.md: its figures can be tried out on the demo.
        rollout = Rollout(len(published), 1000, "9f2c61d07ab3e845")
        story.moves.append(Move("production", released[-1].number, at, story.owner, rollout))
        self._is_split = True

    def _moments(self, count: int) -> Iterator[datetime]:
        """Times in office hours, in order, about `count` from the prompt's creation to now."""
        rng = self._rng
        age = timedelta(days=rng.triangular(0.5, OLDEST_DAYS, 60))
        at, last = self._now - age, self._now - age * rng.random() ** 4 - _HOUR
        for left in range(count, 0, -1):
            yield at
            before = at
            step = (last - at) * min(1, rng.uniform(0.2, 2) / left)
            at += max(step, _APART)
            office = _in_office(rng, at)
            at = office if before + _APART < office < last else at
        while True:  # a busy hour: more happened than was thought
            at += _APART
            yield at

    def _name(self, desk: Desk, base: Base, turns: list[Turn]) -> str:
        stem = "-".join([f"{desk.slug}/{base.name}", *(turn.slug for turn in turns)])
        name, number = stem, 2
        while name in self._taken:
            name, number = f"{stem}-{number}", number + 1
        self._taken.add(name)
        return name


def _same(one: Draft, other: Draft) -> bool:
    return (one.text, one.config) == (other.text, other.config)


def _in_office(rng: Random, at: datetime) -> datetime:
    weekday = at.weekday()
    if weekday >= 5:
        at -= timedelta(days=weekday - 4)
    return at.replace(hour=rng.randint(8, 17), minute=rng.randint(0, 59), second=rng.randint(0, 59))
