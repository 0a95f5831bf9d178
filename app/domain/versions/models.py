"""Tables of versions, checkpoints and labels."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model
from app.kit.rollouts import Rollout


class Version(Model):
    """Immutable; numbered 1, 2, 3… per prompt."""

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("prompt_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    prompt_id: Mapped[UUID] = mapped_column(ForeignKey("prompts.id", ondelete="CASCADE"))
    room_id: Mapped[UUID] = mapped_column(ForeignKey("branches.id", ondelete="CASCADE"))
    number: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    config: Mapped[dict[str, Any]]
    variables: Mapped[list[Any]]
    template_format: Mapped[str] = mapped_column(
        String(16), default="mustache", server_default="mustache"
    )
    content_sha256: Mapped[str] = mapped_column(String(64))  # of text and settings
    epoch: Mapped[str] = mapped_column(String(36))
    state: Mapped[bytes] = mapped_column(LargeBinary)  # the CRDT's state, beside the text
    state_vector: Mapped[bytes] = mapped_column(LargeBinary)
    author: Mapped[str] = mapped_column(String(48))  # actor
    contributors: Mapped[list[Any]]  # of {actor, units}: UTF-16 units since the version before
    blame: Mapped[bytes | None] = mapped_column(LargeBinary)  # who wrote what: see blame.py
    message: Mapped[str] = mapped_column(Text)
    restored_from: Mapped[int | None]
    created_at: Mapped[datetime]


class Checkpoint(Model):
    """An automatic snapshot: not numbered, never what a label points to."""

    __tablename__ = "checkpoints"
    __table_args__ = (Index(None, "prompt_id", "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    prompt_id: Mapped[UUID] = mapped_column(ForeignKey("prompts.id", ondelete="CASCADE"))
    room_id: Mapped[UUID] = mapped_column(ForeignKey("branches.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(Text)
    config: Mapped[dict[str, Any]]
    variables: Mapped[list[Any]]
    template_format: Mapped[str] = mapped_column(
        String(16), default="mustache", server_default="mustache"
    )
    content_sha256: Mapped[str] = mapped_column(String(64))
    contributors: Mapped[list[Any]]
    blame: Mapped[bytes | None] = mapped_column(LargeBinary)
    state_vector: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str] = mapped_column(String(16))  # idle, active, leave, restore
    created_at: Mapped[datetime]


class Label(Model):
    """A movable name for a version. `latest` is computed and has no row.

    While it splits, `candidate` goes to `share` of 10,000 callers: see `app.kit.rollouts`.
    """

    __tablename__ = "labels"
    __table_args__ = (
        CheckConstraint(
            "(candidate IS NULL AND share IS NULL AND seed IS NULL) OR (candidate IS NOT NULL "
            "AND share IS NOT NULL AND seed IS NOT NULL AND share BETWEEN 1 AND 9999)",
            name="rollout",
        ),
        # Together with the prompt: a candidate is a version of the same one.
        ForeignKeyConstraint(
            ["prompt_id", "candidate"],
            ["versions.prompt_id", "versions.number"],
            ondelete="CASCADE",
        ),
    )

    prompt_id: Mapped[UUID] = mapped_column(
        ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    version_id: Mapped[UUID] = mapped_column(ForeignKey("versions.id", ondelete="CASCADE"))
    number: Mapped[int]  # of that version, so that lists need no join
    moved_by: Mapped[str] = mapped_column(String(48))
    moved_at: Mapped[datetime]
    candidate: Mapped[int | None]  # number of a version; with the two below, or all are none
    share: Mapped[int | None]
    seed: Mapped[str | None] = mapped_column(String(32))

    @property
    def rollout(self) -> Rollout | None:
        if self.candidate is None or self.share is None or self.seed is None:
            return None
        return Rollout(self.candidate, self.share, self.seed)

    @rollout.setter
    def rollout(self, value: Rollout | None) -> None:
        self.candidate = value.version if value else None
        self.share = value.share if value else None
        self.seed = value.seed if value else None


class LabelMove(Model):
    """The history of a label: a row for each time it moved, split otherwise or was taken off."""

    __tablename__ = "label_moves"
    __table_args__ = (Index(None, "prompt_id", "label"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    prompt_id: Mapped[UUID] = mapped_column(ForeignKey("prompts.id", ondelete="CASCADE"))
    label: Mapped[str] = mapped_column(String(64))
    from_number: Mapped[int | None]
    to_number: Mapped[int | None]
    actor: Mapped[str] = mapped_column(String(48))
    moved_at: Mapped[datetime]
    # How it split, as `Rollout` keeps it; none = all got the one version.
    rollout_before: Mapped[dict[str, Any] | None]
    rollout_after: Mapped[dict[str, Any] | None]

    @property
    def rollouts(self) -> tuple[Rollout | None, Rollout | None]:
        """Before and after."""
        before, after = self.rollout_before, self.rollout_after
        return (
            Rollout(**before) if before else None,
            Rollout(**after) if after else None,
        )
