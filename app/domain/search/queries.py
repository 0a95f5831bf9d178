"""Every SQL statement about the search index but those that are an engine's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import GIVEN, InWorkspace, rows, within
from app.domain.accounts.models import User
from app.domain.prompts.models import Branch, Prompt, PromptTag
from app.domain.rooms.models import AuthorRange, JournalEntry, Snapshot
from app.domain.search.models import Entry, Shelf, Term, Waiting
from app.domain.versions.models import Label, Version

MAIN = "main"
CHUNK = 2000  # rows read at a time: what one turn of the event loop can take
SNIPPET_LETTERS = 20_000  # of a text that are looked through for the line to show


@dataclass(frozen=True, slots=True)
class State:
    """Where the workspace's index stands."""

    shelf: int
    stamp: int
    is_behind: bool  # something waits to be indexed


_SHELF = within(select(Shelf.number, Shelf.stamp), GIVEN, Shelf).subquery()
_WAITS = within(select(Waiting.id), GIVEN, Waiting).limit(1)
# unscoped: both are within already
_STATE = select(_SHELF.c.number, _SHELF.c.stamp, _WAITS.scalar_subquery().is_not(None)).select_from(
    _SHELF
)


async def state(tx: AsyncSession, where: InWorkspace) -> State | None:
    """None = nothing was indexed yet and nothing waits to be."""
    for number, stamp, is_behind in await rows(tx, _STATE, where):
        return State(number, stamp, bool(is_behind))
    return State(0, 0, is_behind=True) if await rows(tx, _WAITS, where) else None


_LIGHT = (
    Entry.number,
    Entry.stamp,
    Entry.prompt_id,
    Entry.edited_at,
    Entry.title,
    Entry.folder,
    Entry.model,
    Entry.owner_id,
    Entry.tags,
    Entry.labels,
    Entry.is_archived,
    Entry.room_id,
)


async def changed(tx: AsyncSession, where: InWorkspace, stamp: int, above: int) -> Sequence[Any]:
    """Entries that changed after `stamp`, by number from `above` on, without their texts."""
    # unscoped: narrowed below
    statement = select(*_LIGHT).where(Entry.stamp > stamp, Entry.number > above)
    ordered = within(statement, where, Entry).order_by(Entry.number).limit(CHUNK)
    return (await tx.execute(ordered)).all()


async def terms_after(tx: AsyncSession, where: InWorkspace, last: int) -> Sequence[tuple[int, str]]:
    statement = within(select(Term.id, Term.term).where(Term.id > last), where, Term)
    rows = await tx.execute(statement.order_by(Term.id).limit(CHUNK * 10))
    return [(row[0], row[1]) for row in rows]


_TEXTS = within(
    select(Entry.prompt_id, func.substr(Entry.text, 1, SNIPPET_LETTERS)).where(
        Entry.prompt_id.in_(bindparam("ids", expanding=True))
    ),
    GIVEN,
    Entry,
)


