"""What people and programs do with threads.

Whoever changes a prompt's threads holds their lock until the commit: so numbers have no holes,
counts are right, and a comment sent twice is written once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.db import locks
from app.db.races import claim
from app.domain.prompts.ports import Announcer
from app.domain.prompts.service import Prompts
from app.domain.threads import policy, queries
from app.domain.threads.anchoring import Anchor, checked
from app.domain.threads.errors import (
    CommentDeleted,
    CommentIdTaken,
    CommentNotFound,
    CommentNotYours,
    ThreadNotFound,
    TooManyComments,
)
from app.domain.threads.models import Comment, Mention, Reaction, Thread
from app.domain.threads.news import News
from app.domain.threads.policy import OPEN, RESOLVED
from app.domain.threads.ports import Audience
from app.kit import clock
from app.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Written:
    """Where a comment is. Not new: it had arrived before, and the answer was lost."""

    thread_id: UUID
    comment_id: UUID
    is_new: bool = True


class Threads:
    """Changes of the threads in the caller's workspace; `reading.Conversations` reads them.

    Never call it with a transaction that is held while a room is asked for something.
    """

    def __init__(
        self, tx: AsyncSession, caller: Principal, announcer: Announcer, audience: Audience
    ) -> None:
        self._tx = tx
        self._caller = caller
        self._announcer = announcer
        self._news = News(tx, caller, announcer, audience)

    async def start(
        self, prompt_id: UUID, anchor: Anchor, body: str, comment_id: UUID | None = None
    ) -> Written:
        """A thread with its first comment. With a `comment_id` of its own it can be sent again.

        Raises `PromptNotFound`, `AnchorInvalid`, `CommentInvalid`, `MentionRefused`,
        `CommentIdTaken`, `TooManyComments`.
        """
        self._caller.require(Permission.COMMENTS_WRITE)
        anchor, body = checked(anchor), policy.checked_body(body)
        opened = await Prompts(self._tx, self._caller, self._announcer).open(prompt_id)
        await locks.hold(self._tx, f"threads-{prompt_id}")
        if comment_id and (there := await self._sent_before(comment_id, body, prompt_id)):
            return there
        number = await queries.last_thread(self._tx, self._caller, prompt_id) + 1
        if number > policy.MOST_THREADS:
            raise TooManyComments("This prompt has as many threads as it can. Reply in one.")
        thread = self._thread(prompt_id, opened.branch.id, number)
        _put_on(thread, anchor, thread.created_at)
        self._tx.add(thread)
        await self._tx.flush()
        comment = await self._write(thread, body, comment_id)
        await self._news.about(thread, "thread.started", comment, await self._name(comment))
        return Written(thread.id, comment.id)

    async def reply(self, thread_id: UUID, body: str, comment_id: UUID | None = None) -> Written:
        """One more comment, which reopens a resolved thread. Raises as `start` does."""
        body = policy.checked_body(body)
        thread = await self.hold(thread_id)
        if comment_id and (
            there := await self._sent_before(comment_id, body, thread.prompt_id, thread_id)
        ):
            return there
        if thread.last_number >= policy.MOST_COMMENTS:
            raise TooManyComments("This thread is as long as it can be. Start another one.")
        was_resolved = thread.state == RESOLVED
        if was_resolved:
            _reopen(thread)
        comment = await self._write(thread, body, comment_id)
        await self._news.about(thread, "comment.added", comment, await self._name(comment))
        if was_resolved:
            await self._news.about(thread, "thread.reopened", comment)
        return Written(thread.id, comment.id)

    async def edit(self, comment_id: UUID, body: str) -> Comment:
        """Its author alone may. Who is named in it anew is told.

        Raises `CommentNotFound`, `CommentDeleted`, `CommentNotYours`, `CommentInvalid`,
        `MentionRefused`.
        """
        body = policy.checked_body(body)
        thread, comment = await self.hold_comment(comment_id)
        if comment.author != self._caller.actor:
            raise CommentNotYours("Only its author changes a comment. Reply instead.")
        if comment.body == body:
            return comment
        before, comment.body = policy.mentioned(comment.body), body
        comment.edited_at = clock.utc_now()
        await queries.forget_mentions(self._tx, self._caller, comment.id)
        new = [one for one in await self._name(comment, before) if one not in before]
        await self._news.about(thread, "comment.edited", comment, new)
        return comment

    async def delete(self, comment_id: UUID) -> None:
        """Its author may, and an admin. With the last comment of a thread the thread goes.

        Deleting again changes nothing. Raises `CommentNotFound`, `CommentNotYours`.
        """
        thread, comment = await self.hold_comment(comment_id, even_deleted=True)
        if comment.deleted_at is not None:
            return
        if not policy.may_delete(self._caller, comment.author):
            raise CommentNotYours("Its author or an admin of the workspace deletes a comment.")
        comment.body, comment.edited_at = "", None
        comment.deleted_at, comment.deleted_by = clock.utc_now(), self._caller.actor
        await queries.forget_mentions(self._tx, self._caller, comment.id)
        await queries.forget_reactions(self._tx, self._caller, comment.id)
        await self._count(thread)
        if thread.comment_count:
            await self._news.about(thread, "comment.deleted", comment)
        else:
            await self._remove(thread)

    async def delete_thread(self, thread_id: UUID) -> None:
        """With every comment. An admin may, and whoever is the only one who wrote in it.

        Raises `ThreadNotFound`, `CommentNotYours`.
        """
        thread = await self.hold(thread_id)
        authors = await queries.authors(self._tx, self._caller, thread.id)
        if not all(policy.may_delete(self._caller, author) for author in authors):
            raise CommentNotYours("Others have written here. Resolve it, or ask an admin.")
        await self._remove(thread)

    async def resolve(self, thread_id: UUID) -> Thread:
        """Resolving what is resolved changes nothing. Raises `ThreadNotFound`."""
        thread = await self.hold(thread_id)
        if thread.state == OPEN:
            thread.state, thread.updated_at = RESOLVED, clock.utc_now()
            thread.resolved_by, thread.resolved_at = self._caller.actor, thread.updated_at
            await self._news.about(thread, "thread.resolved")
        return thread

    async def reopen(self, thread_id: UUID) -> Thread:
        thread = await self.hold(thread_id)
        if thread.state == RESOLVED:
            _reopen(thread)
            await self._news.about(thread, "thread.reopened")
        return thread

    async def re_anchor(self, thread_id: UUID, anchor: Anchor) -> Thread:
        """Put it on other words. Raises `ThreadNotFound`, `AnchorInvalid`."""
        anchor = checked(anchor)
        thread = await self.hold(thread_id)
        _put_on(thread, anchor, clock.utc_now())
        await self._news.about(thread, "thread.anchored")
        return thread

    async def react(self, comment_id: UUID, name: str) -> None:
        """Twice is once. Raises `ReactionUnknown`, `CommentNotFound`, `CommentDeleted`."""
        policy.check_reaction(name)
        thread, comment = await self.hold_comment(comment_id)
        if await queries.reaction(self._tx, self._caller, comment_id, name) is None:
            made = Reaction(
                comment_id=comment_id,
                name=name,
                actor=self._caller.actor,
                workspace_id=self._caller.workspace_id,
                created_at=clock.utc_now(),
            )
            self._tx.add(made)
            await self._news.about(thread, "reaction.changed", comment)

    async def unreact(self, comment_id: UUID, name: str) -> None:
        policy.check_reaction(name)
        thread, comment = await self.hold_comment(comment_id)
        found = await queries.reaction(self._tx, self._caller, comment_id, name)
        if found is not None:
            await self._tx.delete(found)
            await self._news.about(thread, "reaction.changed", comment)

    async def mark_read(self, thread_id: UUID, number: int | None = None) -> None:
        """Up to the comment `number`, or all that is there. Never back. Raises `ThreadNotFound`."""
        self._caller.require(Permission.PROMPTS_READ)
        thread = await queries.thread(self._tx, self._caller, thread_id)
        if thread is None:
            raise _no_thread()
        upto = thread.last_number if number is None else min(number, thread.last_number)
        await queries.note_read(self._tx, self._caller, thread.id, upto, clock.utc_now())
        await self._news.read(thread, upto)

    # Under the lock

    async def hold(self, thread_id: UUID) -> Thread:
        """Nobody else changes the prompt's threads before the commit. Raises `ThreadNotFound`."""
        self._caller.require(Permission.COMMENTS_WRITE)
        thread = await queries.thread(self._tx, self._caller, thread_id)
        if thread is not None:
            await locks.hold(self._tx, f"threads-{thread.prompt_id}")
            thread = await queries.thread(self._tx, self._caller, thread_id, fresh=True)
        if thread is None:
            raise _no_thread()
        return thread

    async def hold_comment(
        self, comment_id: UUID, *, even_deleted: bool = False
    ) -> tuple[Thread, Comment]:
        """The same by a comment. Raises `CommentNotFound`, `CommentDeleted`."""
        self._caller.require(Permission.COMMENTS_WRITE)
        comment = await queries.comment(self._tx, self._caller, comment_id)
        if comment is None:
            raise _no_comment()
        thread = await self.hold(comment.thread_id)
        comment = await queries.comment(self._tx, self._caller, comment_id)
        if comment is None:  # deleted with its thread while we waited
            raise _no_comment()
        if comment.deleted_at is not None and not even_deleted:
            raise CommentDeleted("It was deleted meanwhile.")
        return thread, comment

    async def _sent_before(
        self, comment_id: UUID, body: str, prompt_id: UUID, thread_id: UUID | None = None
    ) -> Written | None:
        """The comment if it is there already: as a reply in a thread, or as the start of one."""
        there = await queries.comment(self._tx, self._caller, comment_id)
        if there is None:
            return None
        row = await queries.thread(self._tx, self._caller, there.thread_id)
        if row is not None and row.prompt_id == prompt_id and self._is_mine(there, body):
            is_start = there.number == 1
            if is_start if thread_id is None else there.thread_id == thread_id and not is_start:
                return Written(there.thread_id, there.id, is_new=False)
        raise _id_taken()

    def _is_mine(self, there: Comment, body: str) -> bool:
        """Whether the caller wrote `body` there; what was edited since may have said it."""
        is_said = there.body == body or there.edited_at is not None
        return is_said and there.author == self._caller.actor and there.deleted_at is None

    async def _write(self, thread: Thread, body: str, comment_id: UUID | None) -> Comment:
        now = clock.utc_now()
        comment = Comment(
            id=comment_id or new_id(),
            workspace_id=self._caller.workspace_id,
            thread_id=thread.id,
            number=thread.last_number + 1,
            author=self._caller.actor,
            body=body,
            created_at=now,
        )
        self._tx.add(comment)
        await claim(self._tx, (Comment.id,), _id_taken())  # an id of another workspace's
        thread.last_number, thread.updated_at = comment.number, now
        await self._count(thread)
        # Whoever answers has read what was there.
        await queries.note_read(self._tx, self._caller, thread.id, comment.number, now)
        return comment

    async def _name(self, comment: Comment, before: dict[UUID, str] | None = None) -> list[UUID]:
        """Note whom the comment names; they are members, or were when it named them first."""
        named = policy.mentioned(comment.body)
        if not named:
            return []
        members = await queries.members_among(self._tx, self._caller, named)
        known = members | (before or {}).keys()
        policy.check_mentions(self._caller, named, known)
        self._tx.add_all(
            Mention(
                comment_id=comment.id,
                user_id=user_id,
                thread_id=comment.thread_id,
                workspace_id=comment.workspace_id,
            )
            for user_id in named
            if user_id in members
        )
        await self._tx.flush()
        return [user_id for user_id in named if user_id in members]

    async def _count(self, thread: Thread) -> None:
        await self._tx.flush()
        thread.comment_count = await queries.count_comments(self._tx, self._caller, thread.id)

    async def _remove(self, thread: Thread) -> None:
        await self._news.about(thread, "thread.deleted")
        await self._tx.flush()
        await queries.remove_thread(self._tx, self._caller, thread.id)

    def _thread(self, prompt_id: UUID, room_id: UUID, number: int) -> Thread:
        now: datetime = clock.utc_now()
        return Thread(
            id=new_id(),
            workspace_id=self._caller.workspace_id,
            prompt_id=prompt_id,
            room_id=room_id,
            number=number,
            state=OPEN,
            comment_count=0,
            last_number=0,
            created_by=self._caller.actor,
            created_at=now,
            updated_at=now,
        )


def _put_on(thread: Thread, anchor: Anchor, at: datetime) -> None:
    thread.quote, thread.prefix, thread.suffix = anchor.quote, anchor.prefix, anchor.suffix
    thread.start, thread.end = anchor.start, anchor.end
    thread.start_position, thread.end_position = anchor.positions or (None, None)
    thread.epoch, thread.anchored_at = anchor.epoch, at


def _reopen(thread: Thread) -> None:
    thread.state, thread.updated_at = OPEN, clock.utc_now()
    thread.resolved_by = thread.resolved_at = None


def _no_thread() -> ThreadNotFound:
    return ThreadNotFound("Check the address. It may have been deleted.")


def _no_comment() -> CommentNotFound:
    return CommentNotFound("Check the address. It may have been deleted.")


def _id_taken() -> CommentIdTaken:
    return CommentIdTaken("Another comment has this id. Send this one with an id of its own.")
