"""Every SQL statement about prompts, their tags and branches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from app.access.permissions import Role
from app.access.tenancy import InWorkspace, within
from app.domain.accounts.models import User
from app.domain.keys.models import ApiKey
from app.domain.prompts.models import Branch, OldName, Prompt, PromptTag
from app.domain.workspaces.models import Member

Rows = Select[*tuple[Any, ...]]

MAIN = "main"
MOST_OPTIONS = 12  # of one facet
MOST_FOLDERS = 200


async def by_id(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, *, lock: bool = False
) -> tuple[Prompt, Branch] | None:
    """A prompt with its main branch; locked = nobody else changes either until the end of tx."""
    statement = within(
        select(Prompt, Branch)
        .join(Branch, Branch.prompt_id == Prompt.id)
        .where(Prompt.id == prompt_id, Branch.name == MAIN),
        where,
        Prompt,
        Branch,
    )
    if lock:
        statement = statement.with_for_update()
    row = (await tx.execute(statement)).one_or_none()
    return (row[0], row[1]) if row else None


async def room_of(tx: AsyncSession, where: InWorkspace, room_id: UUID) -> Branch | None:
    statement = within(select(Branch).where(Branch.id == room_id), where, Branch)
    return (await tx.execute(statement)).scalar_one_or_none()


async def by_name(tx: AsyncSession, where: InWorkspace, name: str) -> UUID | None:
    statement = within(select(Prompt.id).where(Prompt.name == name), where, Prompt)
    return (await tx.execute(statement)).scalar_one_or_none()


async def names_like(tx: AsyncSession, where: InWorkspace, stem: str) -> set[str]:
    """The names that begin with `stem`, old ones too; a few hundred at most are looked at."""
    now = within(
        select(Prompt.name).where(Prompt.name.startswith(stem, autoescape=True)), where, Prompt
    )
    before = within(
        select(OldName.name).where(OldName.name.startswith(stem, autoescape=True)), where, OldName
    )
    found = await tx.execute(now.limit(500)), await tx.execute(before.limit(500))
    return {name for names in found for name in names.scalars()}


async def old_names(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, limit: int
) -> Sequence[OldName]:
    """What a prompt was called before, the latest first."""
    statement = within(select(OldName).where(OldName.prompt_id == prompt_id), where, OldName)
    ordered = statement.order_by(OldName.renamed_at.desc(), OldName.name).limit(limit)
    return (await tx.execute(ordered)).scalars().all()


async def renamed(
    tx: AsyncSession, where: InWorkspace, old_name: str
) -> tuple[str, datetime] | None:
    """What the prompt that was called `old_name` is called now, and since when."""
    statement = within(
        select(Prompt.name, OldName.renamed_at)
        .join(OldName, OldName.prompt_id == Prompt.id)
        .where(OldName.name == old_name),
        where,
        Prompt,
        OldName,
    )
    row = (await tx.execute(statement)).one_or_none()
    return (row[0], row[1]) if row else None


async def release_name(
    tx: AsyncSession, where: InWorkspace, name: str, prompt_id: UUID | None = None
) -> bool:
    """Forget an old name, whosever it is or one prompt's; whether there was one."""
    statement = within(delete(OldName).where(OldName.name == name), where, OldName)
    if prompt_id is not None:
        statement = statement.where(OldName.prompt_id == prompt_id)
    found = await tx.execute(statement.returning(OldName.prompt_id))
    return found.scalar_one_or_none() is not None


