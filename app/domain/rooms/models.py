"""Tables of live documents: the journal, its snapshots, who wrote what, and the quarantine."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Json, Model


class Document(Model):
    """A room's document. `epoch` names its CRDT history; two epochs are never merged.

    `seq` is the number of the journal's last row. It is what several workers agree on, so it is
    kept where there can be several, on PostgreSQL; with SQLite the one worker counts by itself.
    """

    __tablename__ = "documents"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), index=True
    )
    epoch: Mapped[str] = mapped_column(String(36))
    seq: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    created_at: Mapped[datetime]


class JournalEntry(Model):
    """One update as it was received, ordered by `seq` alone (clocks step back)."""

    __tablename__ = "room_journal"

    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    actor: Mapped[str] = mapped_column(String(48))
    received_at: Mapped[datetime]
    checksum: Mapped[int] = mapped_column(BigInteger)  # CRC-32 of `update`
    update: Mapped[bytes] = mapped_column(LargeBinary)

    # WITHOUT ROWID: rows lie in (document, seq) order, and an append touches one tree, not two.
    __table_args__ = {"sqlite_with_rowid": False}


class Snapshot(Model):
    """The document's whole state up to and including `upto_seq`."""

    __tablename__ = "room_snapshots"

    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    epoch: Mapped[str] = mapped_column(String(36))
    upto_seq: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[bytes] = mapped_column(LargeBinary)
    state_sha256: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    text_sha256: Mapped[str] = mapped_column(String(64))
    taken_at: Mapped[datetime]


class AuthorRange(Model):
    """Blocks `start` to `end` (exclusive) of `client` were written by `actor`."""

    __tablename__ = "room_authors"

    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    client: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    end: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(String(48))


class Quarantined(Model):
    """An update that made the library fail: kept for a person to look at, never applied again."""

    __tablename__ = "room_quarantine"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), index=True
    )
    actor: Mapped[str] = mapped_column(String(48))
    reason: Mapped[str] = mapped_column(String(64))
    ranges: Mapped[list[list[int]]] = mapped_column(Json)  # (client, start, end) that stay refused
    update: Mapped[bytes] = mapped_column(LargeBinary)
    happened_at: Mapped[datetime]
