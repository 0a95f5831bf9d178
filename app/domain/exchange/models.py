"""Tables of imports that people begin on a page: what they brought, until it is imported."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model


class Import(Model):
    """One person's, in one workspace; nobody else ever sees it.

    `files` are of {name, size, format, is_out}; `preview` and `result` are what its pages show.
    """

    __tablename__ = "imports"
    __table_args__ = (Index(None, "workspace_id", "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(String(8))  # uploads.STATES
    files: Mapped[list[Any]]
    conflict: Mapped[str] = mapped_column(String(8))  # deciding.CONFLICTS
    choices: Mapped[dict[str, Any]]
    preview: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any]]
    done: Mapped[int]
    total: Mapped[int]
    beat_at: Mapped[datetime | None]  # when the process that imports last said so


class ImportPiece(Model):
    """A piece of a file that was brought: any worker can read it, and a restart loses nothing."""

    __tablename__ = "import_pieces"

    import_id: Mapped[UUID] = mapped_column(
        ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    file: Mapped[int]  # its place in `Import.files`
    data: Mapped[bytes] = mapped_column(LargeBinary)
