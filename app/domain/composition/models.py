"""Tables of what includes what, and of changes that people have taken note of."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model


class Inclusion(Model):
    """A reference `{{> name@label}}` in a version, or in the text that is being written.

    By the name as it is written and not by the prompt: what a name means changes when prompts are
    renamed, made or take an old name over, and then no text changes with it.
    """

    __tablename__ = "inclusions"
    __table_args__ = (Index(None, "workspace_id", "name", "prompt_id"),)

    prompt_id: Mapped[UUID] = mapped_column(
        ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True
    )  # whose text it stands in
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 0 = live text
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    label: Mapped[str] = mapped_column(String(64), primary_key=True)  # as written, "" = none
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))


class Acknowledgement(Model):
    """When somebody last took note of what changed in the prompts that this one includes."""

    __tablename__ = "acknowledgements"

    prompt_id: Mapped[UUID] = mapped_column(
        ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True
    )
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(48))
