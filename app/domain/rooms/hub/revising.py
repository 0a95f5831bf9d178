"""An edit by a call: into the document as it is at that moment, and then to the disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from app.domain.rooms.errors import StorageFailed, UpdateRefused
from app.domain.rooms.hub.open_room import Open
from app.domain.rooms.hub.waiting import unfrozen
from app.domain.rooms.reading import Reading
from app.domain.rooms.room.document import LibraryFailed

if TYPE_CHECKING:  # the hub offers this as its own
    from app.domain.rooms.hub.hub import Hub


async def revised(hub: Hub, document_id: UUID, change: Callable[[Open], object]) -> Reading:
    """Have `change` edit a room without waiting for anything, and wait until that is on disk.

    Raises `UpdateRefused`, `StorageFailed`, and what `change` raises before it edits.
    """
    async with hub.borrow(document_id) as open_:
        if hub.peers is not None:  # it has to see what another worker has acknowledged
            await hub.peers.follower.catch_up(open_)
        await unfrozen(open_.room)
        if hub.rooms.get(document_id) is not open_:
            raise UpdateRefused("Try again in a moment.")
        if hub.read_only_cause is not None:
            raise StorageFailed(f"Not saved: {hub.read_only_cause}. Try again later.")
        before = open_.room.document.state_vector
        try:
            change(open_)
        except LibraryFailed as failure:
            hub.repair.reload(open_)
            raise UpdateRefused("Try again in a moment.") from failure
        await hub.durability.expected(open_.room, lambda: hub.journal.state.cause)
    return await hub.read(document_id, before)
