"""Every SQL statement about threads and comments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, delete, exists, func, or_, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from app.access.principal import Principal
from app.access.tenancy import InWorkspace, within
from app.domain.accounts.models import User
from app.domain.prompts.models import Branch
from app.domain.threads.models import Comment, Mention, Reaction, Thread, ThreadRead
from app.domain.threads.policy import OPEN, RESOLVED, Filter
from app.domain.workspaces.models import Member

MAIN = "main"  # threads are on the main branch

# Threads


async def room_of(tx: AsyncSession, where: InWorkspace, prompt_id: UUID) -> UUID | None:
    """The room of a prompt's main branch; none when there is no such prompt here."""
    statement = within(
        select(Branch.id).where(Branch.prompt_id == prompt_id, Branch.name == MAIN), where, Branch
    )
    return (await tx.execute(statement)).scalar_one_or_none()


async def thread(
    tx: AsyncSession, where: InWorkspace, thread_id: UUID, *, fresh: bool = False
) -> Thread | None:
    """Fresh = as it is now, whatever of it this transaction has read before."""
    statement = within(select(Thread).where(Thread.id == thread_id), where, Thread)
    if fresh:
        statement = statement.execution_options(populate_existing=True)
    return (await tx.execute(statement)).scalar_one_or_none()


async def listed(
    tx: AsyncSession, caller: Principal, prompt_id: UUID, which: Filter, span: tuple[int, int]
) -> Sequence[Thread]:
    """Threads with numbers below the first of `span`, the newest first, as many as the second."""
    below, limit = span
    statement = within(
        select(Thread).where(
            Thread.prompt_id == prompt_id, Thread.number < below, _is(which, caller)
        ),
        caller,
        Thread,
    )
    return (await tx.execute(statement.order_by(Thread.number.desc()).limit(limit))).scalars().all()


async def these(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, thread_ids: Sequence[UUID]
) -> Sequence[Thread]:
    statement = within(
        select(Thread).where(Thread.prompt_id == prompt_id, Thread.id.in_(thread_ids)),
        where,
        Thread,
    )
    return (await tx.execute(statement.order_by(Thread.number))).scalars().all()


async def anchored(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, limit: int
) -> Sequence[Thread]:
    """Open threads on words, in the order in which they were started."""
    statement = within(
        select(Thread).where(
            Thread.prompt_id == prompt_id, Thread.state == OPEN, Thread.quote != ""
        ),
        where,
        Thread,
    )
    return (await tx.execute(statement.order_by(Thread.number).limit(limit))).scalars().all()


async def counted(tx: AsyncSession, caller: Principal, prompt_id: UUID) -> tuple[int, int, int]:
    """How many threads are open, are open with the caller in them, and are resolved."""
    statement = within(
        select(
            func.count().filter(_is("open", caller)),
            func.count().filter(_is("mine", caller)),
            func.count().filter(_is("resolved", caller)),
        )
        .select_from(Thread)
        .where(Thread.prompt_id == prompt_id),
        caller,
        Thread,
    )
    row = (await tx.execute(statement)).one()
    return row[0], row[1], row[2]


async def count_open(tx: AsyncSession, where: InWorkspace, prompt_id: UUID) -> int:
    statement = within(
        select(func.count()).where(Thread.prompt_id == prompt_id, Thread.state == OPEN),
        where,
        Thread,
    )
    return int((await tx.execute(statement)).scalar_one())


async def last_thread(tx: AsyncSession, where: InWorkspace, prompt_id: UUID) -> int:
    """The highest number on a prompt, 0 without threads."""
    statement = within(
        select(func.coalesce(func.max(Thread.number), 0)).where(Thread.prompt_id == prompt_id),
        where,
        Thread,
    )
    return int((await tx.execute(statement)).scalar_one())


async def remove_thread(tx: AsyncSession, where: InWorkspace, thread_id: UUID) -> None:
    """With everything in it, by the foreign keys."""
    await tx.execute(within(delete(Thread).where(Thread.id == thread_id), where, Thread))


def _is(which: Filter, caller: Principal) -> ColumnElement[bool]:
    if which == "all":
        return true()
    if which == "resolved":
        return Thread.state == RESOLVED
    return Thread.state == OPEN if which == "open" else and_(Thread.state == OPEN, _is_in(caller))


def _is_in(caller: Principal) -> ColumnElement[bool]:
    """Whether the caller has written in a thread or is named in it."""
    wrote = exists(
        within(
            select(Comment.id).where(
                Comment.thread_id == Thread.id,
                Comment.author == caller.actor,
                Comment.deleted_at.is_(None),
            ),
            caller,
            Comment,
            Thread,
        )
    )
    if caller.user_id is None:
        return wrote
    named = within(
        select(Mention.comment_id).where(
            Mention.thread_id == Thread.id, Mention.user_id == caller.user_id
        ),
        caller,
        Mention,
        Thread,
    )
    return or_(wrote, exists(named))


# Comments


async def comment(tx: AsyncSession, where: InWorkspace, comment_id: UUID) -> Comment | None:
    """As it is now, whatever of it this transaction has read before."""
    statement = within(select(Comment).where(Comment.id == comment_id), where, Comment)
    fresh = statement.execution_options(populate_existing=True)
    return (await tx.execute(fresh)).scalar_one_or_none()


