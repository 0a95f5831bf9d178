"""Every SQL statement about labels and their moves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace, within
from app.domain.versions.models import Label, LabelMove

MOST_LABELS = 100  # of one prompt


async def of_prompt(tx: AsyncSession, where: InWorkspace, prompt_id: UUID) -> Sequence[Label]:
    statement = within(
        select(Label).where(Label.prompt_id == prompt_id).order_by(Label.name).limit(MOST_LABELS),
        where,
        Label,
    )
    return (await tx.execute(statement)).scalars().all()


async def named(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, names: Sequence[str]
) -> Sequence[Label]:
    statement = within(
        select(Label).where(Label.prompt_id == prompt_id, Label.name.in_(names)), where, Label
    )
    return (await tx.execute(statement)).scalars().all()


async def count(tx: AsyncSession, where: InWorkspace, prompt_id: UUID) -> int:
    statement = within(
        select(func.count()).select_from(Label).where(Label.prompt_id == prompt_id), where, Label
    )
    return (await tx.execute(statement)).scalar_one()


async def label(tx: AsyncSession, where: InWorkspace, prompt_id: UUID, name: str) -> Label | None:
    statement = within(
        select(Label).where(Label.prompt_id == prompt_id, Label.name == name), where, Label
    )
    return (await tx.execute(statement)).scalar_one_or_none()


async def remove(tx: AsyncSession, where: InWorkspace, prompt_id: UUID, name: str) -> None:
    await tx.execute(
        within(delete(Label).where(Label.prompt_id == prompt_id, Label.name == name), where, Label)
    )


async def moves(
    tx: AsyncSession,
    where: InWorkspace,
    prompt_id: UUID,
    name: str,
    limit: int,
    before: UUID | None = None,
) -> Sequence[LabelMove]:
    """Where a label has been, before a move or up to now, the latest move first."""
    is_before = true() if before is None else LabelMove.id < before
    statement = within(
        select(LabelMove)
        .where(LabelMove.prompt_id == prompt_id, LabelMove.label == name, is_before)
        .order_by(LabelMove.id.desc())
        .limit(limit),
        where,
        LabelMove,
    )
    return (await tx.execute(statement)).scalars().all()


async def moves_by_id(
    tx: AsyncSession, where: InWorkspace, ids: Collection[UUID]
) -> dict[UUID, LabelMove]:
    statement = within(select(LabelMove).where(LabelMove.id.in_(ids)), where, LabelMove)
    return {one.id: one for one in (await tx.execute(statement)).scalars()}


async def has_been(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, name: str, number: int
) -> bool:
    """Whether a label gave a version to everybody, or to all but some, at any time."""
    statement = within(
        select(LabelMove.id)
        .where(
            LabelMove.prompt_id == prompt_id,
            LabelMove.label == name,
            or_(LabelMove.to_number == number, LabelMove.from_number == number),
        )
        .limit(1),
        where,
        LabelMove,
    )
    return (await tx.execute(statement)).first() is not None


async def move(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, move_id: UUID
) -> LabelMove | None:
    statement = within(
        select(LabelMove).where(LabelMove.prompt_id == prompt_id, LabelMove.id == move_id),
        where,
        LabelMove,
    )
    return (await tx.execute(statement)).scalar_one_or_none()
