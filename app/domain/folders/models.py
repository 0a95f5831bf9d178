"""The table of folders that were made by hand. Others are where their prompts say they are."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model


class Folder(Model):
    """A folder that stays when nothing is in it."""

    __tablename__ = "folders"

    workspace_id: Mapped[UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    path: Mapped[str] = mapped_column(String(255), primary_key=True)
    created_by: Mapped[str] = mapped_column(String(48))  # actor
    created_at: Mapped[datetime]
