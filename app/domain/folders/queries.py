"""Every SQL statement about folders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from app.access.tenancy import InWorkspace, within
from app.domain.folders.models import Folder
from app.domain.prompts.models import Branch, Prompt


@dataclass(frozen=True, slots=True)
class Lying:
    """A prompt as it lies in a folder."""

    room_id: UUID
    prompt_id: UUID
    folder: str
    length: int  # of that path, as the database counts


def _in_or_below(column: Any, path: str) -> ColumnElement[bool]:
    """Not LIKE, which on SQLite takes Support for support."""
    below: ColumnElement[bool] = func.substr(column, 1, len(path) + 1) == f"{path}/"
    return or_(column == path, below)


async def counts(tx: AsyncSession, where: InWorkspace) -> list[tuple[str, int]]:
    """Folders with prompts that are not archived, and how many lie in each itself.

    All of them, like `made`: where a folder stands in the tree, and how much is below it, only
    shows from the whole.
    """
    statement = within(
        select(Prompt.folder, func.count()).where(
            Prompt.folder != "", Prompt.archived_at.is_(None)
        ),
        where,
        Prompt,
    )
    grouped = statement.group_by(Prompt.folder).order_by(Prompt.folder)
    return [(row[0], row[1]) for row in await tx.execute(grouped)]


async def made(tx: AsyncSession, where: InWorkspace) -> Sequence[str]:
    statement = within(select(Folder.path).order_by(Folder.path), where, Folder)
    return (await tx.execute(statement)).scalars().all()


async def made_within(tx: AsyncSession, where: InWorkspace, path: str) -> Sequence[Folder]:
    statement = within(select(Folder).where(_in_or_below(Folder.path, path)), where, Folder)
    return (await tx.execute(statement)).scalars().all()


async def lying_within(tx: AsyncSession, where: InWorkspace, path: str) -> list[Lying]:
    """The prompts in a folder or below it, archived ones too.

    Their rows are held until the transaction ends.
    """
    statement = within(
        select(Branch.id, Prompt.id, Prompt.folder, func.length(Prompt.folder))
        .join(Prompt, Prompt.id == Branch.prompt_id)
        .where(_in_or_below(Prompt.folder, path))
        .order_by(Prompt.id),
        where,
        Prompt,
        Branch,
    )
    return [Lying(*row) for row in await tx.execute(statement.with_for_update(of=Prompt))]


async def is_used(tx: AsyncSession, where: InWorkspace, path: str) -> bool:
    """Whether a prompt, archived or not, lies in the folder or below it."""
    statement = within(select(Prompt.id).where(_in_or_below(Prompt.folder, path)), where, Prompt)
    return (await tx.execute(statement.limit(1))).scalar_one_or_none() is not None


async def move_prompts(tx: AsyncSession, where: InWorkspace, old: str, new: str) -> None:
    """Those in `old` and below it, in one statement; `new` "" = out of any folder."""
    rest = func.substr(Prompt.folder, len(old) + (1 if new else 2))
    statement = within(
        update(Prompt)
        .where(_in_or_below(Prompt.folder, old))
        .values(folder=literal(new).concat(rest)),
        where,
        Prompt,
    )
    await tx.execute(statement.execution_options(synchronize_session=False))


async def forget_within(tx: AsyncSession, where: InWorkspace, path: str) -> None:
    statement = within(delete(Folder).where(_in_or_below(Folder.path, path)), where, Folder)
    await tx.execute(statement.execution_options(synchronize_session=False))


async def make(
    tx: AsyncSession, where: InWorkspace, folders: Iterable[tuple[str, str, datetime]]
) -> None:
    """Insert (path, created_by, created_at); under the lock, so none of them is there."""
    rows = [
        {"workspace_id": where.workspace_id, "path": path, "created_by": by, "created_at": at}
        for path, by, at in folders
    ]
    if rows:
        # unscoped: the rows carry the workspace themselves
        await tx.execute(insert(Folder), rows)
