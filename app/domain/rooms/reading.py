"""What others are told about a document: its text, state, authors, and who is in it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.domain.rooms.guard.blame import Blocks
from app.domain.rooms.journal.compaction import storable
from app.domain.rooms.room.document import LiveDocument


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document holds on disk."""

    document_id: UUID
    epoch: str
    seq: int
    text: str
    state: bytes
    state_vector: bytes
    contributors: dict[str, int]  # actor → UTF-16 units written since the vector asked about
    blocks: Blocks


@dataclass(frozen=True, slots=True)
class PersonHere:
    id: str
    name: str
    hue: str
    initials: str


def reading_of(
    document_id: UUID, epoch: str, seq: int, document: LiveDocument, since: bytes | None
) -> Reading:
    """The reading of `document`, with who wrote how much since state vector `since`."""
    clocks = document.guard.check_state_vector(since) if since else {}
    return Reading(
        document_id=document_id,
        epoch=epoch,
        seq=seq,
        text=storable(document.text),
        state=document.state(),
        state_vector=document.state_vector,
        contributors=document.guard.ranges_since(clocks),
        blocks=document.guard.blocks(),
    )
