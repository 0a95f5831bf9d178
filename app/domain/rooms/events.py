"""What the live engine says and hears over the bus."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from app.domain.rooms.reading import PersonHere
from app.domain.rooms.wire.awareness import AwarenessEntry

ACCESS_TOPIC = "access.changed"
ROOM_TOPIC = "rooms.event"


class AccessChanged(msgspec.Struct, frozen=True):
    """Someone's rights changed; None means everyone, every workspace, every room."""

    workspace_id: UUID | None = None
    actor: str | None = None
    document_id: UUID | None = None


class RoomEvent(msgspec.Struct, frozen=True):
    """Something happened beside the text that everyone in the room is told."""

    document_id: UUID
    kind: str  # such as "version.published"
    data: dict[str, Any]
    by: dict[str, Any] | None


# Between workers. In front of each message stands the name of the worker that says it, who hears
# it too.


class RowsWritten(msgspec.Struct, frozen=True, array_like=True, tag="rows"):
    """Rows that are on disk now; `first` is the number of the first one."""

    epoch: str
    first: int
    rows: list[tuple[str, bytes]]  # actor, update


class StatesChanged(msgspec.Struct, frozen=True, array_like=True, tag="states"):
    """Presence of a worker's own people; `is_all` says that there is nobody else."""

    is_all: bool
    entries: list[AwarenessEntry]


class WhoIsHere(msgspec.Struct, frozen=True, array_like=True, tag="who"):
    """A worker has opened the room and knows nobody yet."""


RoomMessage = RowsWritten | StatesChanged | WhoIsHere
People = dict[str, list[PersonHere]]  # who is in which room of a worker, by the document's id

PEOPLE_TOPIC = "rooms.people"  # all of a worker's people
PEOPLE_NEWS_TOPIC = "rooms.people.news"  # those of the rooms in which that has changed


def room_topic(document_id: UUID) -> str:
    return f"room.{document_id.hex}"
