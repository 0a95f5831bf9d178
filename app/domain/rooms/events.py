"""What the live engine says and hears over the bus."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

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
