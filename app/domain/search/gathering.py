"""Puts together, from the tables of other slices, what is indexed of a prompt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace
from app.domain.prompts.models import Branch, Prompt
from app.domain.search import queries
from app.domain.search.models import Entry

_COLUMNS = tuple(column.key for column in Entry.__mapper__.column_attrs)


@dataclass(frozen=True, slots=True)
class LiveText:
    """What a document says, and up to which row of its journal."""

    text: str
    seq: int
    edited_at: datetime
    actors: frozenset[str]


async def gathered(
    tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID], before: Mapping[UUID, Entry]
) -> list[dict[str, Any]]:
    """Entries as rows; `number` is None for what was not indexed yet."""
    found = await queries.sources(tx, where, prompt_ids)
    rooms = {prompt.id: branch.id for prompt, branch in found}
    tags = _grouped(await queries.tags_of(tx, where, prompt_ids))
    labels = _grouped(await queries.labels_of(tx, where, prompt_ids))
    texts = await queries.texts_of(tx, list(rooms.values()))
    actors = await _actors(tx, where, rooms)
    names = await _names(tx, [one for written in actors.values() for one in written], found)
    rows = []
    for prompt, branch in found:
        entry = before.get(prompt.id)
        seq, text = texts.get(branch.id, (0, ""))
        if entry is not None and entry.seq >= seq:
            seq, text = entry.seq, entry.text
        wrote = actors[prompt.id] | set(entry.actors if entry else ())
        rows.append(
            {
                "prompt_id": prompt.id,
                "workspace_id": prompt.workspace_id,
                "number": entry.number if entry else None,
                "room_id": branch.id,
                "seq": seq,
                "edited_at": max(prompt.edited_at, entry.edited_at if entry else prompt.edited_at),
                **_details(prompt, branch),
                "tags": tags[prompt.id],
                "labels": labels[prompt.id],
                "actors": sorted(wrote),
                "people": _people(names, {f"user:{prompt.owner_id}"} | wrote),
                "text": text,
            }
        )
    return rows


async def with_texts(
    tx: AsyncSession, pairs: Sequence[tuple[Entry, LiveText]]
) -> list[dict[str, Any]]:
    """The entries as rows that hold what was written in them since."""
    wrote = {
        entry.prompt_id: set(entry.actors) | live.actors
        for entry, live in pairs
        if live.seq > entry.seq
    }
    names = await _names(tx, [one for actors in wrote.values() for one in actors], ())
    rows = []
    for entry, live in pairs:
        if entry.prompt_id not in wrote:
            continue
        row = {name: getattr(entry, name) for name in _COLUMNS}
        added = _people(names, wrote[entry.prompt_id] - set(entry.actors))
        rows.append(
            row
            | {
                "text": live.text,
                "seq": live.seq,
                "edited_at": max(entry.edited_at, live.edited_at),
                "actors": sorted(wrote[entry.prompt_id]),
                "people": " · ".join(filter(None, (entry.people, added))),
            }
        )
    return rows


def _details(prompt: Prompt, branch: Branch) -> dict[str, Any]:
    return {
        "is_archived": prompt.archived_at is not None,
        "title": prompt.title,
        "name": prompt.name,
        "folder": prompt.folder,
        "model": str(branch.config.get("model", ""))[:255],
        "owner_id": prompt.owner_id,
        "variables": " ".join(str(one["name"]) for one in branch.variables),
        "description": prompt.description,
    }


async def _actors(
    tx: AsyncSession, where: InWorkspace, rooms: Mapping[UUID, UUID]
) -> dict[UUID, set[str]]:
    """Who has written in each prompt: in its last version, and in what is there now."""
    wrote: dict[UUID, set[str]] = {prompt_id: set() for prompt_id in rooms}
    for prompt_id, contributors in await queries.contributors_of(tx, where, list(rooms)):
        wrote[prompt_id] |= {one["actor"] for one in contributors}
    prompts = {room: prompt for prompt, room in rooms.items()}
    for room_id, actor in await queries.authors_of(tx, list(prompts)):
        wrote[prompts[room_id]].add(actor)
    return wrote


async def _names(
    tx: AsyncSession, actors: Iterable[str], found: Iterable[tuple[Prompt, Branch]]
) -> dict[str, str]:
    ids = set(filter(None, map(_user_id, actors)))
    ids |= {prompt.owner_id for prompt, _ in found if prompt.owner_id}
    named = await queries.names_of(tx, ids) if ids else {}
    return {f"user:{user_id}": name for user_id, name in named.items()}


def _user_id(actor: str) -> UUID | None:
    """None for keys, for the server, and for what an import left behind."""
    try:
        return UUID(actor.removeprefix("user:"))
    except ValueError:
        return None


def _people(names: Mapping[str, str], actors: Iterable[str]) -> str:
    return " · ".join(sorted({names[one] for one in actors if one in names}))


def _grouped(pairs: Iterable[tuple[UUID, str]]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return found
