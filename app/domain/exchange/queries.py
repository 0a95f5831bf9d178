"""Every SQL statement of exchange."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from app.access.tenancy import InWorkspace, within
from app.db.base import Model
from app.domain.exchange.models import Import, ImportPiece
from app.domain.prompts.models import Branch, OldName, Prompt, PromptTag
from app.domain.rooms.models import JournalEntry, Snapshot
from app.domain.versions.models import Label, LabelMove, Version


async def count(tx: AsyncSession, where: InWorkspace) -> int:
    statement = within(select(func.count()).select_from(Prompt), where, Prompt)
    return int((await tx.execute(statement)).scalar_one())


async def after(
    tx: AsyncSession,
    where: InWorkspace,
    name: str,
    limit: int,
    only: Sequence[UUID] | None = None,
) -> Sequence[Prompt]:
    """Prompts by name, archived ones, too; those that follow `name`."""
    statement = within(
        select(Prompt).where(Prompt.name > name).order_by(Prompt.name).limit(limit), where, Prompt
    )
    if only is not None:
        statement = statement.where(Prompt.id.in_(only))
    return (await tx.execute(statement)).scalars().all()


async def named(tx: AsyncSession, where: InWorkspace, names: Sequence[str]) -> Sequence[Prompt]:
    statement = within(select(Prompt).where(Prompt.name.in_(names)), where, Prompt)
    return (await tx.execute(statement)).scalars().all()


async def old_names_taken(tx: AsyncSession, where: InWorkspace, names: Sequence[str]) -> set[str]:
    statement = within(select(OldName.name).where(OldName.name.in_(names)), where, OldName)
    return set((await tx.execute(statement)).scalars())


async def give_up(tx: AsyncSession, where: InWorkspace, names: Sequence[str]) -> None:
    """Names that prompts get now are nobody's old names any more."""
    if names:
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


async def versions(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, number: int | None = None
) -> Sequence[Version]:
    """All of a prompt's, or one, without the CRDT's state."""
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
    if number is not None:
        statement = statement.where(Version.number == number)
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
    for room_id, written in await tx.execute(statement):
        found[room_id].append(written)
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


# Imports that people begin on a page


async def import_of(
    tx: AsyncSession, where: InWorkspace, user_id: UUID, import_id: UUID
) -> Import | None:
    statement = select(Import).where(Import.id == import_id, Import.user_id == user_id)
    return (await tx.execute(within(statement, where, Import))).scalar_one_or_none()


async def imports_of(tx: AsyncSession, where: InWorkspace, user_id: UUID) -> Sequence[Import]:
    """Somebody's, the last first."""
    statement = select(Import).where(Import.user_id == user_id).order_by(Import.created_at.desc())
    return (await tx.execute(within(statement.limit(10), where, Import))).scalars().all()


async def forget_imports(
    tx: AsyncSession, where: InWorkspace, user_id: UUID, states: Sequence[str]
) -> None:
    statement = delete(Import).where(Import.user_id == user_id, Import.state.in_(states))
    await tx.execute(within(statement, where, Import))


async def change_import(
    tx: AsyncSession, where: InWorkspace, import_id: UUID, values: dict[str, Any]
) -> None:
    statement = update(Import).where(Import.id == import_id).values(values)
    await tx.execute(within(statement, where, Import))


async def claim_import(  # what makes it this process's
    tx: AsyncSession,
    where: InWorkspace,
    import_id: UUID,
    states: Sequence[str],
    silent_since: datetime,
    values: dict[str, Any],
) -> bool:
    """Whether it could be begun: nobody else does it, or whoever did has gone silent."""
    statement = (
        update(Import)
        .where(
            Import.id == import_id,
            or_(Import.state.in_(states), Import.beat_at < silent_since),
            Import.state != "done",
        )
        .values(values)
    )
    found: Any = await tx.execute(within(statement, where, Import))
    return bool(found.rowcount)


async def pieces(
    tx: AsyncSession, where: InWorkspace, import_id: UUID, after: int, limit: int
) -> Sequence[Any]:
    """Those that follow the one with the number `after`."""
    statement = (
        select(ImportPiece.number, ImportPiece.file, ImportPiece.data)
        .where(ImportPiece.import_id == import_id, ImportPiece.number > after)
        .order_by(ImportPiece.number)
        .limit(limit)
    )
    return (await tx.execute(within(statement, where, ImportPiece))).all()


async def drop_pieces(tx: AsyncSession, where: InWorkspace, import_id: UUID) -> None:
    statement = delete(ImportPiece).where(ImportPiece.import_id == import_id)
    await tx.execute(within(statement, where, ImportPiece))


async def drop_import(tx: AsyncSession, where: InWorkspace, import_id: UUID) -> None:
    await tx.execute(within(delete(Import).where(Import.id == import_id), where, Import))


async def drop_old_imports(tx: AsyncSession, before: datetime, limit: int) -> int:
    old = select(Import.id).where(Import.created_at < before).limit(limit)  # unscoped: all run out
    found: Any = await tx.execute(
        delete(Import).where(Import.id.in_(old))  # unscoped: of every workspace
    )
    return int(found.rowcount)


def _grouped(rows: Iterable[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.prompt_id].append(row)
    return found
