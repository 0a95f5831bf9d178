"""What happens to threads: told to the people in the room, and to whoever keeps an inbox.

The room hears of it after the commit as a `RoomEvent` (`app/domain/rooms/events.py`) with one of
these kinds and ids and counts as data, never text: whoever wants to show something fetches it,
and is asked for their rights then. An inbox hears of it inside the transaction (`ports.Audience`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

Kind = Literal[
    "thread.started",  # with its first comment, whose mentions count
    "thread.resolved",
    "thread.reopened",  # by hand, or by a reply, which is announced beside it
    "thread.anchored",  # put on other words
    "thread.deleted",  # with the last of its comments
    "comment.added",  # a reply
    "comment.edited",
    "comment.deleted",
    "reaction.changed",
]


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """Something that one person or program did to one thread."""

    workspace_id: UUID
    prompt_id: UUID
    thread_id: UUID
    comment_id: UUID | None  # the one written, changed, deleted or reacted to
    kind: Kind
    actor: str  # who did it: "user:<uuid>" or "key:<uuid>"
    # Members named in the comment for the first time; nobody twice, never the actor.
    mentioned: tuple[UUID, ...] = ()
    # People who have written in the thread, the actor included; in the order in which they came.
    participants: tuple[UUID, ...] = ()
    at: datetime
