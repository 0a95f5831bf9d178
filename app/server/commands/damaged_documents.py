"""Looks through all documents of a database for what is damaged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import migrate
from app.db.backup.progress import Progress
from app.db.backup.rows import stored_rows
from app.db.backup.shape import shapes_at
from app.domain.rooms import queries
from app.kit.helper import Helper, HelperFailed
from app.server.commands.document_check import StoredDocument, damages

_BATCH_BYTES = 1 << 20  # of documents handed to the helper at once


async def damaged_documents(tx: AsyncSession, progress: Progress) -> list[str]:
    """One sentence per document that fails its checksums or cannot be loaded."""
    helper = Helper()
    found: list[str] = []
    done = 0
    try:
        await helper.run(damages, [])  # a helper that does not start is no document's fault
        async for batch in _batches(tx, found):
            found += await _examined(helper, batch)
            done += len(batch)
            progress("loading documents", done)
    finally:
        await helper.finish()
    return found


async def _examined(helper: Helper, batch: list[StoredDocument]) -> list[str]:
    try:
        return await helper.run(damages, batch)
    except HelperFailed:
        if len(batch) == 1:
            return [f"document {batch[0].id}: loading it kills the process"]
    # One of them did: which?
    return [damage for one in batch for damage in await _examined(helper, [one])]


async def _batches(tx: AsyncSession, found: list[str]) -> AsyncIterator[list[StoredDocument]]:
    batch: list[StoredDocument] = []
    size = 0
    for document_id in await (await tx.connection()).run_sync(_document_ids):
        stored = await _stored(tx, document_id)
        tx.expunge_all()
        if stored is None:
            found.append(f"document {document_id}: its snapshot is missing")
            continue
        batch.append(stored)
        size += stored.size
        if size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


async def _stored(tx: AsyncSession, document_id: UUID) -> StoredDocument | None:
    snapshot = await queries.snapshot(tx, document_id)
    if snapshot is None:
        return None
    rows = await queries.entries_after(tx, document_id, snapshot.upto_seq)
    return StoredDocument(
        id=str(document_id),
        state=snapshot.state,
        state_sha256=snapshot.state_sha256,
        text=snapshot.text,
        text_sha256=snapshot.text_sha256,
        upto_seq=snapshot.upto_seq,
        entries=[(row.seq, row.checksum, row.update) for row in rows],
    )


def _document_ids(connection: Connection) -> list[UUID]:
    (documents,) = (shape for shape in shapes_at(migrate.newest()) if shape.name == "documents")
    at = list(documents.kinds).index("id")
    return [row[at] for row in stored_rows(connection, documents)]
