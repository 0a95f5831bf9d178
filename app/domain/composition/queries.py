"""Every SQL statement about what includes what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.access.tenancy import InWorkspace, within
from app.domain.composition.given.queries import is_given, newest
from app.domain.composition.models import Acknowledgement, Inclusion
from app.domain.prompts.models import OldName, Prompt
from app.domain.versions.models import Label, LabelMove, Version

MANY = 1000  # dependants; nobody counts on

# Keeping


async def live(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Collection[UUID]
) -> dict[UUID, set[tuple[str, str]]]:
    """What live texts include, as far as it is kept."""
    statement = within(
        select(Inclusion.prompt_id, Inclusion.name, Inclusion.label).where(
            Inclusion.prompt_id.in_(prompt_ids), Inclusion.number == 0
        ),
        where,
        Inclusion,
    )
    found: dict[UUID, set[tuple[str, str]]] = defaultdict(set)
    for prompt_id, name, label in await tx.execute(statement):
        found[prompt_id].add((name, label))
    return found


async def drop_live(tx: AsyncSession, where: InWorkspace, prompt_ids: Collection[UUID]) -> None:
    statement = delete(Inclusion).where(Inclusion.prompt_id.in_(prompt_ids), Inclusion.number == 0)
    await tx.execute(within(statement, where, Inclusion))


async def add(tx: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        # unscoped: the rows carry the workspace themselves
        await tx.execute(insert(Inclusion), rows)


# Names


async def names_of(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Collection[UUID]
) -> dict[UUID, list[str]]:
    """By which names prompts are asked for: the present one first, then those of before."""
    now = within(select(Prompt.id, Prompt.name).where(Prompt.id.in_(prompt_ids)), where, Prompt)
    before = within(
        select(OldName.prompt_id, OldName.name).where(OldName.prompt_id.in_(prompt_ids)),
        where,
        OldName,
    )
    found: dict[UUID, list[str]] = defaultdict(list)
    for statement in (now, before):
        for prompt_id, name in await tx.execute(statement):
            found[prompt_id].append(name)
    return found


async def called(
    tx: AsyncSession, where: InWorkspace, names: Collection[str]
) -> dict[str, tuple[UUID, str, str]]:
    """Id, name and title of the prompt that answers to each of `names`."""
    now = within(
        select(Prompt.name, Prompt.id, Prompt.name, Prompt.title).where(Prompt.name.in_(names)),
        where,
        Prompt,
    )
    before = within(
        select(OldName.name, Prompt.id, Prompt.name, Prompt.title)
        .join(Prompt, Prompt.id == OldName.prompt_id)
        .where(OldName.name.in_(names)),
        where,
        OldName,
        Prompt,
    )
    found = {row[0]: (row[1], row[2], row[3]) for row in await tx.execute(before)}
    return found | {row[0]: (row[1], row[2], row[3]) for row in await tx.execute(now)}


# Where something is used


def _is_current() -> ColumnElement[bool]:
    """In the live text, in the newest version, or in one that a label gives to programs."""
    return or_(Inclusion.number == 0, is_given(Inclusion.prompt_id, Inclusion.number))


async def dependants(
    tx: AsyncSession, where: InWorkspace, names: Collection[str], after: str, limit: int
) -> Sequence[Any]:
    """Prompts that include one of `names` now, in the order of their names, after a name."""
    includes = within(
        select(Inclusion.prompt_id).where(Inclusion.name.in_(names), _is_current()),
        where,
        Inclusion,
    )
    # Few are found by what they include; of very many the first ones are found by their own name.
    few = len(await users_in_versions(tx, where, names, MANY)) < MANY
    here = includes.where(Inclusion.prompt_id == Prompt.id).correlate(Prompt).exists()
    statement = within(
        select(Prompt.id, Prompt.name, Prompt.title, Prompt.archived_at).where(
            Prompt.id.in_(includes) if few else here, Prompt.name > after
        ),
        where,
        Prompt,
    )
    return (await tx.execute(statement.order_by(Prompt.name).limit(limit))).all()


async def outdated(
    tx: AsyncSession, where: InWorkspace, names: Collection[str], after: str, limit: int
) -> Sequence[Any]:
    """Prompts whose live text includes one of `names`, in the order of theirs, after a name."""
    includes = within(
        select(Inclusion.prompt_id).where(Inclusion.name.in_(names), Inclusion.number == 0),
        where,
        Inclusion,
    )
    statement = within(
        select(Prompt.id, Prompt.name, Prompt.title).where(
            Prompt.id.in_(includes), Prompt.name > after
        ),
        where,
        Prompt,
    )
    return (await tx.execute(statement.order_by(Prompt.name).limit(limit))).all()


async def count_dependants(tx: AsyncSession, where: InWorkspace, names: Collection[str]) -> int:
    """How many they are; `MANY` at most."""
    found = within(
        select(Inclusion.prompt_id)
        .where(Inclusion.name.in_(names), _is_current())
        .distinct()
        .limit(MANY),
        where,
        Inclusion,
    )
    # unscoped: counts what was narrowed above
    return (await tx.execute(select(func.count()).select_from(found.subquery()))).scalar_one()


async def uses(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Collection[UUID], names: Collection[str]
) -> Sequence[Any]:
    """Where in these prompts one of `names` is included now; the newest version's number, too."""
    statement = within(
        select(
            Inclusion.prompt_id,
            Inclusion.number,
            Inclusion.name,
            Inclusion.label,
            newest(Inclusion.prompt_id).label("newest"),
        )
        .where(Inclusion.prompt_id.in_(prompt_ids), Inclusion.name.in_(names), _is_current())
        .order_by(Inclusion.number, Inclusion.name, Inclusion.label),
        where,
        Inclusion,
    )
    return (await tx.execute(statement)).all()


