"""Every SQL statement about stars and saved views."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, literal, null, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace, within
from app.domain.bookmarks.models import SavedView, Star
from app.domain.prompts.models import Prompt


async def starred(tx: AsyncSession, where: InWorkspace, user_id: UUID) -> Sequence[UUID]:
    statement = within(select(Star.prompt_id).where(Star.user_id == user_id), where, Star)
    return (await tx.execute(statement)).scalars().all()


async def star(
    tx: AsyncSession, where: InWorkspace, user_id: UUID, prompt_id: UUID, at: datetime
) -> None:
    row = {
        "user_id": user_id,
        "prompt_id": prompt_id,
        "workspace_id": where.workspace_id,
        "starred_at": at,
    }
    # unscoped: the row carries the workspace itself
    await tx.execute(insert(Star), [row])


async def unstar(tx: AsyncSession, where: InWorkspace, user_id: UUID, prompt_id: UUID) -> None:
    mine = Star.user_id == user_id, Star.prompt_id == prompt_id
    await tx.execute(within(delete(Star).where(*mine), where, Star))


async def at_hand(tx: AsyncSession, where: InWorkspace, user_id: UUID) -> Sequence[Any]:
    """Stars (the last first) and views (by name) of a person in one statement: every page asks.

    Rows of kind ("star" or "view"), id, text, address, is_shared, owner_id. Archived prompts are
    left out.
    """
    stars = within(
        select(
            literal("star").label("kind"),
            Prompt.id.label("id"),
            Prompt.title.label("text"),
            literal("").label("address"),
            literal(value=False).label("is_shared"),
            Star.user_id.label("owner_id"),
            Star.starred_at.label("at"),
        )
        .join(Star, Star.prompt_id == Prompt.id)
        .where(Star.user_id == user_id, Prompt.archived_at.is_(None)),
        where,
        Prompt,
        Star,
    )
    views = within(
        select(
            literal("view"),
            SavedView.id,
            SavedView.name,
            SavedView.address,
            SavedView.is_shared,
            SavedView.owner_id,
            null(),
        ).where(or_(SavedView.owner_id == user_id, SavedView.is_shared)),
        where,
        SavedView,
    )
    both = union_all(stars, views).subquery()
    # unscoped: both halves are within already
    statement = select(both).order_by(both.c.at.desc(), func.lower(both.c.text), both.c.id)
    return (await tx.execute(statement)).all()


async def view(
    tx: AsyncSession, where: InWorkspace, view_id: UUID, user_id: UUID
) -> SavedView | None:
    """One that this person can see."""
    statement = within(
        select(SavedView).where(
            SavedView.id == view_id, or_(SavedView.owner_id == user_id, SavedView.is_shared)
        ),
        where,
        SavedView,
    )
    return (await tx.execute(statement)).scalar_one_or_none()


async def views_of(tx: AsyncSession, where: InWorkspace, user_id: UUID) -> Sequence[SavedView]:
    statement = within(select(SavedView).where(SavedView.owner_id == user_id), where, SavedView)
    return (await tx.execute(statement)).scalars().all()
