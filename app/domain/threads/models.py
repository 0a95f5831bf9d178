"""Tables of threads, their comments, and who has read, answered or been named in them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model


class Thread(Model):
    """A conversation about a span of a room's text, or, without a quote, about the whole of it.

    Where the span is now is nowhere kept: browsers resolve the two positions, and
    `anchoring.Wording` finds the quote in any text. A thread whose words are gone keeps its quote.
    """

    __tablename__ = "threads"
    __table_args__ = (
        UniqueConstraint("prompt_id", "number"),
        Index(None, "prompt_id", "state", "number"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    prompt_id: Mapped[UUID] = mapped_column(ForeignKey("prompts.id", ondelete="CASCADE"))
    room_id: Mapped[UUID] = mapped_column(ForeignKey("branches.id", ondelete="CASCADE"))
    number: Mapped[int]  # 1, 2, 3… per prompt: the order in which they were started
    state: Mapped[str] = mapped_column(String(8))  # open, resolved
    quote: Mapped[str] = mapped_column(Text)  # the words; "" = the whole prompt
    prefix: Mapped[str] = mapped_column(Text)  # what stood before and after them
    suffix: Mapped[str] = mapped_column(Text)
    start: Mapped[int | None]  # in UTF-16 units of the text as it was when the span was chosen
    end: Mapped[int | None]
    start_position: Mapped[bytes | None] = mapped_column(LargeBinary)  # of Yjs; opaque here
    end_position: Mapped[bytes | None] = mapped_column(LargeBinary)
    epoch: Mapped[str] = mapped_column(String(36))  # of the document that the positions are in
    anchored_at: Mapped[datetime]
    comment_count: Mapped[int]  # without deleted ones
    last_number: Mapped[int]  # of its newest comment, deleted or not
    created_by: Mapped[str] = mapped_column(String(48))  # actor
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]  # when somebody last wrote, resolved or reopened
    resolved_by: Mapped[str | None] = mapped_column(String(48))
    resolved_at: Mapped[datetime | None]


class Comment(Model):
    """What somebody wrote. A deleted one stays as an empty place while others remain."""

    __tablename__ = "comments"
    __table_args__ = (UniqueConstraint("thread_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    thread_id: Mapped[UUID] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"))
    number: Mapped[int]  # 1, 2, 3… per thread: their order
    author: Mapped[str] = mapped_column(String(48))  # actor
    body: Mapped[str] = mapped_column(Text)  # Markdown source
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    deleted_by: Mapped[str | None] = mapped_column(String(48))


class Reaction(Model):
    __tablename__ = "reactions"

    comment_id: Mapped[UUID] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(16), primary_key=True)  # of policy.REACTIONS
    actor: Mapped[str] = mapped_column(String(48), primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]


class Mention(Model):
    """A person named in a comment."""

    __tablename__ = "mentions"
    __table_args__ = (Index(None, "thread_id", "user_id"),)

    comment_id: Mapped[UUID] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    thread_id: Mapped[UUID] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"))
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))


class ThreadRead(Model):
    """How far a person, or a program, has read a thread."""

    __tablename__ = "thread_reads"

    thread_id: Mapped[UUID] = mapped_column(
        ForeignKey("threads.id", ondelete="CASCADE"), primary_key=True
    )
    reader: Mapped[str] = mapped_column(String(48), primary_key=True)  # actor
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    number: Mapped[int]  # of the last comment seen
    read_at: Mapped[datetime]