async def users_in_versions(
    tx: AsyncSession, where: InWorkspace, names: Collection[str], limit: int
) -> list[UUID]:
    """Prompts of which any version, however old, includes one of `names`."""
    statement = within(
        select(Inclusion.prompt_id)
        .where(Inclusion.name.in_(names), Inclusion.number > 0)
        .distinct()
        .limit(limit),
        where,
        Inclusion,
    )
    return list((await tx.execute(statement)).scalars())


async def labels_of(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Collection[UUID]
) -> dict[UUID, dict[str, int]]:
    """Which version each label stands on."""
    return await _numbers(tx, where, prompt_ids, Label.number)


async def candidates_of(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Collection[UUID]
) -> dict[UUID, dict[str, int]]:
    """Which version labels that split give to some."""
    return await _numbers(tx, where, prompt_ids, Label.candidate)


async def _numbers(
    tx: AsyncSession,
    where: InWorkspace,
    prompt_ids: Collection[UUID],
    column: InstrumentedAttribute[Any],
) -> dict[UUID, dict[str, int]]:
    statement = within(
        select(Label.prompt_id, Label.name, column)
        .where(Label.prompt_id.in_(prompt_ids), column.is_not(None))
        .order_by(Label.name),
        where,
        Label,
    )
    found: dict[UUID, dict[str, int]] = defaultdict(dict)
    for prompt_id, name, number in await tx.execute(statement):
        found[prompt_id][name] = number
    return found


async def includes(tx: AsyncSession, where: InWorkspace, prompt_id: UUID, number: int) -> bool:
    """Whether a version includes anything."""
    statement = within(
        select(Inclusion.name)
        .where(Inclusion.prompt_id == prompt_id, Inclusion.number == number)
        .limit(1),
        where,
        Inclusion,
    )
    return (await tx.execute(statement)).first() is not None


async def newest_of(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Collection[UUID]
) -> dict[UUID, int]:
    statement = within(
        select(Version.prompt_id, func.max(Version.number))
        .where(Version.prompt_id.in_(prompt_ids))
        .group_by(Version.prompt_id),
        where,
        Version,
    )
    return {row[0]: row[1] for row in await tx.execute(statement)}


async def included_by(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, limit: int
) -> Sequence[Any]:
    """What the prompt itself includes now, as `uses`."""
    statement = within(
        select(
            Inclusion.number,
            Inclusion.name,
            Inclusion.label,
            newest(Inclusion.prompt_id).label("newest"),
        )
        .where(Inclusion.prompt_id == prompt_id, _is_current())
        .order_by(Inclusion.name, Inclusion.label, Inclusion.number)
        .limit(limit),
        where,
        Inclusion,
    )
    return (await tx.execute(statement)).all()


# What changed since


async def last_release(tx: AsyncSession, where: InWorkspace, prompt_id: UUID) -> datetime | None:
    """When the prompt was released or looked after last; None = it never was released."""
    made = within(select(Version.created_at).where(Version.prompt_id == prompt_id), where, Version)
    moved = within(
        select(LabelMove.moved_at).where(LabelMove.prompt_id == prompt_id), where, LabelMove
    )
    seen = within(
        select(Acknowledgement.at).where(Acknowledgement.prompt_id == prompt_id),
        where,
        Acknowledgement,
    )
    published = made.order_by(Version.number.desc()).limit(1)
    newest = (await tx.execute(published)).scalar_one_or_none()
    if newest is None:
        return None
    last = (await tx.execute(moved.order_by(LabelMove.moved_at.desc()).limit(1))).scalar()
    return max(newest, last or newest, (await tx.execute(seen)).scalar() or newest)


async def moves_since(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Collection[UUID], since: datetime
) -> Sequence[LabelMove]:
    """How labels were moved, the latest first."""
    moves = within(
        select(LabelMove).where(LabelMove.prompt_id.in_(prompt_ids), LabelMove.moved_at > since),
        where,
        LabelMove,
    )
    return (await tx.execute(moves.order_by(LabelMove.moved_at.desc()).limit(200))).scalars().all()


async def published_since(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Collection[UUID], since: datetime
) -> Sequence[Any]:
    """Prompt, number and time of versions, the latest first."""
    made = within(
        select(Version.prompt_id, Version.number, Version.created_at).where(
            Version.prompt_id.in_(prompt_ids), Version.created_at > since
        ),
        where,
        Version,
    )
    return (await tx.execute(made.order_by(Version.created_at.desc()).limit(200))).all()


async def acknowledge(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, at: datetime, actor: str
) -> None:
    """The prompt's row is locked."""
    gone = delete(Acknowledgement).where(Acknowledgement.prompt_id == prompt_id)
    await tx.execute(within(gone, where, Acknowledgement))
    tx.add(
        Acknowledgement(prompt_id=prompt_id, workspace_id=where.workspace_id, at=at, actor=actor)
    )
    await tx.flush()
