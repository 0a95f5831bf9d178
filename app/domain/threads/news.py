"""Telling of a change: those in the room after the commit, those who are not there within it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.db.after import after_commit
from app.domain.prompts.ports import Announcer
from app.domain.threads import queries
from app.domain.threads.events import Happening, Kind
from app.domain.threads.models import Comment, Thread
from app.domain.threads.ports import Audience
from app.kit import clock


class News:
    """For one transaction, in which whoever changes the threads holds their lock."""

    def __init__(
        self, tx: AsyncSession, caller: Principal, announcer: Announcer, audience: Audience
    ) -> None:
        self._tx = tx
        self._caller = caller
        self._announcer = announcer
        self._audience = audience

    async def about(
        self,
        thread: Thread,
        kind: Kind,
        comment: Comment | None = None,
        mentioned: Iterable[UUID] = (),
    ) -> None:
        """`mentioned` are the people whom the comment names for the first time."""
        await self._tx.flush()
        authors = await queries.authors(self._tx, self._caller, thread.id)
        happening = Happening(
            workspace_id=thread.workspace_id,
            prompt_id=thread.prompt_id,
            thread_id=thread.id,
            comment_id=comment.id if comment else None,
            kind=kind,
            actor=self._caller.actor,
            mentioned=tuple(one for one in mentioned if one != self._caller.user_id),
            participants=tuple(_people(authors)),
            at=clock.utc_now(),
        )
        await self._audience.thread_changed(self._tx, happening)
        data = self._data(thread, comment)
        data["open"] = await queries.count_open(self._tx, self._caller, thread.prompt_id)
        if kind == "thread.deleted":
            data["open"] -= thread.state == "open"
            data["comments"] = 0
        self._tell(thread.room_id, kind, data)

    async def read(self, thread: Thread, upto: int) -> None:
        """The caller has seen its comments up to that number."""
        if upto == thread.last_number and (me := self._caller.user_id) is not None:
            await self._audience.thread_read(self._tx, self._caller, me, thread.id)

    def _data(self, thread: Thread, comment: Comment | None) -> dict[str, Any]:
        return {
            "prompt": str(thread.prompt_id),
            "thread": str(thread.id),
            "number": thread.number,
            "state": thread.state,
            "comments": thread.comment_count,
            "comment": str(comment.id) if comment else None,
        }

    def _tell(self, room_id: UUID, kind: Kind, data: dict[str, Any]) -> None:
        after_commit(self._tx, lambda: self._announcer.announce(room_id, kind, data, self._caller))


def _people(authors: Iterable[str]) -> Iterable[UUID]:
    split = (author.partition(":") for author in authors)
    return (UUID(found) for kind, _, found in split if kind == "user")
