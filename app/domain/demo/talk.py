"""What people say about a prompt while they work on it, and the rows of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from app.db.base import Model
from app.domain.demo.material import Talk
from app.domain.demo.story import Event, Story
from app.domain.prompts import activity
from app.domain.prompts.models import Activity
from app.domain.threads.anchoring import Anchor, Wording
from app.domain.threads.models import Comment, Mention, Reaction, Thread, ThreadRead
from app.domain.threads.policy import OPEN, RESOLVED, mention, mentioned
from app.kit.ids import id_at

# How many threads prompts have; most have none.
_THREADS = {0: 50, 1: 27, 2: 14, 3: 6, 5: 3}
_PHRASE = re.compile(r"[^\W\d_][^{}\n]{24,}?[^\W\d_](?=[.,;:\n])")
_VARIABLE = re.compile(r"\{\{\w+\}\}")
_UTTERED = timedelta(minutes=3)  # the least time between two comments


@dataclass(frozen=True, slots=True)
class Line:
    """A comment: `by` is a person's name."""

    by: str
    at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class Chat:
    """One thread from its beginning to now."""

    anchor: Anchor
    lines: list[Line]
    resolved: tuple[str, datetime] | None
    reaction: str  # of the owner's to the first comment, "" = none


def chats(
    story: Story, talks: list[Talk], people: Mapping[str, UUID], rng: Random, now: datetime
) -> list[Chat]:
    """What was said, each conversation on a text that was there at that time, by its beginning."""
    count = rng.choices(list(_THREADS), list(_THREADS.values()))[0]
    told = [
        chat
        for talk in rng.sample(talks, count)
        if (chat := _chat(story, talk, people, rng, now)) is not None
    ]
    return sorted(told, key=lambda chat: chat.lines[0].at)


def _chat(
    story: Story, talk: Talk, people: Mapping[str, UUID], rng: Random, now: datetime
) -> Chat | None:
    event = rng.choice(story.events[-3:])
    anchor = _anchor(event, talk, rng)
    askers = [name for name in story.desk.team if name != story.owner]
    if anchor is None or not askers:
        return None
    owner = mention(people[story.owner], story.owner)
    asker, at, lines = rng.choice(askers), event.at, list[Line]()
    for number, body in enumerate(talk.lines):
        at = _awake(at + _UTTERED + timedelta(hours=rng.triangular(0, 40, 1)))
        by = story.owner if number % 2 else asker
        if at < now:
            lines.append(Line(by, at, body.replace("{owner}", owner)))
    if not lines:
        return None
    at = _awake(at + timedelta(hours=rng.uniform(0.1, 5)))
    is_over = talk.resolved and at < now
    return Chat(anchor, lines, (lines[-1].by, at) if is_over else None, talk.reaction)


def _awake(at: datetime) -> datetime:
    """The same time, or the next morning of a working day."""
    if not 8 <= at.hour < 19:
        at = at.replace(hour=9) + timedelta(days=at.hour >= 19)
    return at + timedelta(days=max(0, 7 - at.weekday()) if at.weekday() >= 5 else 0)


def _anchor(event: Event, talk: Talk, rng: Random) -> Anchor | None:
    text = event.draft.text
    if talk.about == "whole":
        return Anchor()
    found = list((_PHRASE if talk.about == "words" else _VARIABLE).finditer(text))
    if not found:
        return None
    start, end = rng.choice(found).span()
    wording = Wording(text)
    return wording.anchor(*wording.units(start, end))


class Talking:
    """Turns the chats of one prompt into rows, in an order in which they may be inserted."""

    def __init__(self, ids: Mapping[str, UUID], people: Mapping[str, UUID], rng: Random) -> None:
        """`ids` are of the workspace, the prompt and the room, by their columns' names."""
        self._ids = ids
        self._people = people
        self._rng = rng

    def rows(self, told: list[Chat]) -> list[Model]:
        rows = [row for number, chat in enumerate(told, 1) for row in self._thread(number, chat)]
        tables = (Thread, Comment, Mention, Reaction, ThreadRead, Activity)
        return [row for table in tables for row in rows if isinstance(row, table)]

    def _thread(self, number: int, chat: Chat) -> Iterator[Model]:
        thread = self._row(number, chat)
        ids = [self._id(line.at) for line in chat.lines]
        yield thread
        for place, (comment_id, line) in enumerate(zip(ids, chat.lines, strict=True), 1):
            yield self._comment(thread.id, comment_id, place, line)
            kind = activity.COMMENTED if place == 1 else activity.REPLIED
            yield self._noted(kind, (line.by, line.at), thread.id, comment_id)
            for user_id in mentioned(line.body):
                named = {"comment_id": comment_id, "user_id": user_id}
                yield self._inside(Mention, thread_id=thread.id, **named)
        if chat.resolved:
            yield self._noted(activity.RESOLVED, chat.resolved, thread.id)
        yield from self._read(thread.id, chat)
        if chat.reaction and len(chat.lines) > 1:
            second = chat.lines[1]
            reacted = {"actor": self._actor(second.by), "created_at": second.at}
            yield self._inside(Reaction, comment_id=ids[0], name=chat.reaction, **reacted)

    def _row(self, number: int, chat: Chat) -> Thread:
        first, last = chat.lines[0], chat.lines[-1]
        anchor, over = chat.anchor, chat.resolved
        return Thread(
            **self._ids,
            id=self._id(first.at),
            number=number,
            state=RESOLVED if over else OPEN,
            quote=anchor.quote,
            prefix=anchor.prefix,
            suffix=anchor.suffix,
            start=anchor.start,
            end=anchor.end,
            start_position=None,
            end_position=None,
            epoch="",
            anchored_at=first.at,
            comment_count=len(chat.lines),
            last_number=len(chat.lines),
            created_by=self._actor(first.by),
            created_at=first.at,
            updated_at=over[1] if over else last.at,
            resolved_by=self._actor(over[0]) if over else None,
            resolved_at=over[1] if over else None,
        )

    def _comment(self, thread_id: UUID, comment_id: UUID, place: int, line: Line) -> Comment:
        return self._inside(  # type: ignore[no-any-return]  # it is of the model that is named
            Comment,
            id=comment_id,
            thread_id=thread_id,
            number=place,
            author=self._actor(line.by),
            body=line.body,
            created_at=line.at,
            edited_at=None,
            deleted_at=None,
            deleted_by=None,
        )

    def _noted(
        self, kind: str, done: tuple[str, datetime], thread_id: UUID, comment_id: UUID | None = None
    ) -> Activity:
        by, at = done
        detail = {"thread": str(thread_id), "comment": str(comment_id) if comment_id else None}
        return self._inside(  # type: ignore[no-any-return]  # as above
            Activity,
            id=self._id(at),
            prompt_id=self._ids["prompt_id"],
            kind=kind,
            actor=self._actor(by),
            at=at,
            detail=detail,
        )

    def _read(self, thread_id: UUID, chat: Chat) -> Iterator[ThreadRead]:
        """Everybody has read up to what they wrote last."""
        for who in {line.by: None for line in chat.lines}:
            place = max(n for n, line in enumerate(chat.lines, 1) if line.by == who)
            read = {"number": place, "read_at": chat.lines[place - 1].at}
            yield self._inside(ThreadRead, thread_id=thread_id, reader=self._actor(who), **read)

    def _inside(self, model: Any, **values: Any) -> Any:
        return model(workspace_id=self._ids["workspace_id"], **values)

    def _actor(self, name: str) -> str:
        return f"user:{self._people[name]}"

    def _id(self, at: datetime) -> UUID:
        return id_at(at, self._rng.getrandbits(74))
