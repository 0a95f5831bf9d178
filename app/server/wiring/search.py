"""Puts the search together: the engine that fits the database, and what it asks of live rooms."""

from __future__ import annotations

from uuid import UUID

from app.db.engine import Database
from app.domain.composition.recording import texts_indexed
from app.domain.rooms.hub.hub import Hub
from app.domain.rooms.journal.compaction import storable
from app.domain.search.indexer import Indexer
from app.domain.search.service import Finder
from app.domain.search.words import Words
from app.domain.search.words_postgres import PostgresWords
from app.domain.search.words_sqlite import SqliteWords


def finder_of(database: Database) -> Finder:
    words: Words = SqliteWords() if database.is_sqlite else PostgresWords()
    # everywhere: the indexer works for all workspaces, and narrows each transaction to its own
    indexer = Indexer(database.everywhere(), words, [texts_indexed])
    return Finder(database, words, indexer)


class LiveRooms:
    """Implements `search.reactions.Live`."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def workspace_of(self, document_id: UUID) -> UUID | None:
        open_ = self._hub.rooms.get(document_id)
        return open_.workspace_id if open_ else None

    def text_of(self, document_id: UUID) -> tuple[str, int] | None:
        open_ = self._hub.rooms.get(document_id)
        return (storable(open_.room.document.text), open_.room.seq) if open_ else None

    async def read(self, document_id: UUID) -> tuple[str, int]:
        found = await self._hub.read(document_id)
        return found.text, found.seq
