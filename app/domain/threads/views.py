"""A conversation as pages and the API show it: one set of rows, one set of rights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.prompts.people import Shown
from app.domain.threads import policy
from app.domain.threads.models import Comment, Reaction, Thread
from app.domain.threads.policy import OPEN, REACTIONS

COMMENTS_WRITE = Permission.COMMENTS_WRITE


@dataclass(frozen=True, slots=True)
class Reacted:
    """One reaction to a comment, and who had it."""

    name: str
    emoji: str
    people: list[Shown]  # in the order in which they reacted
    is_mine: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A comment. `body` is Markdown source, "" once deleted: `rendering.html(body, names)`."""

    id: UUID
    number: int
    author: Shown
    body: str
    names: dict[UUID, str]  # of the people mentioned, as they are called now
    created_at: datetime
    edited_at: datetime | None
    is_deleted: bool
    is_unread: bool
    reactions: list[Reacted]
    can_edit: bool
    can_delete: bool


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread with its comments. `row` has state, quote, positions and counts.

    Of a long thread a list gives the first comment and the newest ones: `left_out` says how many
    lie between the two.
    """

    row: Thread
    comments: list[Said]
    left_out: int
    started_by: Shown
    resolved_by: Shown | None
    unread: int  # comments of others since the caller read it
    can_comment: bool  # and resolve, reopen, put on other words, react
    can_delete: bool

    @property
    def id(self) -> UUID:
        return self.row.id

    @property
    def is_open(self) -> bool:
        return self.row.state == OPEN


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that some conversations are made of."""

    comments: Mapping[UUID, Sequence[Comment]]  # by thread
    reactions: Sequence[Reaction]
    mentions: Sequence[tuple[UUID, UUID, str]]  # comment, person, name
    # By thread: the number of the last comment that was read, and how many came since.
    read: Mapping[UUID, tuple[int, int]]
    people: Mapping[str, Shown]


def actors(
    threads: Iterable[Thread], comments: Iterable[Comment], reactions: Iterable[Reaction]
) -> set[str]:
    """Everybody whose name is shown."""
    found = {one.author for one in comments} | {one.actor for one in reactions}
    for thread in threads:
        found |= {thread.created_by, thread.resolved_by or thread.created_by}
    return found


def conversations(
    threads: Sequence[Thread], caller: Principal, material: Material
) -> list[Conversation]:
    said = _Said(caller, material)
    return [_conversation(thread, caller, material, said) for thread in threads]


def _conversation(
    thread: Thread, caller: Principal, material: Material, said: _Said
) -> Conversation:
    comments = material.comments.get(thread.id, ())
    numbers = [one.number for one in comments]
    return Conversation(
        row=thread,
        comments=[said.of(one) for one in comments],
        left_out=thread.last_number - len(numbers),
        started_by=material.people[thread.created_by],
        resolved_by=material.people[thread.resolved_by] if thread.resolved_by else None,
        unread=material.read.get(thread.id, (0, 0))[1],
        can_comment=caller.can(COMMENTS_WRITE),
        can_delete=policy.may_delete(caller, thread.created_by),
    )


class _Said:
    """Makes comments ready to be shown."""

    def __init__(self, caller: Principal, material: Material) -> None:
        self._caller = caller
        self._material = material
        self._reactions: dict[UUID, dict[str, list[Shown]]] = {}
        self._names: dict[UUID, dict[UUID, str]] = {}
        for one in material.reactions:
            people = self._reactions.setdefault(one.comment_id, {}).setdefault(one.name, [])
            people.append(material.people[one.actor])
        for comment_id, user_id, name in material.mentions:
            self._names.setdefault(comment_id, {})[user_id] = name

    def of(self, comment: Comment) -> Said:
        is_there = comment.deleted_at is None
        is_mine = comment.author == self._caller.actor
        read = self._material.read.get(comment.thread_id, (0, 0))[0]
        return Said(
            id=comment.id,
            number=comment.number,
            author=self._material.people[comment.author],
            body=comment.body,
            names=self._names.get(comment.id, {}),
            created_at=comment.created_at,
            edited_at=comment.edited_at,
            is_deleted=not is_there,
            is_unread=is_there and not is_mine and comment.number > read,
            reactions=self._reacted(comment.id),
            can_edit=is_there and is_mine and self._caller.can(COMMENTS_WRITE),
            can_delete=is_there and policy.may_delete(self._caller, comment.author),
        )

    def _reacted(self, comment_id: UUID) -> list[Reacted]:
        by_name = self._reactions.get(comment_id, {})
        me = self._caller.actor
        return [
            Reacted(name, REACTIONS[name], people, any(who.id == me for who in people))
            for name, people in by_name.items()
            if name in REACTIONS
        ]