async def comments(
    tx: AsyncSession, where: InWorkspace, thread_ids: Sequence[UUID], newest: int
) -> Sequence[Comment]:
    """Of each thread the first comment and the `newest` ones, in order."""
    statement = within(
        select(Comment)
        .join(Thread, Thread.id == Comment.thread_id)
        .where(
            Comment.thread_id.in_(thread_ids),
            or_(Comment.number == 1, Comment.number > Thread.last_number - newest),
        ),
        where,
        Comment,
        Thread,
    )
    ordered = statement.order_by(Comment.thread_id, Comment.number)
    return (await tx.execute(ordered)).scalars().all()


async def count_comments(tx: AsyncSession, where: InWorkspace, thread_id: UUID) -> int:
    """Those that are not deleted."""
    statement = within(
        select(func.count()).where(Comment.thread_id == thread_id, Comment.deleted_at.is_(None)),
        where,
        Comment,
    )
    return int((await tx.execute(statement)).scalar_one())


async def authors(tx: AsyncSession, where: InWorkspace, thread_id: UUID) -> list[str]:
    """Who has written what is still there, in the order in which they came."""
    statement = within(
        select(Comment.author)
        .where(Comment.thread_id == thread_id, Comment.deleted_at.is_(None))
        .group_by(Comment.author)
        .order_by(func.min(Comment.number)),
        where,
        Comment,
    )
    return list((await tx.execute(statement)).scalars())


async def reading(
    tx: AsyncSession, caller: Principal, thread_ids: Sequence[UUID]
) -> dict[UUID, tuple[int, int]]:
    """How far the caller has read each thread, and how many comments of others came since."""
    read = and_(
        ThreadRead.thread_id == Comment.thread_id,
        ThreadRead.reader == caller.actor,
        ThreadRead.workspace_id == caller.workspace_id,
    )
    upto = func.coalesce(ThreadRead.number, 0)
    is_new = and_(
        Comment.deleted_at.is_(None), Comment.author != caller.actor, Comment.number > upto
    )
    statement = within(
        # unscoped: what is outer-joined is narrowed where it is joined
        select(Comment.thread_id, func.max(upto), func.count().filter(is_new))
        .outerjoin(ThreadRead, read)
        .where(Comment.thread_id.in_(thread_ids)),
        caller,
        Comment,
    )
    rows = await tx.execute(statement.group_by(Comment.thread_id))
    return {row[0]: (row[1], row[2]) for row in rows}


async def note_read(
    tx: AsyncSession, caller: Principal, thread_id: UUID, number: int, at: datetime
) -> None:
    """The caller has read up to `number`; never back, whichever of two tabs comes last."""
    dialects: Any = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    # unscoped: the row carries the workspace itself
    statement = dialects.insert(ThreadRead).values(
        thread_id=thread_id,
        reader=caller.actor,
        workspace_id=caller.workspace_id,
        number=number,
        read_at=at,
    )
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["thread_id", "reader"],
            set_={"number": statement.excluded.number, "read_at": statement.excluded.read_at},
            where=ThreadRead.number < statement.excluded.number,
        )
    )


# Mentions and reactions


async def mentions(
    tx: AsyncSession, where: InWorkspace, comment_ids: Sequence[UUID]
) -> list[tuple[UUID, UUID, str]]:
    """Comment, person, and what the person is called now."""
    statement = within(
        select(Mention.comment_id, User.id, User.name)
        .join(User, User.id == Mention.user_id)
        .where(Mention.comment_id.in_(comment_ids)),
        where,
        Mention,
    )
    return [(row[0], row[1], row[2]) for row in await tx.execute(statement)]


async def forget_mentions(tx: AsyncSession, where: InWorkspace, comment_id: UUID) -> None:
    await tx.execute(
        within(delete(Mention).where(Mention.comment_id == comment_id), where, Mention)
    )


async def reactions(
    tx: AsyncSession, where: InWorkspace, comment_ids: Sequence[UUID]
) -> Sequence[Reaction]:
    """In the order in which they came."""
    statement = within(
        select(Reaction).where(Reaction.comment_id.in_(comment_ids)), where, Reaction
    )
    ordered = statement.order_by(Reaction.created_at, Reaction.name, Reaction.actor)
    return (await tx.execute(ordered)).scalars().all()


async def reaction(
    tx: AsyncSession, caller: Principal, comment_id: UUID, name: str
) -> Reaction | None:
    """The caller's own."""
    statement = within(
        select(Reaction).where(
            Reaction.comment_id == comment_id,
            Reaction.name == name,
            Reaction.actor == caller.actor,
        ),
        caller,
        Reaction,
    )
    return (await tx.execute(statement)).scalar_one_or_none()


async def forget_reactions(tx: AsyncSession, where: InWorkspace, comment_id: UUID) -> None:
    await tx.execute(
        within(delete(Reaction).where(Reaction.comment_id == comment_id), where, Reaction)
    )


# People


async def members_among(
    tx: AsyncSession, where: InWorkspace, user_ids: Iterable[UUID]
) -> set[UUID]:
    statement = within(select(Member.user_id), where, Member)
    return set((await tx.execute(statement.where(Member.user_id.in_(list(user_ids))))).scalars())


async def members_like(
    tx: AsyncSession, where: InWorkspace, words: str, first: Sequence[UUID], limit: int
) -> Sequence[User]:
    """Members with every one of the words in their name or e-mail; those of `first` on top."""
    alike = (
        or_(
            User.name.icontains(word, autoescape=True),
            User.email.istartswith(word, autoescape=True),
        )
        for word in words.split()[:4]
    )
    statement = within(
        select(User).join(Member, Member.user_id == User.id).where(*alike), where, Member
    )
    place = case((User.id.in_(first), 0), else_=1)
    ordered = statement.order_by(place, func.lower(User.name), User.id)
    return (await tx.execute(ordered.limit(limit))).scalars().all()
