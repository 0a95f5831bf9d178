"""Every SQL statement about the demo: whole batches of rows in, and all of them out again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace, within
from app.db.base import Model
from app.domain.accounts.models import User
from app.domain.composition.models import Acknowledgement, Inclusion
from app.domain.inbox.models import Follow, Notice
from app.domain.prompts.models import Activity, Branch, OldName, Prompt, PromptTag
from app.domain.rooms.models import Document
from app.domain.threads.models import Comment, Mention, Reaction, Thread, ThreadRead
from app.domain.versions.models import Checkpoint, Label, LabelMove, Version
from app.domain.workspaces.models import Member, Workspace


async def workspace(tx: AsyncSession, slug: str) -> UUID | None:
    statement = select(Workspace.id).where(Workspace.slug == slug)
    return (await tx.execute(statement)).scalar_one_or_none()


async def count(tx: AsyncSession, where: InWorkspace) -> int:
    statement = within(select(func.count()).select_from(Prompt), where, Prompt)
    return int((await tx.execute(statement)).scalar_one())


async def taken(tx: AsyncSession, emails: Sequence[str]) -> str | None:
    """One of `emails` that somebody has already."""
    statement = select(User.email).where(User.email.in_(emails)).order_by(User.email).limit(1)
    return (await tx.execute(statement)).scalar_one_or_none()


async def person(tx: AsyncSession, email: str) -> UUID | None:
    return (await tx.execute(select(User.id).where(User.email == email))).scalar_one_or_none()


async def insert_all(tx: AsyncSession, rows: Iterable[Model]) -> None:
    """One statement for each table, in the order in which they first appear."""
    by_table: dict[type[Model], list[dict[str, Any]]] = {}
    for row in rows:
        values = {k: v for k, v in vars(row).items() if not k.startswith("_sa_")}
        by_table.setdefault(type(row), []).append(values)
    for table, of_table in by_table.items():
        # unscoped: the rows carry the workspace themselves
        await tx.execute(insert(table), of_table)


async def remove(tx: AsyncSession, where: InWorkspace, people: Iterable[UUID]) -> None:
    """Everything in the workspace, table by table: a cascade would look for rows one by one."""
    for table in (
        Reaction,
        Mention,
        ThreadRead,
        Comment,
        Thread,
        Notice,
        Follow,
        Activity,
        OldName,
        Acknowledgement,
        Inclusion,
        Version,
        Checkpoint,
        Label,
        LabelMove,
        PromptTag,
        Branch,
        Prompt,
        Document,
    ):
        await tx.execute(within(delete(table), where, table))
    await tx.execute(within(delete(Member), where, Member))
    await tx.execute(delete(Workspace).where(Workspace.id == where.workspace_id))
    await tx.execute(delete(User).where(User.id.in_(list(people))))
