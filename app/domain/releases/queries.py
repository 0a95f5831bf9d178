"""Every SQL statement about what is released, and about the log of changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.access.tenancy import InWorkspace, within
from app.domain.prompts.models import OldName, Prompt
from app.domain.releases.models import Change
from app.domain.releases.selector import LARGEST
from app.domain.versions.models import Label, Version
from app.domain.workspaces.models import Workspace
from app.kit.rollouts import Rollout

_CHANGE = (
    *("seq", "mark", "kind", "prompt_id", "label", "number", "old_name", "at"),
    *("candidate", "share"),
)


@dataclass(slots=True)
class Standing:
    """Where the labels of a prompt are."""

    prompt_id: UUID
    name: str  # as it is now
    newest: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    rollouts: dict[str, Rollout] = field(default_factory=dict)  # of labels that split
    renamed_at: datetime | None = None  # asked for by an old name: since when it has this one


async def standings(
    tx: AsyncSession, where: InWorkspace, names: Collection[str]
) -> dict[str, Standing]:
    """By the name asked for; a name that a prompt had before is that prompt's."""
    found = {row.name: Standing(row.id, row.name) for row in await _named(tx, where, names)}
    if missing := set(names) - found.keys():
        found |= await _renamed(tx, where, missing)
    by_id: defaultdict[UUID, list[Standing]] = defaultdict(list)
    for standing in found.values():
        by_id[standing.prompt_id].append(standing)
    newest = within(
        select(Version.prompt_id, func.max(Version.number))
        .where(Version.prompt_id.in_(by_id))
        .group_by(Version.prompt_id),
        where,
        Version,
    )
    for prompt_id, number in await tx.execute(newest):
        for standing in by_id[prompt_id]:
            standing.newest = number
    labels = within(select(Label).where(Label.prompt_id.in_(by_id)), where, Label)
    for label in (await tx.execute(labels)).scalars():
        for standing in by_id[label.prompt_id]:
            standing.labels[label.name] = label.number
            if label.rollout is not None:
                standing.rollouts[label.name] = label.rollout
    return found


async def _named(tx: AsyncSession, where: InWorkspace, names: Collection[str]) -> Sequence[Any]:
    statement = within(select(Prompt.id, Prompt.name).where(Prompt.name.in_(names)), where, Prompt)
    return (await tx.execute(statement)).all()


async def _renamed(
    tx: AsyncSession, where: InWorkspace, names: Collection[str]
) -> dict[str, Standing]:
    statement = within(
        select(OldName.name, Prompt.id, Prompt.name, OldName.renamed_at)
        .join(Prompt, Prompt.id == OldName.prompt_id)
        .where(OldName.name.in_(names)),
        where,
        OldName,
        Prompt,
    )
    rows = await tx.execute(statement)
    return {row[0]: Standing(row[1], row[2], renamed_at=row[3]) for row in rows}


async def texts(
    tx: AsyncSession, where: InWorkspace, wanted: Collection[tuple[UUID, int]]
) -> dict[tuple[UUID, int], Any]:
    """What versions hold, as plain rows, by prompt and number."""
    possible = [one for one in wanted if 0 < one[1] <= LARGEST]
    statement = within(
        select(
            Version.prompt_id,
            Version.number,
            Version.text,
            Version.config,
            Version.variables,
            Version.template_format,
            Version.created_at,
        ).where(tuple_(Version.prompt_id, Version.number).in_(possible)),
        where,
        Version,
    )
    return {(row.prompt_id, row.number): row for row in await tx.execute(statement)}


async def lengths(
    tx: AsyncSession, where: InWorkspace, wanted: Collection[tuple[UUID, int]]
) -> dict[tuple[UUID, int], int]:
    """How many characters the texts of versions have, by prompt and number."""
    statement = within(
        select(Version.prompt_id, Version.number, func.length(Version.text)).where(
            tuple_(Version.prompt_id, Version.number).in_(list(wanted))
        ),
        where,
        Version,
    )
    return {(row[0], row[1]): row[2] for row in await tx.execute(statement)}


