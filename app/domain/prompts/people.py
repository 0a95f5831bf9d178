"""Actors ("user:<id>", "key:<id>", "server") as they are shown: name, hue, initials."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace
from app.domain.accounts.policy import initials
from app.domain.prompts import queries

SERVER = "server"
_IMPORTED = "import:"  # somebody of another installation, of whom an archive has the name


@dataclass(frozen=True, slots=True)
class Shown:
    """Who did something, ready for a page."""

    id: str  # the actor
    name: str
    hue: str
    initials: str


_SERVER = Shown(SERVER, "Promptroom", "slate", "PR")


def shown(user: Any) -> Shown:
    """A `User`, or what `queries.faces` has of one."""
    return Shown(f"user:{user.id}", user.name, user.hue, initials(user.name))


async def by_id(tx: AsyncSession, user_ids: Collection[UUID]) -> dict[UUID, Shown]:
    return {face.id: shown(face) for face in await queries.faces(tx, user_ids)}


async def named(tx: AsyncSession, where: InWorkspace, actors: Iterable[str]) -> dict[str, Shown]:
    """Each of `actors`; one whose account or key is gone is "Someone who left"."""
    found = {actor: _stranger(actor) for actor in actors}
    user_ids, key_ids = _ids(found, "user"), _ids(found, "key")
    if user_ids:
        found |= {who.id: who for who in (await by_id(tx, user_ids)).values()}
    if key_ids:
        for key in await queries.keys(tx, where, key_ids):
            actor = f"key:{key.id}"
            found[actor] = Shown(actor, key.name, "slate", initials(key.name))
    return found


def _stranger(actor: str) -> Shown:
    if actor == SERVER:
        return _SERVER
    if actor.startswith(_IMPORTED):
        name = actor.removeprefix(_IMPORTED)
        return Shown(actor, name, "slate", initials(name))
    return Shown(actor, "Someone who left", "slate", "?")


def _ids(actors: Iterable[str], kind: str) -> list[UUID]:
    split = (actor.partition(":") for actor in actors)
    return [UUID(found) for name, _, found in split if name == kind]
