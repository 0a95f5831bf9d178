"""Every SQL statement of exchange."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from app.access.tenancy import InWorkspace, within
from app.db.base import Model
from app.domain.prompts.models import Branch, OldName, Prompt, PromptTag
from app.domain.rooms.models import JournalEntry, Snapshot
from app.domain.versions.models import Label, LabelMove, Version


async def count(tx: AsyncSession, where: InWorkspace) -> int:
    statement = within(select(func.count()).select_from(Prompt), where, Prompt)
    return int((await tx.execute(statement)).scalar_one())


async def after(tx: AsyncSession, where: InWorkspace, name: str, limit: int) -> Sequence[Prompt]:
    """Prompts by name, archived ones, too; those that follow `name`."""
    statement = within(
        select(Prompt).where(Prompt.name > name).order_by(Prompt.name).limit(limit), where, Prompt
    )
    return (await tx.execute(statement)).scalars().all()


async def named(tx: AsyncSession, where: InWorkspace, names: Sequence[str]) -> Sequence[Prompt]:
    statement = within(select(Prompt).where(Prompt.name.in_(names)), where, Prompt)
    return (await tx.execute(statement)).scalars().all()


async def old_names_taken(tx: AsyncSession, where: InWorkspace, names: Sequence[str]) -> set[str]:
    statement = within(select(OldName.name).where(OldName.name.in_(names)), where, OldName)
    return set((await tx.execute(statement)).scalars())


async def give_up(tx: AsyncSession, where: InWorkspace, names: Sequence[str]) -> None:
    """A name that a prompt gets now is nobody's old name any more."""
    await tx.execute(within(delete(OldName).where(OldName.name.in_(names)), where, OldName))


async def branches(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> dict[UUID, list[Branch]]:
    statement = within(
        select(Branch).where(Branch.prompt_id.in_(prompt_ids)).order_by(Branch.name), where, Branch
    )
    return _grouped((await tx.execute(statement)).scalars())


async def tags(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> dict[UUID, list[PromptTag]]:
    statement = within(
        select(PromptTag).where(PromptTag.prompt_id.in_(prompt_ids)).order_by(PromptTag.tag),
        where,
        PromptTag,
    )
    return _grouped((await tx.execute(statement)).scalars())


async def labels(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> dict[UUID, list[Label]]:
    statement = within(
        select(Label).where(Label.prompt_id.in_(prompt_ids)).order_by(Label.name), where, Label
    )
    return _grouped((await tx.execute(statement)).scalars())


async def moves(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> dict[UUID, list[LabelMove]]:
    statement = within(
        select(LabelMove)
        .where(LabelMove.prompt_id.in_(prompt_ids))
        .order_by(LabelMove.moved_at, LabelMove.id),
        where,
        LabelMove,
    )
    return _grouped((await tx.execute(statement)).scalars())


async def old_names(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> dict[UUID, list[OldName]]:
    statement = within(
        select(OldName).where(OldName.prompt_id.in_(prompt_ids)).order_by(OldName.name),
        where,
        OldName,
    )
    return _grouped((await tx.execute(statement)).scalars())


async def versions(tx: AsyncSession, where: InWorkspace, prompt_id: UUID) -> Sequence[Version]:
    """All of a prompt's, without the CRDT's state."""
    columns = (
        Version.number,
        Version.room_id,
        Version.text,
        Version.config,
        Version.variables,
        Version.template_format,
        Version.message,
        Version.author,
        Version.contributors,
        Version.restored_from,
        Version.created_at,
    )
    statement = within(
        select(Version)
        .options(load_only(*columns, raiseload=True))
        .where(Version.prompt_id == prompt_id)
        .order_by(Version.number),
        where,
        Version,
    )
    return (await tx.execute(statement)).scalars().all()


async def version_hashes(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> dict[UUID, list[Any]]:
    """What is said about the versions, with a hash of what they say."""
    statement = within(
        select(
            Version.prompt_id,
            Version.number,
            Version.room_id,
            Version.content_sha256,
            Version.message,
            Version.author,
            Version.contributors,
            Version.restored_from,
            Version.created_at,
        )
        .where(Version.prompt_id.in_(prompt_ids))
        .order_by(Version.prompt_id, Version.number),
        where,
        Version,
    )
    return _grouped(await tx.execute(statement))


async def snapshots(tx: AsyncSession, room_ids: Sequence[UUID]) -> dict[UUID, Snapshot]:
    """By room; the rooms were found within a workspace."""
    statement = select(Snapshot).where(Snapshot.document_id.in_(room_ids))
    return {one.document_id: one for one in (await tx.execute(statement)).scalars()}


async def journal(tx: AsyncSession, room_ids: Sequence[UUID]) -> dict[UUID, list[bytes]]:
    """What was written since the snapshots, in order."""
    statement = (
        select(JournalEntry.document_id, JournalEntry.update)
        .join(Snapshot, Snapshot.document_id == JournalEntry.document_id)
        .where(JournalEntry.document_id.in_(room_ids), JournalEntry.seq > Snapshot.upto_seq)
        .order_by(JournalEntry.document_id, JournalEntry.seq)
    )
    found: dict[UUID, list[bytes]] = defaultdict(list)
    for room_id, update in await tx.execute(statement):
        found[room_id].append(update)
    return found


async def insert_all(tx: AsyncSession, rows: Iterable[Model]) -> None:
    """One statement for each table, in the order in which they first appear."""
    by_table: dict[type[Model], list[dict[str, Any]]] = {}
    for row in rows:
        values = {k: v for k, v in vars(row).items() if not k.startswith("_sa_")}
        by_table.setdefault(type(row), []).append(values)
    for table, of_table in by_table.items():
        # unscoped: the rows carry the workspace themselves
        await tx.execute(insert(table), of_table)


def _grouped(rows: Iterable[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.prompt_id].append(row)
    return found
