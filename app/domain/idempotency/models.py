"""The table of calls that may be made again."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model


class KeptCall(Model):
    """A call under an Idempotency-Key, which is kept as a hash, and what it answered."""

    __tablename__ = "kept_calls"
    __table_args__ = (Index(None, "created_at"),)

    key_id: Mapped[UUID] = mapped_column(
        ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True
    )
    name_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    call_sha256: Mapped[str] = mapped_column(String(64))  # method, address and body
    turn: Mapped[UUID]  # of whoever works on it
    until: Mapped[datetime]  # when somebody else may, should they be silent
    answer_status: Mapped[int | None]  # none = it is being worked on
    answer_headers: Mapped[dict[str, Any] | None]
    answer_body: Mapped[bytes | None] = mapped_column(LargeBinary)  # none = not to be kept
    created_at: Mapped[datetime]
