"""Tables of notices, of who follows or mutes what, and of what people want to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model


class Notice(Model):
    """Something that one person is told once.

    Threads and comments have no foreign key here: what is said of them goes in the transaction
    that deletes them (`audience.py`).
    """

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("user_id", "cause_id"),
        # With those below: all that grouping and counting a person's notices takes.
        Index(None, "workspace_id", "user_id", "subject_id", "at", "read_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))  # policy.KINDS
    prompt_id: Mapped[UUID] = mapped_column(
        ForeignKey("prompts.id", ondelete="CASCADE"), index=True
    )
    thread_id: Mapped[UUID | None] = mapped_column(index=True)
    comment_id: Mapped[UUID | None]
    number: Mapped[int | None]  # of the version that was published
    subject_id: Mapped[UUID]  # what the inbox puts together: the thread, else the prompt
    cause_id: Mapped[UUID]  # comment, version or label's move; nobody is told twice of one
    actor: Mapped[str] = mapped_column(String(48))
    at: Mapped[datetime]
    read_at: Mapped[datetime | None] = mapped_column(index=True)
    mail_at: Mapped[datetime | None]  # when it is worth a mail if unread; none = never
    mail_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("mails.id", ondelete="SET NULL"), index=True
    )


_UNREAD = Notice.read_at.is_(None)
_UNTOLD = _UNREAD & Notice.mail_id.is_(None)
Index(
    "ix_notices_unread",
    Notice.workspace_id,
    Notice.user_id,
    Notice.subject_id,
    Notice.at,
    sqlite_where=_UNREAD,
    postgresql_where=_UNREAD,
)
Index("ix_notices_untold", Notice.mail_at, sqlite_where=_UNTOLD, postgresql_where=_UNTOLD)


class Follow(Model):
    """Whether a person follows a prompt. A row that says no keeps it from beginning by itself."""

    __tablename__ = "follows"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    prompt_id: Mapped[UUID] = mapped_column(
        ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    is_following: Mapped[bool]
    is_chosen: Mapped[bool]  # by hand; otherwise for having written there
    since: Mapped[datetime]


class Mute(Model):
    """A prompt or a thread of which a person is told nothing but mentions of them."""

    __tablename__ = "mutes"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)  # as of notices
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    prompt_id: Mapped[UUID] = mapped_column(
        ForeignKey("prompts.id", ondelete="CASCADE"), index=True
    )
    since: Mapped[datetime]


class NotificationSettings(Model):
    """What a person wants to be told in a workspace, and how. No row = the defaults."""

    __tablename__ = "notification_settings"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    workspace_id: Mapped[UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    ways: Mapped[dict[str, Any]]  # a kind's way, where it is not the default
    by_mail: Mapped[bool]  # False = no mail at all, whatever the ways say
    mail_after_minutes: Mapped[int]
