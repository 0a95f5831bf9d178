"""Every SQL statement of the live engine but the journal's append (`store_sqlite`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.rooms.models import (
    AuthorRange,
    Document,
    JournalEntry,
    Quarantined,
    Snapshot,
)


async def document(tx: AsyncSession, document_id: UUID) -> Document | None:
    """For the engine itself, which acts for everyone in the room."""
    # unscoped: the engine holds rooms of every workspace
    return await tx.get(Document, document_id)


async def workspace_of(tx: AsyncSession, document_id: UUID) -> UUID | None:
    """In which workspace membership decides about this room."""
    # unscoped: the answer is what the caller's membership is then checked against
    statement = select(Document.workspace_id).where(Document.id == document_id)
    return (await tx.execute(statement)).scalar_one_or_none()


async def snapshot(tx: AsyncSession, document_id: UUID) -> Snapshot | None:
    return await tx.get(Snapshot, document_id)


async def entries_after(tx: AsyncSession, document_id: UUID, seq: int) -> Sequence[JournalEntry]:
    """The journal behind a snapshot. Bounded: compaction keeps it to about 500 rows."""
    statement = (
        select(JournalEntry)
        .where(JournalEntry.document_id == document_id, JournalEntry.seq > seq)
        .order_by(JournalEntry.seq)
    )
    return (await tx.execute(statement)).scalars().all()


async def epoch_and_snapshot_seq(tx: AsyncSession, document_id: UUID) -> tuple[str, int] | None:
    # unscoped: the engine acts for everyone in the room
    statement = (
        select(Document.epoch, Snapshot.upto_seq)
        .join(Snapshot, Snapshot.document_id == Document.id)
        .where(Document.id == document_id)
    )
    row = (await tx.execute(statement)).one_or_none()
    return (row.epoch, row.upto_seq) if row is not None else None


async def heads(tx: AsyncSession, document_ids: Collection[UUID]) -> dict[UUID, tuple[str, int]]:
    """Epoch and last number of each document. PostgreSQL alone keeps the number."""
    # unscoped: the engine holds rooms of every workspace
    statement = select(Document.id, Document.epoch, Document.seq).where(
        Document.id.in_(document_ids)
    )
    return {row.id: (row.epoch, row.seq) for row in await tx.execute(statement)}


async def author_ranges(tx: AsyncSession, document_id: UUID) -> Sequence[AuthorRange]:
    statement = (
        select(AuthorRange)
        .where(AuthorRange.document_id == document_id)
        .order_by(AuthorRange.client, AuthorRange.start)
    )
    return (await tx.execute(statement)).scalars().all()


async def quarantined(tx: AsyncSession, document_id: UUID) -> Sequence[Quarantined]:
    statement = (
        select(Quarantined).where(Quarantined.document_id == document_id).order_by(Quarantined.id)
    )
    return (await tx.execute(statement)).scalars().all()


async def replace_snapshot(tx: AsyncSession, taken: Snapshot, expected_seq: int) -> bool:
    """Put `taken` in the place of the snapshot that reached `expected_seq`; False if it moved."""
    statement = (
        update(Snapshot)
        .where(
            Snapshot.document_id == taken.document_id,
            Snapshot.upto_seq == expected_seq,
            Snapshot.epoch == taken.epoch,
        )
        .values(
            upto_seq=taken.upto_seq,
            state=taken.state,
            state_sha256=taken.state_sha256,
            text=taken.text,
            text_sha256=taken.text_sha256,
            taken_at=taken.taken_at,
        )
        .returning(Snapshot.document_id)
    )
    return (await tx.execute(statement)).scalar_one_or_none() is not None


async def begin_epoch(tx: AsyncSession, taken: Snapshot) -> bool:
    """Make `taken` the document's snapshot and its epoch the document's; False if it moved on."""
    # unscoped: the engine acts for everyone in the room
    renamed = (
        update(Document)
        .where(Document.id == taken.document_id)
        .values(epoch=taken.epoch)
        .returning(Document.id)
    )
    if tx.get_bind().dialect.name == "postgresql":  # where somebody else may write
        renamed = renamed.where(Document.seq == taken.upto_seq)
    if (await tx.execute(renamed)).scalar_one_or_none() is None:
        return False
    await tx.execute(delete(Snapshot).where(Snapshot.document_id == taken.document_id))
    tx.add(taken)
    await tx.flush()
    return True


async def delete_entries(tx: AsyncSession, document_id: UUID, upto_seq: int) -> None:
    await tx.execute(
        delete(JournalEntry).where(
            JournalEntry.document_id == document_id, JournalEntry.seq <= upto_seq
        )
    )


async def delete_entry(tx: AsyncSession, document_id: UUID, seq: int) -> None:
    await tx.execute(
        delete(JournalEntry).where(JournalEntry.document_id == document_id, JournalEntry.seq == seq)
    )


async def replace_authors(
    tx: AsyncSession, document_id: UUID, ranges: Iterable[tuple[int, int, int, str]]
) -> None:
    """Store who wrote what, as (client, start, end, actor)."""
    rows: list[dict[str, Any]] = [
        {"document_id": document_id, "client": c, "start": s, "end": e, "actor": a}
        for c, s, e, a in ranges
    ]
    await tx.execute(delete(AuthorRange).where(AuthorRange.document_id == document_id))
    if rows:
        await tx.execute(insert(AuthorRange), rows)
