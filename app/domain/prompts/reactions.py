"""What prompts do when the live engine says that a text was edited."""

from __future__ import annotations

from uuid import UUID

from app.db.engine import Database
from app.domain.prompts import queries
from app.kit import clock

FLUSH_SECONDS = 5.0  # a list that says "edited now" may be that old; a write per keystroke may not


class EditedAt:
    """Keeps `edited_at` up to date: noted at once, written for all prompts together."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._edited: set[UUID] = set()

    def note(self, document_id: UUID, _actor: str) -> None:
        self._edited.add(document_id)

    async def flush(self) -> None:
        """Write what was noted; it is kept for the next time if the database refuses."""
        edited, self._edited = self._edited, set()
        if not edited:
            return
        try:
            async with self._database.transaction() as tx:
                await queries.touch(tx, edited, clock.utc_now())
        except Exception:
            self._edited |= edited
            raise
