"""Who follows the prompt of a story, and what they were told of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from app.db.base import Model
from app.domain.demo.place import Place
from app.domain.demo.story import Story
from app.domain.inbox import policy
from app.domain.inbox.models import Follow, Notice
from app.domain.threads.models import Comment, Mention
from app.domain.versions.models import Version
from app.kit.ids import id_at

TOLD = timedelta(days=30)  # what is older was read long ago, and is gone by now
LOOKED = timedelta(days=2)  # since when nobody has looked into their inbox


class News:
    """Of one prompt. Ids rise with the story's time."""

    def __init__(self, place: Place, story: Story, prompt_id: UUID, rng: Random) -> None:
        self._place = place
        self._story = story
        self._prompt_id = prompt_id
        self._rng = rng

    def rows(self, versions: Sequence[Version], talked: Sequence[Model]) -> Iterator[Model]:
        followers = self._followers()
        for name in followers:
            yield self._inside(
                Follow,
                user_id=self._place.people[name],
                is_following=True,
                is_chosen=name not in self._writers(),
                since=self._story.events[0].at,
            )
        for version in versions:
            if self._is_recent(version.created_at):
                about = {"number": version.number, "cause_id": version.id}
                about["subject_id"] = self._prompt_id
                for name in followers:
                    to = self._place.people[name]
                    yield from self._told(to, policy.PUBLISHED, version, about)
        yield from self._heard(talked)

    def _is_recent(self, at: datetime) -> bool:
        return self._place.now - at < TOLD

    def _heard(self, talked: Sequence[Model]) -> Iterator[Notice]:
        """Of comments: who is named in them, and who wrote in the thread before."""
        named = defaultdict(set)
        for one in talked:
            if isinstance(one, Mention):
                named[one.comment_id].add(one.user_id)
        before: defaultdict[UUID, list[UUID]] = defaultdict(list)
        for comment in (one for one in talked if isinstance(one, Comment)):
            about = {"thread_id": comment.thread_id, "comment_id": comment.id}
            about |= {"subject_id": comment.thread_id, "cause_id": comment.id}
            if self._is_recent(comment.created_at):
                for user_id in dict.fromkeys([*before[comment.thread_id], *named[comment.id]]):
                    is_named = user_id in named[comment.id]
                    kind = policy.MENTION if is_named else policy.REPLY
                    yield from self._told(user_id, kind, comment, about)
            before[comment.thread_id].append(UUID(comment.author.partition(":")[2]))

    def _writers(self) -> list[str]:
        return list(dict.fromkeys(event.by for event in self._story.events))

    def _followers(self) -> list[str]:
        """Who wrote, and one of the team who wants to know."""
        curious = self._rng.choice(self._story.desk.team)
        return list(dict.fromkeys([*self._writers(), curious]))

    def _told(
        self, user_id: UUID, kind: str, cause: Version | Comment, about: dict[str, Any]
    ) -> Iterator[Notice]:
        """Nobody of what they did themselves; what is not new was read."""
        if cause.author == f"user:{user_id}":
            return
        looked = self._place.now - LOOKED
        values = {"thread_id": None, "comment_id": None, "number": None} | about
        yield self._inside(
            Notice,
            id=self._id(cause.created_at),
            user_id=user_id,
            kind=kind,
            actor=cause.author,
            at=cause.created_at,
            read_at=looked if cause.created_at < looked else None,
            mail_at=None,
            mail_id=None,
            **values,
        )

    def _inside(self, model: Any, **values: Any) -> Any:
        return model(prompt_id=self._prompt_id, workspace_id=self._place.workspace_id, **values)

    def _id(self, at: Any) -> UUID:
        return id_at(at, self._rng.getrandbits(74))
