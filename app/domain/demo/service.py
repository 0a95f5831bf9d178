"""Making the demo workspace, in batches that let others write in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Role
from app.db.base import Model
from app.db.engine import Database
from app.domain.accounts.models import User
from app.domain.demo import queries
from app.domain.demo.errors import DemoExists
from app.domain.demo.material import Person, World, material
from app.domain.demo.place import Place
from app.domain.demo.rows import Telling
from app.domain.demo.story import OLDEST_DAYS, Story, Teller
from app.domain.folders.models import Folder
from app.domain.workspaces.models import Member, Workspace
from app.errors import NotFound
from app.kit.ids import id_at, slug

BATCH = 200  # prompts in a transaction: about half a second, and SQLite admits one writer
DOMAIN = "larkspur.example"  # reserved: no mail can reach it


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be made. The same seed makes the same workspace, counted back from `now`."""

    prompts: int
    seed: int
    now: datetime
    password_hash: str  # of everybody in it
    owner: str = ""  # the e-mail of somebody who is there already and is to own it, too


@dataclass(frozen=True, slots=True)
class Made:
    """What there is now."""

    slug: str
    name: str
    email: str  # of the first owner
    people: int
    prompts: int


@dataclass(frozen=True, slots=True)
class _Workspace:
    workspace_id: UUID


async def make(database: Database, wish: Wish, done: Callable[[int], None]) -> Made:
    """The demo workspace; all of it or nothing. `done` hears how many prompts there are.

    Raises `DemoExists`, `NotFound` for an unknown owner.
    """
    world = material().world
    rng = Random(f"promptroom rows {wish.seed}")  # noqa: S311  # ids of a demo are no secrets
    born = wish.now - timedelta(days=OLDEST_DAYS + 30)
    users = [_user(one, wish, id_at(born, rng.getrandbits(74)), born) for one in world.people]
    workspace = Workspace(
        id=id_at(born, rng.getrandbits(74)),
        slug=slug(world.workspace),
        name=world.workspace,
        created_at=born,
    )
    where = _Workspace(workspace.id)
    # everywhere: neither the people nor the workspace are there yet
    async with database.everywhere().transaction() as tx:
        await _require_free(tx, workspace, users)
        owner = await _owner(tx, wish.owner)
        members = _members(world, workspace, users, owner)
        await queries.insert_all(tx, [*users, workspace, *members, _ideas(workspace, users[0])])
    place = Place(workspace.id, {user.name: user.id for user in users}, wish.now)
    stories = Teller(material(), wish.seed, wish.now).stories(wish.prompts)
    try:
        await _write(database, place, stories, rng, done)
    except BaseException:
        async with database.within(where).transaction() as tx:
            await queries.remove(tx, where, place.people.values())
        raise
    return Made(workspace.slug, workspace.name, users[0].email, len(users), wish.prompts)


async def _write(
    database: Database,
    place: Place,
    stories: Iterator[Story],
    rng: Random,
    done: Callable[[int], None],
) -> None:
    inside = database.within(_Workspace(place.workspace_id))
    written = 0
    while batch := list(islice(stories, BATCH)):
        # Before the transaction: making them takes longer than writing them.
        rows = [row for story in batch for row in Telling(place, story, rng).rows()]
        async with inside.transaction() as tx:
            await queries.insert_all(tx, rows)
        written += len(batch)
        done(written)
        await asyncio.sleep(0)  # so that it can be stopped


async def _require_free(tx: AsyncSession, workspace: Workspace, users: list[User]) -> None:
    found = await queries.workspace(tx, workspace.slug)
    if found is not None:
        count = await queries.count(tx, _Workspace(found))
        raise DemoExists(
            f"The workspace {workspace.slug} is there already, with {count:,} prompts; nothing was "
            "changed. To make it anew, use a data folder or database of its own."
        )
    email = await queries.taken(tx, [user.email for user in users])
    if email is not None:
        raise DemoExists(f"Somebody has the e-mail {email} already; nothing was changed.")


async def _owner(tx: AsyncSession, email: str) -> UUID | None:
    if not email:
        return None
    found = await queries.person(tx, email.strip().lower())
    if found is None:
        raise NotFound(f"Nobody has the e-mail {email}. Run promptroom user create first.")
    return found


def _user(person: Person, wish: Wish, user_id: UUID, at: datetime) -> User:
    first, *rest = slug(person.name).split("-")
    return User(
        id=user_id,
        email=f"{'.'.join([first, *rest])}@{DOMAIN}",
        name=person.name,
        hue=person.hue,
        password_hash=wish.password_hash,
        created_at=at,
    )


def _ideas(workspace: Workspace, owner: User) -> Folder:
    """A folder that waits for its first prompt."""
    return Folder(
        workspace_id=workspace.id,
        path="Ideas",
        created_by=f"user:{owner.id}",
        created_at=workspace.created_at,
    )


def _members(
    world: World, workspace: Workspace, users: list[User], owner: UUID | None
) -> Iterator[Model]:
    roles = [(user.id, person.role) for user, person in zip(users, world.people, strict=True)]
    if owner is not None:
        roles.append((owner, Role.OWNER.value))
    for user_id, role in roles:
        yield Member(
            workspace_id=workspace.id, user_id=user_id, role=role, joined_at=workspace.created_at
        )
