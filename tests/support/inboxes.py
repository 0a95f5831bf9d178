"""Threads as far as an inbox hears of them: happenings, with rows to read the words from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.db.engine import Database
from app.domain.inbox.audience import InboxAudience
from app.domain.threads.events import Happening
from app.domain.threads.models import Comment, Thread
from app.kit import clock
from app.kit.bus_memory import MemoryBus
from app.kit.ids import new_id
from tests.support.builders import MadePrompt, Place, Somebody


@dataclass(frozen=True)
class MadeThread:
    id: UUID
    prompt: MadePrompt
    place: Place


async def a_thread(
    database: Database, place: Place, prompt: MadePrompt, quote: str = "the words"
) -> MadeThread:
    """A row that nobody has been told of yet."""
    now, thread_id = clock.utc_now(), new_id()
    async with database.everywhere().transaction() as tx:
        tx.add(
            Thread(
                id=thread_id,
                workspace_id=place.id,
                prompt_id=prompt.id,
                room_id=prompt.room_id,
                number=thread_id.int % 2**31,
                state="open",
                quote=quote,
                prefix="",
                suffix="",
                start=0,
                end=len(quote),
                epoch="",
                anchored_at=now,
                comment_count=1,
                last_number=1,
                created_by=place.owner.actor,
                created_at=now,
                updated_at=now,
            )
        )
    return MadeThread(thread_id, prompt, place)


async def happens(
    database: Database,
    thread: MadeThread,
    kind: Any,
    by: Somebody | str,
    *,
    body: str = "",
    mentioned: Sequence[Somebody] = (),
    participants: Sequence[Somebody] = (),
    comment_id: UUID | None = None,
    bus: Any = None,
) -> UUID | None:
    """Have the inbox hear of it; the id of the comment that it is about."""
    actor = by if isinstance(by, str) else by.actor
    where = {"workspace_id": thread.place.id, "thread_id": thread.id}
    async with database.everywhere().transaction() as tx:
        if body:
            comment_id = new_id()
            number = comment_id.int % 2**31
            now = clock.utc_now()
            tx.add(
                Comment(
                    id=comment_id, number=number, author=actor, body=body, created_at=now, **where
                )
            )
        happening = Happening(
            prompt_id=thread.prompt.id,
            comment_id=comment_id,
            kind=kind,
            actor=actor,
            mentioned=tuple(one.id for one in mentioned),
            participants=tuple(one.id for one in participants),
            at=clock.utc_now(),
            **where,
        )
        await InboxAudience(bus or MemoryBus()).thread_changed(tx, happening)
    return comment_id