async def found_texts(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> dict[UUID, str]:
    """The beginnings of texts, to show a line of."""
    return {row[0]: row[1] for row in await rows(tx, _TEXTS, where, ids=prompt_ids)}


async def neighbours(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> Sequence[Any]:
    """Title, tags and the beginning of the text of each."""
    text = func.substr(Entry.text, 1, SNIPPET_LETTERS).label("text")
    statement = within(
        select(Entry.prompt_id, Entry.title, Entry.tags, text)
        .where(Entry.prompt_id.in_(prompt_ids))
        .order_by(Entry.number),
        where,
        Entry,
    )
    return (await tx.execute(statement)).all()


async def titles(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> dict[UUID, str]:
    statement = select(Entry.prompt_id, Entry.title).where(Entry.prompt_id.in_(prompt_ids))
    return {row[0]: row[1] for row in await tx.execute(within(statement, where, Entry))}


# Writing


async def shelf(tx: AsyncSession, where: InWorkspace) -> Shelf:
    """The workspace's, made when it is the first time. Under its lock: see `service`."""
    found = (await tx.execute(within(select(Shelf), where, Shelf))).scalar_one_or_none()
    if found is None:
        found = Shelf(workspace_id=where.workspace_id, size=0, stamp=0)
        tx.add(found)
        await tx.flush()
    return found


async def entries(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> dict[UUID, Entry]:
    statement = within(select(Entry).where(Entry.prompt_id.in_(prompt_ids)), where, Entry)
    return {entry.prompt_id: entry for entry in (await tx.execute(statement)).scalars()}


async def entries_of_rooms(
    tx: AsyncSession, where: InWorkspace, room_ids: Sequence[UUID]
) -> dict[UUID, Entry]:
    statement = within(select(Entry).where(Entry.room_id.in_(room_ids)), where, Entry)
    return {entry.room_id: entry for entry in (await tx.execute(statement)).scalars()}


async def add_terms(tx: AsyncSession, where: InWorkspace, terms: Iterable[str]) -> None:
    rows = [{"workspace_id": where.workspace_id, "term": term} for term in sorted(set(terms))]
    if not rows:
        return
    dialect = tx.get_bind().dialect.name
    dialects: Any = postgresql if dialect == "postgresql" else sqlite
    # unscoped: the rows carry the workspace themselves
    statement = dialects.insert(Term).on_conflict_do_nothing()
    await (await tx.connection()).execute(statement, rows)


async def put_entries(tx: AsyncSession, rows: Sequence[dict[str, Any]], *, new: bool) -> None:
    """Rows as dictionaries: hundreds at a time would cost the ORM more than the database."""
    if not rows:
        return
    connection = await tx.connection()
    if new:
        await connection.execute(insert(Entry), rows)  # unscoped: rows carry the workspace
        return
    names = [name for name in rows[0] if name not in ("prompt_id", "workspace_id", "number")]
    # unscoped: the workspace is among the conditions, for each of many rows
    statement = (
        update(Entry)
        .where(
            Entry.prompt_id == bindparam("at_prompt"),
            Entry.workspace_id == bindparam("at_workspace"),
        )
        .values({name: bindparam(f"to_{name}") for name in names})
    )
    await connection.execute(
        statement,
        [
            {
                "at_prompt": row["prompt_id"],
                "at_workspace": row["workspace_id"],
                **{f"to_{name}": row[name] for name in names},
            }
            for row in rows
        ],
    )


# What waits to be indexed


async def waiting_workspaces(tx: AsyncSession, limit: int) -> Sequence[UUID]:
    # unscoped: the indexer works for all workspaces
    statement = select(Waiting.workspace_id).distinct().limit(limit)
    return (await tx.execute(statement)).scalars().all()


async def take_waiting(tx: AsyncSession, where: InWorkspace, most: int) -> Sequence[UUID]:
    """Prompts that wait, taken off the queue.

    First of all in a transaction: what changes while they are read has a row of its own, and stays.
    """
    statement = within(select(Waiting.prompt_id), where, Waiting).distinct().limit(most)
    prompt_ids = (await tx.execute(statement)).scalars().all()
    if prompt_ids:
        await tx.execute(
            within(delete(Waiting).where(Waiting.prompt_id.in_(prompt_ids)), where, Waiting)
        )
    return prompt_ids


async def sources(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> Sequence[tuple[Prompt, Branch]]:
    statement = within(
        select(Prompt, Branch)
        .join(Branch, Branch.prompt_id == Prompt.id)
        .where(Prompt.id.in_(prompt_ids), Branch.name == MAIN),
        where,
        Prompt,
        Branch,
    )
    return [(row[0], row[1]) for row in await tx.execute(statement)]


async def tags_of(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> list[tuple[UUID, str]]:
    statement = within(
        select(PromptTag.prompt_id, PromptTag.tag)
        .where(PromptTag.prompt_id.in_(prompt_ids))
        .order_by(PromptTag.prompt_id, PromptTag.tag),
        where,
        PromptTag,
    )
    return [(row[0], row[1]) for row in await tx.execute(statement)]


async def labels_of(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> list[tuple[UUID, str]]:
    statement = within(
        select(Label.prompt_id, Label.name)
        .where(Label.prompt_id.in_(prompt_ids))
        .order_by(Label.prompt_id, Label.name),
        where,
        Label,
    )
    return [(row[0], row[1]) for row in await tx.execute(statement)]


async def contributors_of(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> list[tuple[UUID, list[Any]]]:
    """Of each prompt's newest version."""
    newest = (
        within(
            select(func.max(Version.number)).where(Version.prompt_id == Prompt.id), where, Version
        )
        .correlate(Prompt)
        .scalar_subquery()
    )
    statement = within(
        select(Version.prompt_id, Version.contributors)
        .join(Prompt, Prompt.id == Version.prompt_id)
        .where(Version.prompt_id.in_(prompt_ids), Version.number == newest),
        where,
        Version,
        Prompt,
    )
    return [(row[0], row[1]) for row in await tx.execute(statement)]


async def authors_of(tx: AsyncSession, room_ids: Sequence[UUID]) -> list[tuple[UUID, str]]:
    statement = (
        select(AuthorRange.document_id, AuthorRange.actor)
        .where(AuthorRange.document_id.in_(room_ids))
        .distinct()
    )
    return [(row[0], row[1]) for row in await tx.execute(statement)]


async def texts_of(tx: AsyncSession, room_ids: Sequence[UUID]) -> dict[UUID, tuple[int, str]]:
    """The documents' snapshots, and how far these go."""
    statement = select(Snapshot.document_id, Snapshot.upto_seq, Snapshot.text).where(
        Snapshot.document_id.in_(room_ids)
    )
    return {row[0]: (row[1], row[2]) for row in await tx.execute(statement)}


async def names_of(tx: AsyncSession, user_ids: Iterable[UUID]) -> dict[UUID, str]:
    statement = select(User.id, User.name).where(User.id.in_(list(user_ids)))
    return {row[0]: row[1] for row in await tx.execute(statement)}


async def behind(
    tx: AsyncSession, before: datetime, above: UUID | None, limit: int
) -> Sequence[tuple[UUID, UUID, UUID, bool]]:
    """Prompt, workspace and room of entries, and whether the document has gone on without them.

    Younger than `before` does not count: who is typing now is heard of anyway.
    """
    # unscoped: as the whole statement below
    later_rows = exists(
        select(JournalEntry.seq).where(
            JournalEntry.document_id == Entry.room_id,
            JournalEntry.seq > Entry.seq,
            JournalEntry.received_at < before,
        )
    )
    # unscoped: as the whole statement below
    later_snapshot = exists(
        select(Snapshot.document_id).where(
            and_(
                Snapshot.document_id == Entry.room_id,
                Snapshot.upto_seq > Entry.seq,
                Snapshot.taken_at < before,
            )
        )
    )
    # unscoped: the sweep looks after all workspaces
    statement = select(
        Entry.prompt_id, Entry.workspace_id, Entry.room_id, or_(later_rows, later_snapshot)
    )
    if above is not None:
        statement = statement.where(Entry.prompt_id > above)
    rows = await tx.execute(statement.order_by(Entry.prompt_id).limit(limit))
    return [(row[0], row[1], row[2], bool(row[3])) for row in rows]
