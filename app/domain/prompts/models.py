"""Tables of prompts, their tags and branches."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model


class Prompt(Model):
    __tablename__ = "prompts"
    __table_args__ = (
        UniqueConstraint("workspace_id", "name"),
        Index(None, "workspace_id", "edited_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    title: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text)
    folder: Mapped[str] = mapped_column(String(255))
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_by: Mapped[str] = mapped_column(String(48))  # actor
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime]  # of text, settings or details; for people, nothing relies on it
    archived_at: Mapped[datetime | None]


class OldName(Model):
    """A name that a prompt had before. Programs that still ask for it get the prompt.

    It points at the prompt and not at the next name, so there are neither chains nor loops.
    """

    __tablename__ = "old_names"

    workspace_id: Mapped[UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    prompt_id: Mapped[UUID] = mapped_column(
        ForeignKey("prompts.id", ondelete="CASCADE"), index=True
    )
    renamed_by: Mapped[str] = mapped_column(String(48))  # actor
    renamed_at: Mapped[datetime]


class PromptTag(Model):
    __tablename__ = "prompt_tags"
    __table_args__ = (Index(None, "workspace_id", "tag"),)

    prompt_id: Mapped[UUID] = mapped_column(
        ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True
    )
    tag: Mapped[str] = mapped_column(String(64), primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))


class Branch(Model):
    """A line of work on a prompt; its id is its room's id. `main` always exists."""

    __tablename__ = "branches"
    __table_args__ = (UniqueConstraint("prompt_id", "name"),)

    id: Mapped[UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    prompt_id: Mapped[UUID] = mapped_column(ForeignKey("prompts.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(120))
    config: Mapped[dict[str, Any]]
    variables: Mapped[list[Any]]  # of {name, type, required, default, description}
    template_format: Mapped[str] = mapped_column(
        String(16), default="mustache", server_default="mustache"
    )
    settings_revision: Mapped[int] = mapped_column(default=0)  # of these, and of texts by REST


class Activity(Model):
    """Something that happened to a prompt and that no other table keeps. Rows never change."""

    __tablename__ = "activities"
    __table_args__ = (Index(None, "prompt_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    prompt_id: Mapped[UUID] = mapped_column(ForeignKey("prompts.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))  # of activity.py
    actor: Mapped[str] = mapped_column(String(48))
    at: Mapped[datetime]
    detail: Mapped[dict[str, Any]]
