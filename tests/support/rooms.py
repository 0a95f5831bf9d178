"""A live engine for tests of services: documents in memory, news on a list."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from app.access.principal import Principal
from app.domain.rooms.reading import PersonHere, Reading, reading_of
from app.domain.rooms.room.crediting import Writers
from app.domain.rooms.room.document import LiveDocument, Plan


class FakeRooms:
    """Obeys the engine's interface: real CRDT documents, but no journal and no sockets."""

    def __init__(self) -> None:
        self.documents: dict[UUID, LiveDocument] = {}
        self.epochs: dict[UUID, str] = {}
        self.news: list[tuple[str, dict[str, Any]]] = []

    def open(self, document_id: UUID, text: str = "", actor: str = "user:author") -> None:
        self.documents[document_id] = LiveDocument.of(text, actor)
        self.epochs.setdefault(document_id, "epoch-1")

    def write(self, document_id: UUID, text: str, actor: str) -> None:
        self.documents[document_id].rewrite(text, actor)

    async def read(self, document_id: UUID, since: bytes | None = None) -> Reading:
        await asyncio.sleep(0)  # the real one waits for the disk here: let others run
        document = self.documents[document_id]
        return reading_of(document_id, self.epochs[document_id], 1, document, since)

    async def rewrite(
        self, document_id: UUID, text: str, actor: str, writers: Writers = ()
    ) -> Reading:
        before = self.documents[document_id].state_vector
        self.documents[document_id].rewrite_for(text, actor, writers)
        return await self.read(document_id, before)

    async def revise(self, document_id: UUID, plan: Plan, actor: str) -> Reading:
        before = self.documents[document_id].state_vector
        self.documents[document_id].revise(plan, actor)
        return await self.read(document_id, before)

    def announce(
        self, document_id: UUID, kind: str, data: dict[str, Any], by: Principal | None
    ) -> None:
        self.news.append((kind, data))

    def people(self, document_ids: Iterable[UUID]) -> dict[UUID, list[PersonHere]]:
        return {}

    def occupied(self) -> set[UUID]:
        return set()
