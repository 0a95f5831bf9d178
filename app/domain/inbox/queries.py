"""Every SQL statement about notices, following and muting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, delete, func, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace, within
from app.domain.inbox.models import Follow, Mute, Notice, NotificationSettings
from app.domain.inbox.policy import MENTION, MENTIONS, UNREAD, Wishes, wishes_from
from app.domain.prompts.models import Branch, Prompt
from app.domain.threads.models import Comment, Thread
from app.domain.workspaces.models import Member


@dataclass(frozen=True, slots=True)
class Group:
    """A person's notices about one thread or prompt."""

    subject_id: UUID
    at: datetime  # of the newest
    count: int
    unread: int


# Who is concerned


async def concerned(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Collection[UUID], named: Collection[UUID]
) -> dict[UUID, bool]:
    """Members among `named` or following one of the prompts, and whether they follow one.

    Whoever owns a prompt follows it until they say no.
    """
    follows = _followers(where, is_following=True).where(Follow.prompt_id.in_(prompt_ids))
    said_no = _followers(where, is_following=False).where(
        Follow.prompt_id == Prompt.id, Follow.user_id == Prompt.owner_id
    )
    owners = within(
        select(Prompt.owner_id).where(
            Prompt.id.in_(prompt_ids), ~said_no.correlate(Prompt).exists()
        ),
        where,
        Prompt,
    )
    is_follower = or_(Member.user_id.in_(follows), Member.user_id.in_(owners))
    statement = within(
        select(Member.user_id, is_follower).where(or_(is_follower, Member.user_id.in_(named))),
        where,
        Member,
    )
    return {user_id: bool(follows) for user_id, follows in (await tx.execute(statement)).all()}


def _followers(where: InWorkspace, *, is_following: bool) -> Select[UUID]:
    statement = select(Follow.user_id).where(Follow.is_following.is_(is_following))
    return within(statement, where, Follow)


async def is_member(tx: AsyncSession, where: InWorkspace, user_id: UUID) -> bool:
    found = within(select(Member.user_id).where(Member.user_id == user_id), where, Member)
    return (await tx.execute(found)).scalar_one_or_none() is not None


async def muted(
    tx: AsyncSession, where: InWorkspace, users: Collection[UUID], subjects: Collection[UUID]
) -> dict[UUID, set[UUID]]:
    """Which of `subjects` each of `users` has muted."""
    statement = within(
        select(Mute.user_id, Mute.subject_id).where(
            Mute.user_id.in_(users), Mute.subject_id.in_(subjects)
        ),
        where,
        Mute,
    )
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for user_id, subject_id in (await tx.execute(statement)).all():
        found[user_id].add(subject_id)
    return found


async def settings_of(
    tx: AsyncSession, where: InWorkspace, users: Collection[UUID]
) -> dict[UUID, NotificationSettings]:
    statement = within(
        select(NotificationSettings).where(NotificationSettings.user_id.in_(users)),
        where,
        NotificationSettings,
    )
    return {one.user_id: one for one in (await tx.execute(statement)).scalars()}


def wishes(row: NotificationSettings | None) -> Wishes:
    if row is None:
        return Wishes()
    return wishes_from(row.ways, by_mail=row.by_mail, mail_after_minutes=row.mail_after_minutes)


# Notices


