"""The table of e-mails: each from being due to being delivered."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model


class Mail(Model):
    """One e-mail to one person about some notices, from being due to being delivered.

    Its id is the message's, whenever and however often it is sent.
    """

    __tablename__ = "mails"
    __table_args__ = (Index(None, "state", "try_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(16))  # due, sent, moot (read meanwhile), refused
    made_at: Mapped[datetime]
    try_at: Mapped[datetime]  # not before; whoever tries moves it first
    tries: Mapped[int]
