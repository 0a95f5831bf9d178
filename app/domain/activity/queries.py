"""Every SQL statement about what happened to a prompt, one for each table that keeps a part."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, select, union
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from app.access.tenancy import InWorkspace, within
from app.domain.prompts.models import Activity, Prompt
from app.domain.versions.models import LabelMove, Version

T = TypeVar("T")
Before = tuple[UUID | None, int]  # before this id, at most so many


async def created(tx: AsyncSession, where: InWorkspace, prompt_id: UUID) -> Prompt | None:
    statement = select(Prompt).where(Prompt.id == prompt_id)
    return (await tx.execute(within(statement, where, Prompt))).scalar_one_or_none()


async def activities(
    tx: AsyncSession,
    where: InWorkspace,
    prompt_id: UUID,
    narrowed: tuple[Collection[str], str | None],
    before: Before,
) -> Sequence[Activity]:
    """`narrowed` is (kinds, actor)."""
    kinds, actor = narrowed
    statement = select(Activity).where(Activity.prompt_id == prompt_id, Activity.kind.in_(kinds))
    statement = _page(statement, Activity.id, before)
    if actor is not None:
        statement = statement.where(Activity.actor == actor)
    return (await tx.execute(within(statement, where, Activity))).scalars().all()


async def versions(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, actor: str | None, before: Before
) -> Sequence[Version]:
    """Without their texts and states."""
    statement = (
        select(Version)
        .options(
            load_only(
                Version.number,
                Version.author,
                Version.message,
                Version.restored_from,
                Version.created_at,
                raiseload=True,
            )
        )
        .where(Version.prompt_id == prompt_id)
    )
    statement = _page(statement, Version.id, before)
    if actor is not None:
        statement = statement.where(Version.author == actor)
    return (await tx.execute(within(statement, where, Version))).scalars().all()


async def moves(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, actor: str | None, before: Before
) -> Sequence[LabelMove]:
    statement = _page(
        select(LabelMove).where(LabelMove.prompt_id == prompt_id), LabelMove.id, before
    )
    if actor is not None:
        statement = statement.where(LabelMove.actor == actor)
    return (await tx.execute(within(statement, where, LabelMove))).scalars().all()


async def actors(tx: AsyncSession, where: InWorkspace, prompt_id: UUID, most: int) -> Sequence[str]:
    """Everybody who did something to the prompt."""
    statement = union(
        within(select(Prompt.created_by).where(Prompt.id == prompt_id), where, Prompt),
        within(select(Activity.actor).where(Activity.prompt_id == prompt_id), where, Activity),
        within(select(Version.author).where(Version.prompt_id == prompt_id), where, Version),
        within(select(LabelMove.actor).where(LabelMove.prompt_id == prompt_id), where, LabelMove),
    )
    return (await tx.execute(statement.limit(most))).scalars().all()


def _page(statement: Select[T], key: Any, before: Before) -> Select[T]:
    """Ids rise with time, so that the streams of several tables can be put together by them."""
    after, limit = before
    statement = statement.order_by(key.desc()).limit(limit)
    return statement if after is None else statement.where(key < after)