async def add_notices(tx: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Whoever has been told of the same cause already is not told again."""
    await _put(tx, Notice, rows)


async def forget_comment(tx: AsyncSession, where: InWorkspace, comment_id: UUID) -> None:
    await tx.execute(within(delete(Notice).where(Notice.comment_id == comment_id), where, Notice))


async def forget_thread(tx: AsyncSession, where: InWorkspace, thread_id: UUID) -> None:
    await tx.execute(within(delete(Notice).where(Notice.thread_id == thread_id), where, Notice))
    await tx.execute(within(delete(Mute).where(Mute.subject_id == thread_id), where, Mute))


async def people_told(
    tx: AsyncSession, where: InWorkspace, thread_id: UUID, comment_id: UUID | None
) -> Sequence[UUID]:
    """Whose inbox changes when a thread, or one of its comments, goes."""
    statement = select(Notice.user_id).where(Notice.thread_id == thread_id).distinct()
    if comment_id is not None:
        statement = statement.where(Notice.comment_id == comment_id)
    return (await tx.execute(within(statement, where, Notice))).scalars().all()


async def count_unread(tx: AsyncSession, where: InWorkspace, user_id: UUID, most: int) -> int:
    """Threads and prompts with something new, `most` at most."""
    unread = (
        select(Notice.subject_id)
        .where(Notice.user_id == user_id, Notice.read_at.is_(None))
        .distinct()
        .limit(most)
    )
    counted = within(unread, where, Notice).subquery()
    return int((await tx.execute(select(func.count()).select_from(counted))).scalar_one())


async def groups(
    tx: AsyncSession,
    where: InWorkspace,
    user_id: UUID,
    show: str,
    page: tuple[tuple[datetime, UUID] | None, int],
) -> list[Group]:
    """One for each thread or prompt, the latest news first; `page` is (after, limit)."""
    after, limit = page
    newest = func.max(Notice.at)
    statement = (
        select(
            Notice.subject_id,
            newest,
            func.count(),
            func.sum(case((Notice.read_at.is_(None), 1), else_=0)),
        )
        .where(Notice.user_id == user_id)
        .group_by(Notice.subject_id)
        .order_by(newest.desc(), Notice.subject_id.desc())
        .limit(limit)
    )
    if show == UNREAD:
        statement = statement.where(Notice.read_at.is_(None))
    elif show == MENTIONS:
        statement = statement.where(Notice.kind == MENTION)
    if after is not None:
        statement = statement.having(tuple_(newest, Notice.subject_id) < tuple_(*after))
    rows = await tx.execute(within(statement, where, Notice))
    return [Group(row[0], row[1], int(row[2]), int(row[3])) for row in rows.all()]


async def newest_of(
    tx: AsyncSession, where: InWorkspace, user_id: UUID, subjects: Collection[UUID], most: int
) -> dict[UUID, list[Notice]]:
    """Up to `most` notices of each subject, the newest first."""
    place = func.row_number().over(
        partition_by=Notice.subject_id, order_by=(Notice.at.desc(), Notice.id.desc())
    )
    ranked = within(
        select(Notice.id, place.label("place")).where(
            Notice.user_id == user_id, Notice.subject_id.in_(subjects)
        ),
        where,
        Notice,
    ).subquery()
    statement = within(
        select(Notice)
        .join(ranked, ranked.c.id == Notice.id)
        .where(ranked.c.place <= most)
        .order_by(Notice.at.desc(), Notice.id.desc()),
        where,
        Notice,
    )
    found: dict[UUID, list[Notice]] = defaultdict(list)
    for notice in (await tx.execute(statement)).scalars():
        found[notice.subject_id].append(notice)
    return found


async def mark_read(
    tx: AsyncSession, where: InWorkspace, user_id: UUID, subjects: Collection[UUID], now: datetime
) -> int:
    statement = update(Notice).where(
        Notice.user_id == user_id, Notice.subject_id.in_(subjects), Notice.read_at.is_(None)
    )
    return await _count(tx, within(statement, where, Notice).values(read_at=now))


async def mark_all_read(
    tx: AsyncSession, where: InWorkspace, user_id: UUID, upto: datetime, now: datetime
) -> int:
    """All that had come by `upto`: what came since has not been seen."""
    statement = update(Notice).where(
        Notice.user_id == user_id, Notice.read_at.is_(None), Notice.at <= upto
    )
    return await _count(tx, within(statement, where, Notice).values(read_at=now))


async def mark_unread(
    tx: AsyncSession, where: InWorkspace, user_id: UUID, subjects: Collection[UUID]
) -> int:
    """The newest of each; what is older was read."""
    found = await newest_of(tx, where, user_id, subjects, 1)
    ids = [one.id for listed in found.values() for one in listed]
    statement = update(Notice).where(Notice.id.in_(ids))
    return await _count(tx, within(statement, where, Notice).values(read_at=None))


async def drop_read(tx: AsyncSession, before: datetime, limit: int) -> int:
    """At most `limit` that were read before then; how many there were."""
    # unscoped: a job tidies up after all workspaces
    old = select(Notice.id).where(Notice.read_at < before).limit(limit)
    # unscoped: as above
    return await _count(tx, delete(Notice).where(Notice.id.in_(old)))


# Following and muting


async def prompts_of_rooms(
    tx: AsyncSession, room_ids: Collection[UUID]
) -> dict[UUID, tuple[UUID, UUID]]:
    """Workspace and prompt of each."""
    # unscoped: the engine announces rooms of every workspace
    statement = select(Branch.id, Branch.workspace_id, Branch.prompt_id).where(
        Branch.id.in_(room_ids)
    )
    return {row[0]: (row[1], row[2]) for row in (await tx.execute(statement)).all()}


async def titles(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Collection[UUID]
) -> dict[UUID, str]:
    statement = within(
        select(Prompt.id, Prompt.title).where(Prompt.id.in_(prompt_ids)), where, Prompt
    )
    return {row[0]: row[1] for row in (await tx.execute(statement)).all()}


async def quotes(
    tx: AsyncSession, where: InWorkspace, thread_ids: Collection[UUID]
) -> dict[UUID, tuple[UUID, str]]:
    """The prompt of each thread, and what in it the thread is about."""
    statement = select(Thread.id, Thread.prompt_id, Thread.quote).where(Thread.id.in_(thread_ids))
    rows = await tx.execute(within(statement, where, Thread))
    return {row[0]: (row[1], row[2]) for row in rows.all()}


async def bodies(
    tx: AsyncSession, where: InWorkspace, comment_ids: Collection[UUID]
) -> dict[UUID, str]:
    statement = select(Comment.id, Comment.body).where(
        Comment.id.in_(comment_ids), Comment.deleted_at.is_(None)
    )
    rows = await tx.execute(within(statement, where, Comment))
    return {row[0]: row[1] for row in rows.all()}


async def follow_by_itself(
    tx: AsyncSession, pairs: Iterable[tuple[UUID, UUID, UUID]], now: datetime
) -> None:
    """For (workspace, user, prompt) where nothing was said yet."""
    names = "workspace_id", "user_id", "prompt_id"
    same = {"is_following": True, "is_chosen": False, "since": now}
    await _put(tx, Follow, [dict(zip(names, pair, strict=True)) | same for pair in pairs])


async def follow(
    tx: AsyncSession, where: InWorkspace, user_id: UUID, prompt_id: UUID, values: dict[str, Any]
) -> None:
    """`values` are is_following and since."""
    values = values | {"is_chosen": True}
    keys = {"user_id": user_id, "prompt_id": prompt_id}
    await _put(tx, Follow, [keys | values | _place(where)], (keys, values))


async def mute(
    tx: AsyncSession, where: InWorkspace, user_id: UUID, subject: tuple[UUID, UUID], now: datetime
) -> None:
    """`subject` is the thread or prompt, and the prompt that it is of."""
    row = {"user_id": user_id, "subject_id": subject[0], "prompt_id": subject[1], "since": now}
    await _put(tx, Mute, [row | _place(where)])


async def unmute(tx: AsyncSession, where: InWorkspace, user_id: UUID, subject_id: UUID) -> None:
    statement = delete(Mute).where(Mute.user_id == user_id, Mute.subject_id == subject_id)
    await tx.execute(within(statement, where, Mute))


async def save_settings(
    tx: AsyncSession, where: InWorkspace, user_id: UUID, values: dict[str, Any]
) -> None:
    keys = {"user_id": user_id, **_place(where)}
    await _put(tx, NotificationSettings, [keys | values], (keys, values))


def _place(where: InWorkspace) -> dict[str, Any]:
    return {"workspace_id": where.workspace_id}


async def _put(
    tx: AsyncSession,
    model: type[Any],
    rows: Sequence[dict[str, Any]],
    instead: tuple[Collection[str], dict[str, Any]] | None = None,
) -> None:
    """Insert; what is there already stays, or gets (by these keys) these values instead."""
    dialects: Any = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialects.insert(model)  # unscoped: the rows carry the workspace themselves
    if instead is None:
        statement = statement.on_conflict_do_nothing()
    else:
        keys, values = instead
        statement = statement.on_conflict_do_update(index_elements=list(keys), set_=values)
    if rows:
        await (await tx.connection()).execute(statement, list(rows))


async def _count(tx: AsyncSession, statement: Any) -> int:
    statement = statement.execution_options(synchronize_session=False)
    result: CursorResult[Any] = await tx.execute(statement)  # type: ignore[assignment]
    return result.rowcount
