"""Reading the live text with who wrote how much since a version, and who wrote what."""

from __future__ import annotations

import asyncio
from uuid import UUID

from app.domain.prompts.ports import Reading, Rooms
from app.domain.rooms.wire.updates import read_state_vector
from app.domain.versions import blame
from app.domain.versions.blame import Blame
from app.domain.versions.models import Version

_FEW = 1000  # runs, which take 2 ms: a thread would only make others overtake a publication
_MOST_CLIENTS = 1 << 20  # a state vector of our own is read, however long


async def read_since(rooms: Rooms, room_id: UUID, version: Version | None) -> Reading:
    """What the room holds, with who wrote how much since `version` (ever, without one)."""
    if version is None:
        return await rooms.read(room_id)
    reading = await rooms.read(room_id, version.state_vector)
    # A state vector of another epoch counts other clients' clocks.
    return reading if reading.epoch == version.epoch else await rooms.read(room_id)


async def blame_of(reading: Reading, newest: Version | None) -> Blame:
    """Who wrote what of a reading that follows `newest`. A long text is walked in a thread."""
    if len(reading.blocks) <= _FEW:
        return blame_now(reading, newest)
    return await asyncio.to_thread(blame_now, reading, newest)


def blame_now(reading: Reading, newest: Version | None) -> Blame:
    runs = reading.blocks.runs()
    if newest is None:
        return blame.made(runs, 1, None, {})
    if newest.epoch != reading.epoch:
        return blame.made(runs, blame.UNKNOWN, None, {})
    clocks = read_state_vector(newest.state_vector, _MOST_CLIENTS)
    return blame.made(runs, newest.number + 1, blame.decoded(newest.blame), clocks)
