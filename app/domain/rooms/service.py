"""What other slices ask of documents inside their own transaction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.rooms import limits
from app.domain.rooms.errors import TextTooLarge
from app.domain.rooms.models import AuthorRange, Document, Snapshot
from app.domain.rooms.room.document import LiveDocument
from app.domain.rooms.wire.encoding import utf16_length
from app.kit.clock import utc_now
from app.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Rows:
    """What there is of a document that nobody has opened yet."""

    document: Document
    snapshot: Snapshot
    authors: list[AuthorRange]


class Documents:
    """Documents in the caller's transaction."""

    def __init__(self, tx: AsyncSession) -> None:
        self._tx = tx

    async def create(self, document_id: UUID, workspace_id: UUID, text: str, actor: str) -> None:
        """A document that holds `text`, credited to `actor`. Raises `TextTooLarge`.

        The only place where a CRDT is made from text: doing it again on load would give the same
        words other ids, and every client would end with them twice.
        """
        check_size(text)
        made = rows(document_id, workspace_id, LiveDocument.of(text, actor), str(new_id()))
        self._tx.add(made.document)
        await self._tx.flush()  # the others refer to it
        self._tx.add_all([made.snapshot, *made.authors])
        await self._tx.flush()


def rows(document_id: UUID, workspace_id: UUID, live: LiveDocument, epoch: str) -> Rows:
    """A new document as the tables have it, its journal still empty."""
    state, text, now = live.state(), live.text, utc_now()
    return Rows(
        Document(id=document_id, workspace_id=workspace_id, epoch=epoch, created_at=now),
        Snapshot(
            document_id=document_id,
            epoch=epoch,
            upto_seq=0,
            state=state,
            state_sha256=hashlib.sha256(state).hexdigest(),
            text=text,
            text_sha256=live.text_sha256(),
            taken_at=now,
        ),
        [
            AuthorRange(document_id=document_id, client=client, start=start, end=end, actor=author)
            for client, start, end, author in live.authors()
        ],
    )


def check_size(text: str) -> None:
    """Raises `TextTooLarge`; the limit is the same for rooms, REST and restore."""
    length = utf16_length(text)
    if length > limits.TEXT_UNITS:
        raise TextTooLarge(
            f"The text has {length:,} characters; {limits.TEXT_UNITS:,} are allowed. "
            "Split it into several prompts.",
            limit=limits.TEXT_UNITS,
            length=length,
        )
