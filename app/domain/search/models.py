"""Tables of the search index. All of it is made from other tables and can be made anew.

The words themselves lie in `search_words`, which each engine has in its own shape.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model

_BIG = BigInteger().with_variant(Integer(), "sqlite")  # there only an INTEGER counts by itself


class Shelf(Model):
    """A workspace's place in the index: a short number for it, and how often it has changed."""

    __tablename__ = "search_shelves"
    __table_args__ = {"sqlite_autoincrement": True}  # a number is never used again

    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), unique=True
    )
    size: Mapped[int]  # entries so far; the next one's number
    stamp: Mapped[int] = mapped_column(BigInteger)  # of the last change; changes commit in order


class Entry(Model):
    """A prompt as it is found: its live text, and all that lists can be narrowed by."""

    __tablename__ = "search_entries"
    __table_args__ = (
        UniqueConstraint("workspace_id", "number"),
        Index(None, "workspace_id", "stamp"),
        Index(None, "room_id"),
    )

    prompt_id: Mapped[UUID] = mapped_column(
        ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True
    )
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    number: Mapped[int]  # 0, 1, 2… in its workspace
    stamp: Mapped[int] = mapped_column(BigInteger)
    room_id: Mapped[UUID]
    seq: Mapped[int] = mapped_column(BigInteger)  # of the document, up to which `text` goes
    edited_at: Mapped[datetime]
    is_archived: Mapped[bool]
    title: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(255))
    folder: Mapped[str] = mapped_column(String(255))
    model: Mapped[str] = mapped_column(String(255))
    owner_id: Mapped[UUID | None]
    tags: Mapped[list[Any]]
    labels: Mapped[list[Any]]
    actors: Mapped[list[Any]]  # who has written in it
    people: Mapped[str] = mapped_column(Text)  # their names, and the owner's
    variables: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)  # last: rows are read without it


class Term(Model):
    """A word that some prompt of the workspace has had. Ids rise in the order of commits."""

    __tablename__ = "search_terms"
    __table_args__ = (UniqueConstraint("workspace_id", "term"),)

    id: Mapped[int] = mapped_column(_BIG, primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    term: Mapped[str] = mapped_column(String(64))


class Waiting(Model):
    """A prompt that has changed and is to be indexed again; triggers write it.

    Rows are only added and taken away, one for each change: writers never wait for one another.
    """

    __tablename__ = "search_queue"
    __table_args__ = (Index(None, "workspace_id", "prompt_id"),)

    id: Mapped[int] = mapped_column(_BIG, primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    prompt_id: Mapped[UUID]
