"""Who is where: in this worker's rooms, and by what others say in theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from app.domain.rooms.hub.open_room import Open
from app.domain.rooms.hub.peers import Peers
from app.domain.rooms.reading import PersonHere

Rooms = Mapping[UUID, Open]


def people(
    rooms: Rooms, peers: Peers | None, document_ids: Iterable[UUID]
) -> dict[UUID, list[PersonHere]]:
    """Who has which of these documents open; each person once."""
    found: dict[UUID, list[PersonHere]] = {}
    for document_id in document_ids:
        here = peers.people(document_id) if peers is not None else {}
        if (open_ := rooms.get(document_id)) is not None:
            here |= open_.people()
        if here:
            found[document_id] = list(here.values())
    return found


def occupied(rooms: Rooms, peers: Peers | None) -> set[UUID]:
    """The rooms that somebody is in."""
    own = {one for one, open_ in rooms.items() if open_.room.members}
    return own | peers.occupied() if peers is not None else own
