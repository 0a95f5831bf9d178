"""Tables of stars and saved views."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model


class Star(Model):
    """A prompt that a person wants to find again. Nobody else sees it."""

    __tablename__ = "stars"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    prompt_id: Mapped[UUID] = mapped_column(
        ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    starred_at: Mapped[datetime]


class SavedView(Model):
    """The library with filters and an order, under a name."""

    __tablename__ = "saved_views"
    __table_args__ = (Index(None, "workspace_id", "owner_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(60))
    address: Mapped[str] = mapped_column(String(2000))  # behind the question mark
    is_shared: Mapped[bool]  # with everybody in the workspace
    created_at: Mapped[datetime]
