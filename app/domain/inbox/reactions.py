"""What the inbox does when the live engine says that a text was edited: its writers follow it."""

from __future__ import annotations

from collections import OrderedDict
from uuid import UUID

from app.db.engine import Database
from app.domain.inbox import queries
from app.kit import clock

FLUSH_SECONDS = 5.0  # nobody waits for it, and a write per keystroke may not be
REMEMBERED = 10_000  # pairs of room and person that need no second look


class WritersFollow:
    """Noted at once, written for all together; who said that they do not follow stays so."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: set[tuple[UUID, UUID]] = set()
        self._known: OrderedDict[tuple[UUID, UUID], None] = OrderedDict()

    def note(self, document_id: UUID, actor: str) -> None:
        kind, _, found = actor.partition(":")
        if kind == "user" and (pair := (document_id, UUID(found))) not in self._known:
            self._noted.add(pair)

    async def flush(self) -> None:
        """Write what was noted; it is kept for the next time if the database refuses."""
        noted, self._noted = self._noted, set()
        if not noted:
            return
        try:
            async with self._database.transaction() as tx:
                found = await queries.prompts_of_rooms(tx, {room_id for room_id, _ in noted})
                pairs = [
                    (found[room_id][0], user_id, found[room_id][1])
                    for room_id, user_id in noted
                    if room_id in found
                ]
                await queries.follow_by_itself(tx, pairs, clock.utc_now())
        except Exception:
            self._noted |= noted
            raise
        self._remember(noted)

    def _remember(self, pairs: set[tuple[UUID, UUID]]) -> None:
        for pair in pairs:
            self._known[pair] = None
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
