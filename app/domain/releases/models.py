"""The table of changes: what programs get, and when it became something else."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model


class Change(Model):
    """A row that a database trigger wrote, whoever changed a label, a version or a name.

    `seq` counts 1, 2, 3… in each workspace, in the order of commits and without gaps: whoever has
    seen 7 has seen all before it.
    """

    __tablename__ = "changes"

    workspace_id: Mapped[UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # Random: tells this row from one of a restored database that has the same number.
    mark: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(32))
    prompt_id: Mapped[UUID]  # no reference: the log outlives what it is about
    name: Mapped[str | None] = mapped_column(String(255))  # none: what the prompt is called now
    label: Mapped[str | None] = mapped_column(String(64))
    number: Mapped[int | None]
    old_name: Mapped[str | None] = mapped_column(String(255))
    at: Mapped[datetime]
    candidate: Mapped[int | None]  # of a label that splits; its share of 10,000 callers
    share: Mapped[int | None]