async def tags_of(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> dict[UUID, list[str]]:
    statement = within(
        select(PromptTag.prompt_id, PromptTag.tag)
        .where(PromptTag.prompt_id.in_(prompt_ids))
        .order_by(PromptTag.prompt_id, PromptTag.tag),
        where,
        PromptTag,
    )
    found: dict[UUID, list[str]] = {prompt_id: [] for prompt_id in prompt_ids}
    for prompt_id, tag in await tx.execute(statement):
        found[prompt_id].append(tag)
    return found


async def replace_tags(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, tags: Sequence[str]
) -> None:
    await tx.execute(
        within(delete(PromptTag).where(PromptTag.prompt_id == prompt_id), where, PromptTag)
    )
    if tags:
        rows = [
            {"prompt_id": prompt_id, "tag": tag, "workspace_id": where.workspace_id} for tag in tags
        ]
        # unscoped: the rows carry the workspace themselves
        await tx.execute(insert(PromptTag), rows)


class Found:
    """What a list is narrowed to: built once, used by the list, its count and its facets."""

    def __init__(self, where: InWorkspace) -> None:
        self.where = where
        self.conditions: dict[str, ColumnElement[bool]] = {}

    def matching(self, words: str) -> None:
        """Every word somewhere in name, title or description; the search slice replaces this."""
        columns = (Prompt.name, Prompt.title, Prompt.description)
        per_word = [
            or_(*(column.icontains(word, autoescape=True) for column in columns))
            for word in words.split()[:8]
        ]
        for index, condition in enumerate(per_word):
            self.conditions[f"q{index}"] = condition

    def archived(self, *, is_archived: bool) -> None:
        column = Prompt.archived_at
        self.conditions["archived"] = column.is_not(None) if is_archived else column.is_(None)

    def in_folder(self, folder: str) -> None:
        self.conditions["folder"] = Prompt.folder == folder

    def owned_by(self, owner_id: UUID) -> None:
        self.conditions["owner"] = Prompt.owner_id == owner_id

    def tagged(self, tag: str) -> None:
        rows = within(
            select(PromptTag.prompt_id).where(PromptTag.tag == tag), self.where, PromptTag
        )
        self.conditions["tag"] = Prompt.id.in_(rows)

    def among(self, key: str, ids: Rows, *, is_in: bool = True) -> None:
        """Those whose id is in `ids`, a statement that another slice supplies."""
        self.conditions[key] = Prompt.id.in_(ids) if is_in else Prompt.id.not_in(ids)

    def narrowed(self, statement: Rows, but: str = "") -> Rows:
        """`statement` with all conditions except the one called `but`."""
        kept = (condition for key, condition in self.conditions.items() if key != but)
        return within(statement.where(*kept), self.where, Prompt)


async def count(tx: AsyncSession, found: Found) -> int:
    statement = found.narrowed(select(func.count()).select_from(Prompt))
    return int((await tx.execute(statement)).scalar_one())


async def listed(
    tx: AsyncSession,
    found: Found,
    sort: str,
    after: tuple[Any, UUID] | None,
    limit: int,
) -> Sequence[tuple[Prompt, Branch, Any]]:
    """Prompts with main branch and sort key: last edited first, or by title.

    The key is the database's: not every one lowers letters as Python does.
    """
    title = func.lower(Prompt.title).label("lower_title")
    key: Any = title if sort == "title" else Prompt.edited_at
    statement = within(
        found.narrowed(
            select(Prompt, Branch, title)
            .join(Branch, Branch.prompt_id == Prompt.id)
            .where(Branch.name == MAIN)
        ),
        found.where,
        Branch,
    )
    if after is not None:
        statement = statement.where(_beyond(sort, after))
    order = (key, Prompt.id) if sort == "title" else (key.desc(), Prompt.id.desc())
    rows = await tx.execute(statement.order_by(*order).limit(limit))
    return [(row[0], row[1], row[2] if sort == "title" else row[0].edited_at) for row in rows]


def _beyond(sort: str, after: tuple[Any, UUID]) -> ColumnElement[bool]:
    """Not a row comparison: SQLAlchemy would not convert its values to the columns' types."""
    value, last_id = after
    if sort == "title":
        title = func.lower(Prompt.title)
        return or_(title > value, (title == value) & (Prompt.id > last_id))
    return or_(Prompt.edited_at < value, (Prompt.edited_at == value) & (Prompt.id < last_id))


async def tag_counts(tx: AsyncSession, found: Found) -> list[tuple[str, int]]:
    number = func.count()
    statement = within(
        found.narrowed(
            select(PromptTag.tag, number).join(Prompt, Prompt.id == PromptTag.prompt_id), "tag"
        ),
        found.where,
        PromptTag,
    )
    grouped = statement.group_by(PromptTag.tag).order_by(number.desc(), PromptTag.tag)
    return [(row[0], row[1]) for row in await tx.execute(grouped.limit(MOST_OPTIONS))]


async def owner_counts(tx: AsyncSession, found: Found) -> list[tuple[User, int]]:
    number = func.count()
    statement = found.narrowed(
        select(User, number).select_from(Prompt).join(User, User.id == Prompt.owner_id), "owner"
    )
    grouped = statement.group_by(User.id).order_by(number.desc(), User.id)
    return [(row[0], row[1]) for row in await tx.execute(grouped.limit(MOST_OPTIONS))]


async def folder_counts(tx: AsyncSession, where: InWorkspace) -> list[tuple[str, int]]:
    """Folders in use, by name, and how many prompts lie in each."""
    statement = within(
        select(Prompt.folder, func.count()).where(
            Prompt.folder != "", Prompt.archived_at.is_(None)
        ),
        where,
        Prompt,
    )
    grouped = statement.group_by(Prompt.folder).order_by(Prompt.folder).limit(MOST_FOLDERS)
    return [(row[0], row[1]) for row in await tx.execute(grouped)]


async def members(
    tx: AsyncSession, where: InWorkspace, limit: int
) -> tuple[list[tuple[User, str]], int]:
    """Some members, the most powerful first, and how many there are."""
    rank = case({role.value: place for place, role in enumerate(Role)}, value=Member.role)
    statement = within(
        select(User, Member.role, func.count().over())
        .join(Member, Member.user_id == User.id)
        .order_by(rank, Member.joined_at, User.id)
        .limit(limit),
        where,
        Member,
    )
    rows = (await tx.execute(statement)).all()
    return [(row[0], row[1]) for row in rows], rows[0][2] if rows else 0


async def users(tx: AsyncSession, ids: Iterable[UUID]) -> Sequence[User]:
    """People by id: authors keep their names after they have left the workspace."""
    return (await tx.execute(select(User).where(User.id.in_(list(ids))))).scalars().all()


async def keys(tx: AsyncSession, where: InWorkspace, ids: Iterable[UUID]) -> Sequence[ApiKey]:
    statement = within(select(ApiKey).where(ApiKey.id.in_(list(ids))), where, ApiKey)
    return (await tx.execute(statement)).scalars().all()


async def touch(tx: AsyncSession, room_ids: Iterable[UUID], at: datetime) -> None:
    """Note that these rooms' texts were edited. Never moves the time back."""
    # unscoped: the engine says so for rooms it has open
    prompt_ids = select(Branch.prompt_id).where(Branch.id.in_(list(room_ids)))
    await tx.execute(
        # unscoped: as above
        update(Prompt)
        .where(Prompt.id.in_(prompt_ids), Prompt.edited_at < at)
        .values(edited_at=at)
        .execution_options(synchronize_session=False)
    )
