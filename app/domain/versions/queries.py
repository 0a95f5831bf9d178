"""Every SQL statement about versions and checkpoints."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from app.access.tenancy import GIVEN, InWorkspace, rows, within
from app.domain.prompts.models import Branch
from app.domain.versions.models import Checkpoint, Label, Version

_LARGEST = 2**31 - 1  # number of a version
MOST_DATES = 1000  # of versions; more are on no page


async def newest(tx: AsyncSession, where: InWorkspace, prompt_id: UUID) -> Version | None:
    """The newest version, whole."""
    statement = within(
        select(Version)
        .where(Version.prompt_id == prompt_id)
        .order_by(Version.number.desc())
        .limit(1),
        where,
        Version,
    )
    return (await tx.execute(statement)).scalar_one_or_none()


async def numbered(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, number: int
) -> Version | None:
    if not 0 < number <= _LARGEST:
        return None
    statement = within(
        select(Version).where(Version.prompt_id == prompt_id, Version.number == number),
        where,
        Version,
    )
    return (await tx.execute(statement)).scalar_one_or_none()


async def listed(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, before: int | None, limit: int
) -> Sequence[Version]:
    """Versions without their text, the newest first; `before` = below this number."""
    statement = within(
        select(Version)
        .options(*_without(Version, "text", "state", "state_vector", "blame"))
        .where(Version.prompt_id == prompt_id),
        where,
        Version,
    )
    if before is not None:
        statement = statement.where(Version.number < before)
    ordered = statement.order_by(Version.number.desc()).limit(limit)
    return (await tx.execute(ordered)).scalars().all()


async def dates(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, numbers: Collection[int]
) -> dict[int, datetime]:
    """When these versions were published; of very many the newest."""
    wanted = sorted(numbers, reverse=True)[:MOST_DATES]
    statement = within(
        select(Version.number, Version.created_at).where(
            Version.prompt_id == prompt_id, Version.number.in_(wanted)
        ),
        where,
        Version,
    )
    return {row[0]: row[1] for row in await tx.execute(statement)}


async def versions_between(
    tx: AsyncSession,
    where: InWorkspace,
    prompt_id: UUID,
    between: tuple[datetime, datetime],
    limit: int,
) -> Sequence[Version]:
    """Versions of a stretch of time without their text, the newest first."""
    statement = within(
        select(Version)
        .options(*_without(Version, "text", "state", "state_vector", "blame"))
        .where(Version.prompt_id == prompt_id, Version.created_at.between(*between)),
        where,
        Version,
    )
    ordered = statement.order_by(Version.number.desc()).limit(limit)
    return (await tx.execute(ordered)).scalars().all()


async def forget_checkpoint(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, checkpoint_id: UUID
) -> bool:
    statement = within(
        delete(Checkpoint).where(Checkpoint.prompt_id == prompt_id, Checkpoint.id == checkpoint_id),
        where,
        Checkpoint,
    )
    found = await tx.execute(statement.returning(Checkpoint.id))
    return found.scalar_one_or_none() is not None


async def between(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, after: int, upto: int
) -> Sequence[list[Any]]:
    """The contributors of versions `after` < number ≤ `upto`."""
    statement = within(
        select(Version.contributors).where(
            Version.prompt_id == prompt_id, Version.number > after, Version.number <= upto
        ),
        where,
        Version,
    )
    return (await tx.execute(statement.limit(500))).scalars().all()


async def checkpoints(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, before: UUID | None, limit: int
) -> Sequence[Checkpoint]:
    """Checkpoints without their text, the newest first (ids rise with time)."""
    statement = within(
        select(Checkpoint)
        .options(*_without(Checkpoint, "text", "state_vector", "blame"))
        .where(Checkpoint.prompt_id == prompt_id),
        where,
        Checkpoint,
    )
    if before is not None:
        statement = statement.where(Checkpoint.id < before)
    ordered = statement.order_by(Checkpoint.id.desc()).limit(limit)
    return (await tx.execute(ordered)).scalars().all()


async def checkpoints_since(
    tx: AsyncSession,
    where: InWorkspace,
    prompt_id: UUID,
    between: tuple[datetime, datetime | None],
    limit: int,
) -> Sequence[Checkpoint]:
    """Checkpoints of a stretch of time without their text, the newest first."""
    since, before = between
    statement = within(
        select(Checkpoint)
        .options(*_without(Checkpoint, "text", "state_vector", "blame"))
        .where(Checkpoint.prompt_id == prompt_id, Checkpoint.created_at >= since),
        where,
        Checkpoint,
    )
    if before is not None:
        statement = statement.where(Checkpoint.created_at < before)
    ordered = statement.order_by(Checkpoint.created_at.desc(), Checkpoint.id.desc()).limit(limit)
    return (await tx.execute(ordered)).scalars().all()


async def checkpoint(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, checkpoint_id: UUID
) -> Checkpoint | None:
    statement = within(
        select(Checkpoint).where(Checkpoint.prompt_id == prompt_id, Checkpoint.id == checkpoint_id),
        where,
        Checkpoint,
    )
    return (await tx.execute(statement)).scalar_one_or_none()


async def last_checkpoint_sha256(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID
) -> str | None:
    statement = within(
        select(Checkpoint.content_sha256)
        .where(Checkpoint.prompt_id == prompt_id)
        .order_by(Checkpoint.id.desc())
        .limit(1),
        where,
        Checkpoint,
    )
    return (await tx.execute(statement)).scalar_one_or_none()


async def with_checkpoints(
    tx: AsyncSession, before: datetime, after: UUID | None, limit: int
) -> Sequence[UUID]:
    """Prompts that have checkpoints from `before`, in an order to go on from, along an index."""
    # unscoped: a job thins the history of all workspaces
    statement = select(Checkpoint.prompt_id).where(Checkpoint.created_at < before).distinct()
    if after is not None:
        statement = statement.where(Checkpoint.prompt_id > after)
    return (await tx.execute(statement.order_by(Checkpoint.prompt_id).limit(limit))).scalars().all()


async def when_taken(
    tx: AsyncSession, prompt_ids: Sequence[UUID], before: datetime, limit: int
) -> Sequence[Any]:
    """Checkpoints from `before` of these: room, id and time, each room's newest first.

    Not those that a restoring took: they hold edits that nothing later has.
    """
    room = (Checkpoint.prompt_id, Checkpoint.room_id)
    latest = (Checkpoint.created_at.desc(), Checkpoint.id.desc())
    place = func.row_number().over(partition_by=room, order_by=latest).label("place")
    # unscoped: a job thins the history of all workspaces
    taken = select(*room, Checkpoint.id, Checkpoint.created_at, place).where(
        Checkpoint.prompt_id.in_(prompt_ids),
        *(Checkpoint.created_at < before, Checkpoint.reason != "restore"),
    )
    each = taken.subquery().c
    few = select(each.room_id, each.id, each.created_at).where(each.place <= limit)
    return (await tx.execute(few.order_by(each.prompt_id, each.room_id, each.place))).all()


async def drop_checkpoints(tx: AsyncSession, ids: Sequence[UUID]) -> None:
    # unscoped: a job thins the history of all workspaces
    await tx.execute(delete(Checkpoint).where(Checkpoint.id.in_(ids)))


async def room(tx: AsyncSession, room_id: UUID) -> Branch | None:
    """The branch behind a room, for what the server does by itself."""
    return await tx.get(Branch, room_id)  # unscoped: the engine acts for everyone in the room


async def newest_numbers(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> dict[UUID, int]:
    statement = within(
        select(Version.prompt_id, func.max(Version.number)).where(
            Version.prompt_id.in_(prompt_ids)
        ),
        where,
        Version,
    ).group_by(Version.prompt_id)
    return {row[0]: row[1] for row in await tx.execute(statement)}


def _numbers() -> Any:
    ids: Any = bindparam("ids", expanding=True)
    split = (Label.candidate, Label.share, Label.seed)
    label = select(Label.prompt_id, Label.name, Label.number, *split)
    newest = select(
        Version.prompt_id, null(), func.max(Version.number), null(), null(), null()
    ).group_by(Version.prompt_id)
    return union_all(
        within(label.where(Label.prompt_id.in_(ids)), GIVEN, Label),
        within(newest.where(Version.prompt_id.in_(ids)), GIVEN, Version),
    ).order_by(Label.name)


_NUMBERS = _numbers()


async def numbers_of(tx: AsyncSession, where: InWorkspace, ids: Sequence[UUID]) -> Sequence[Any]:
    """Of each prompt the versions that its labels name, by name, and, without one, the newest."""
    return await rows(tx, _NUMBERS, where, ids=ids)


def _without(model: Any, *names: str) -> list[Any]:
    """A list shows neither text nor CRDT state, which may be megabytes."""
    return [defer(getattr(model, name), raiseload=True) for name in names]
