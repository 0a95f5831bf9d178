"""Every SQL statement about prompts, their tags and branches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, case, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Role
from app.access.tenancy import GIVEN, InWorkspace, rows, within
from app.domain.accounts.models import User
from app.domain.keys.models import ApiKey
from app.domain.prompts.models import Branch, OldName, Prompt, PromptTag
from app.domain.workspaces.models import Member

Rows = Select[*tuple[Any, ...]]

MAIN = "main"
MOST_OPTIONS = 12  # of one facet


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
) -> UUID | None:
    """Forget an old name, whosever it is or one prompt's; whose it was."""
    statement = within(delete(OldName).where(OldName.name == name), where, OldName)
    if prompt_id is not None:
        statement = statement.where(OldName.prompt_id == prompt_id)
    found = await tx.execute(statement.returning(OldName.prompt_id))
    return found.scalar_one_or_none()


async def tags_of(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> dict[UUID, list[str]]:
    """As `policy.normal_tags` orders them: where å stands is not the database's to say."""
    statement = within(
        select(PromptTag.prompt_id, PromptTag.tag).where(PromptTag.prompt_id.in_(prompt_ids)),
        where,
        PromptTag,
    )
    found: dict[UUID, list[str]] = {prompt_id: [] for prompt_id in prompt_ids}
    for prompt_id, tag in await tx.execute(statement):
        found[prompt_id].append(tag)
    return {prompt_id: sorted(tags) for prompt_id, tags in found.items()}


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


_LISTED = within(
    select(
        *(Prompt.id, Branch.id.label("room_id"), Prompt.name, Prompt.title, Prompt.description),
        *(Prompt.folder, Branch.config, Branch.variables, Prompt.created_at, Prompt.edited_at),
        *(Prompt.archived_at, Prompt.owner_id, Branch.template_format),
    )
    .join(Branch, Branch.prompt_id == Prompt.id)
    .where(Prompt.id.in_(bindparam("ids", expanding=True)), Branch.name == MAIN),
    GIVEN,
    Prompt,
    Branch,
)


async def these(tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]) -> list[Any]:
    """Prompts with their main branches, in the order of the ids; one that is gone is left out."""
    found = {row.id: row for row in await rows(tx, _LISTED, where, ids=prompt_ids)}
    return [found[prompt_id] for prompt_id in prompt_ids if prompt_id in found]


async def rooms_of(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
) -> dict[UUID, UUID]:
    """The main rooms of these prompts."""
    statement = within(
        select(Branch.prompt_id, Branch.id).where(
            Branch.prompt_id.in_(prompt_ids), Branch.name == MAIN
        ),
        where,
        Branch,
    )
    return {row[0]: row[1] for row in await tx.execute(statement)}


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


async def members_named(
    tx: AsyncSession, where: InWorkspace, words: str, limit: int
) -> Sequence[User]:
    """Members in whose names every one of the words is, by name."""
    named = (User.name.icontains(word, autoescape=True) for word in words.split()[:4])
    statement = within(
        select(User).join(Member, Member.user_id == User.id).where(*named), where, Member
    )
    return (await tx.execute(statement.order_by(User.name, User.id).limit(limit))).scalars().all()


async def users(tx: AsyncSession, ids: Iterable[UUID]) -> Sequence[User]:
    """People by id: authors keep their names after they have left the workspace."""
    return (await tx.execute(select(User).where(User.id.in_(list(ids))))).scalars().all()


_FACES = select(User.id, User.name, User.hue).where(User.id.in_(bindparam("ids", expanding=True)))


async def faces(tx: AsyncSession, ids: Iterable[UUID]) -> Sequence[Any]:
    """What is shown of people: id, name and hue. Authors keep theirs after they have left."""
    return (await (await tx.connection()).execute(_FACES, {"ids": list(ids)})).all()


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