async def labelled(
    tx: AsyncSession, where: InWorkspace, label: str, after: str, limit: int
) -> list[str]:
    """Names of the prompts that have a label, in their order, after a name."""
    statement = within(
        select(Prompt.name)
        .join(Label, Label.prompt_id == Prompt.id)
        .where(Label.name == label, Prompt.name > after),
        where,
        Prompt,
        Label,
    )
    return list((await tx.execute(statement.order_by(Prompt.name).limit(limit))).scalars())


async def published(tx: AsyncSession, where: InWorkspace, after: str, limit: int) -> list[str]:
    """Names of the prompts that have any version, in their order, after a name."""
    has_version = (
        select(Version.id).where(Version.prompt_id == Prompt.id).exists()  # unscoped: its prompt's
    )
    statement = within(select(Prompt.name).where(has_version, Prompt.name > after), where, Prompt)
    return list((await tx.execute(statement.order_by(Prompt.name).limit(limit))).scalars())


async def head(tx: AsyncSession, where: InWorkspace) -> int:
    """The number of the newest change; 0 before the first."""
    statement = within(select(func.max(Change.seq)), where, Change)
    return (await tx.execute(statement)).scalar_one() or 0


async def heads(tx: AsyncSession, workspace_ids: Collection[UUID]) -> dict[UUID, int]:
    """The same of several workspaces; one that is gone is left out."""
    newest = (
        # unscoped: this worker looks after all workspaces that it keeps something of
        select(func.max(Change.seq)).where(Change.workspace_id == Workspace.id).scalar_subquery()
    )
    # unscoped: as above
    statement = select(Workspace.id, newest).where(Workspace.id.in_(workspace_ids))
    return {row[0]: row[1] or 0 for row in await tx.execute(statement)}


async def since(
    tx: AsyncSession, where: InWorkspace, seq: int, limit: int, upto: int | None = None
) -> Sequence[Any]:
    """Changes after number `seq`, in their order, each with the prompt's name."""
    now = within(select(Prompt.name).where(Prompt.id == Change.prompt_id), where, Prompt, Change)
    name = func.coalesce(Change.name, now.scalar_subquery(), "").label("name")
    columns = (getattr(Change, one) for one in _CHANGE)
    statement = within(select(*columns, name).where(Change.seq > seq), where, Change)
    if upto is not None:
        statement = statement.where(Change.seq <= upto)
    return (await tx.execute(statement.order_by(Change.seq).limit(limit))).all()


async def is_kept(tx: AsyncSession, where: InWorkspace, seq: int, mark: str) -> bool:
    """Whether the log still has the very row that somebody saw last."""
    statement = within(select(Change.mark).where(Change.seq == seq), where, Change)
    return (await tx.execute(statement)).scalar_one_or_none() == mark


async def last_mark(tx: AsyncSession, where: InWorkspace, seq: int) -> str:
    statement = within(select(Change.mark).where(Change.seq == seq), where, Change)
    return (await tx.execute(statement)).scalar_one_or_none() or ""


async def forget_old(tx: AsyncSession, before: datetime, limit: int) -> int:
    """Drop changes from before a time, but the newest of each workspace: it holds the count."""
    newer = aliased(Change)
    # unscoped: a job shortens the log of all workspaces
    has_newer = select(newer.seq).where(
        newer.workspace_id == Change.workspace_id, newer.seq > Change.seq
    )
    # unscoped: as above
    old = select(Change.workspace_id, Change.seq).where(Change.at < before, has_newer.exists())
    rows = (await tx.execute(old.limit(limit))).all()
    if rows:
        each = [and_(Change.workspace_id == row[0], Change.seq == row[1]) for row in rows]
        # unscoped: as above
        await tx.execute(delete(Change).where(or_(*each)))
    return len(rows)
