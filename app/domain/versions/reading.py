"""Reading the live text with who wrote how much since a version."""

from __future__ import annotations

from uuid import UUID

from app.domain.prompts.ports import Reading, Rooms
from app.domain.versions.models import Version


async def read_since(rooms: Rooms, room_id: UUID, version: Version | None) -> Reading:
    """What the room holds, with who wrote how much since `version` (ever, without one)."""
    if version is None:
        return await rooms.read(room_id)
    reading = await rooms.read(room_id, version.state_vector)
    # A state vector of another epoch counts other clients' clocks.
    return reading if reading.epoch == version.epoch else await rooms.read(room_id)
