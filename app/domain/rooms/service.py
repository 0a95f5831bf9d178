"""What other slices ask of documents inside their own transaction."""

from __future__ import annotations

import hashlib
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.rooms import limits
from app.domain.rooms.document import LiveDocument
from app.domain.rooms.encoding import utf16_length
from app.domain.rooms.errors import TextTooLarge
from app.domain.rooms.models import AuthorRange, Document, Snapshot
from app.kit.clock import utc_now
from app.kit.ids import new_id


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
        document = LiveDocument.of(text, actor)
        state, now = document.state(), utc_now()
        epoch = str(new_id())
        self._tx.add(
            Document(id=document_id, workspace_id=workspace_id, epoch=epoch, created_at=now)
        )
        await self._tx.flush()  # rows below refer to it
        self._tx.add(
            Snapshot(
                document_id=document_id,
                epoch=epoch,
                upto_seq=0,
                state=state,
                state_sha256=hashlib.sha256(state).hexdigest(),
                text=text,
                text_sha256=hashlib.sha256(text.encode()).hexdigest(),
                taken_at=now,
            )
        )
        for client, start, end, author in document.authors():
            self._tx.add(
                AuthorRange(
                    document_id=document_id, client=client, start=start, end=end, actor=author
                )
            )
        await self._tx.flush()


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
