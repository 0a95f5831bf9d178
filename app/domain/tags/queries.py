"""Every SQL statement about a workspace's tags as a whole."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from app.access.tenancy import InWorkspace, within
from app.domain.prompts.models import Branch, Prompt, PromptTag


async def counts(
    tx: AsyncSession, where: InWorkspace, beyond: ColumnElement[bool], limit: int
) -> list[tuple[str, int]]:
    """Tags by name, and how many prompts have each, archived ones included."""
    statement = within(
        select(PromptTag.tag, func.count())
        .where(beyond)
        .group_by(PromptTag.tag)
        .order_by(PromptTag.tag),
        where,
        PromptTag,
    )
    return [(row[0], row[1]) for row in await tx.execute(statement.limit(limit))]


def after(tag: str | None) -> ColumnElement[bool]:
    return true() if tag is None else PromptTag.tag > tag


def since(tag: str) -> ColumnElement[bool]:
    return PromptTag.tag >= tag


async def count(tx: AsyncSession, where: InWorkspace, tag: str) -> int:
    statement = within(
        select(func.count()).select_from(PromptTag).where(PromptTag.tag == tag), where, PromptTag
    )
    return int((await tx.execute(statement)).scalar_one())


async def rooms_tagged(tx: AsyncSession, where: InWorkspace, tag: str) -> list[UUID]:
    """Rooms of the prompts with a tag, whose rows are held until the transaction ends."""
    statement = within(
        select(Branch.id)
        .join(Prompt, Prompt.id == Branch.prompt_id)
        .join(PromptTag, PromptTag.prompt_id == Prompt.id)
        .where(PromptTag.tag == tag)
        .order_by(Prompt.id),
        where,
        Prompt,
        Branch,
        PromptTag,
    )
    return list((await tx.execute(statement.with_for_update(of=Prompt))).scalars())


async def rename(tx: AsyncSession, where: InWorkspace, old: str, new: str) -> None:
    """Put `new` in the place of `old`; a prompt that has both keeps one."""
    have_new = within(select(PromptTag.prompt_id).where(PromptTag.tag == new), where, PromptTag)
    doubled = within(
        delete(PromptTag).where(PromptTag.tag == old, PromptTag.prompt_id.in_(have_new)),
        where,
        PromptTag,
    )
    await tx.execute(doubled.execution_options(synchronize_session=False))
    renamed = within(
        update(PromptTag).where(PromptTag.tag == old).values(tag=new), where, PromptTag
    )
    await tx.execute(renamed.execution_options(synchronize_session=False))


async def remove(tx: AsyncSession, where: InWorkspace, tag: str) -> None:
    statement = within(delete(PromptTag).where(PromptTag.tag == tag), where, PromptTag)
    await tx.execute(statement.execution_options(synchronize_session=False))
