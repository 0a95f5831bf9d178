"""People, workspaces, members and keys for tests: made by the services, in one line each."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher

from app.access.permissions import Role
from app.access.principal import Principal
from app.db.engine import Database
from app.domain.accounts import service as accounts
from app.domain.accounts.service import Browser, People, Signup
from app.domain.composition.guarding import Guard
from app.domain.keys import service as keys
from app.domain.prompts.service import NewPrompt, Prompts
from app.domain.workspaces import queries, service
from app.domain.workspaces.service import Workspaces

PASSWORD = "a long pass phrase"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Somebody:
    """A person with an open session."""

    id: UUID
    name: str
    email: str
    secret: str  # of the session: the cookie's value

    @property
    def actor(self) -> str:
        return f"user:{self.id}"

    @property
    def cookies(self) -> dict[str, str]:
        return {"session": self.secret}

    @property
    def headers(self) -> dict[str, str]:
        """To send along by hand, so that two people can share a client."""
        return {"Cookie": f"session={self.secret}"}


@dataclass(frozen=True)
class Place:
    """A workspace and its first owner."""

    id: UUID
    slug: str
    name: str
    owner: Somebody


@dataclass(frozen=True)
class Key:
    id: UUID
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@cache
def password_hash() -> str:
    """Of PASSWORD; made once, since making it takes its time on purpose."""
    return PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(PASSWORD)


async def a_person(database: Database, name: str = "Priya Natarajan", email: str = "") -> Somebody:
    email = email or f"{name.split(maxsplit=1)[0].lower()}{next(_numbers)}@example.com"
    async with database.everywhere().transaction() as tx:
        people = People(tx)
        user = await people.add(Signup(name=name, email=email, password_hash=password_hash()))
        secret = await people.open_session(user.id, Browser("192.0.2.7", FIREFOX))
    return Somebody(user.id, name, email, secret)


async def a_workspace(
    database: Database, name: str = "Larkspur", owner: Somebody | None = None
) -> Place:
    owner = owner or await a_person(database, "Maya Olsen")
    async with database.everywhere().transaction() as tx:
        workspace = await Workspaces(tx).create(owner.id, name)
    return Place(workspace.id, workspace.slug, workspace.name, owner)


async def a_member(
    database: Database,
    place: Place,
    role: Role | str = Role.EDITOR,
    name: str = "Kenji Watanabe",
    person: Somebody | None = None,
) -> Somebody:
    person = person or await a_person(database, name)
    async with database.everywhere().transaction() as tx:
        await Workspaces(tx).add_member(place.id, person.id, Role(role))
    return person


async def a_key(database: Database, place: Place, *scopes: str, name: str = "checkout") -> Key:
    async with database.everywhere().transaction() as tx:
        workspace = await service.named(tx, place.slug)
        key = await keys.create_key(tx, workspace, name, scopes or ("read", "write"))
    async with database.everywhere().transaction(write=False) as tx:
        principal, _ = await keys.recognise(tx, key)
    return Key(principal.credential_id, key)


async def as_member(database: Database, place: Place, person: Somebody) -> Principal:
    """The principal that `person` is in `place`, for tests of services."""
    async with database.everywhere().transaction(write=False) as tx:
        found = await accounts.recognise(tx, person.secret)
        assert found is not None
        return await service.enter(tx, found[0], place.slug)


async def role_of(database: Database, place: Place, person: Somebody) -> str | None:
    """What the database says, past every service."""
    async with database.everywhere().transaction(write=False) as tx:
        member = await queries.membership(tx, place.id, person.id)
    return member.role if member else None


def use(client: Any, person: Somebody) -> Any:
    """Have `client` send this person's cookie from now on; gives the client."""
    client.cookies.clear()
    client.cookies.set("session", person.secret, domain="promptroom.test", path="/")
    return client


@dataclass(frozen=True)
class MadePrompt:
    """A prompt and its room."""

    id: UUID
    room_id: UUID
    name: str


class Quiet:
    """For services whose news nobody hears."""

    def announce(self, document_id: UUID, kind: str, data: dict[str, Any], by: object) -> None:
        pass


async def a_prompt(
    database: Database,
    place: Place,
    name: str = "",
    *,
    by: Somebody | None = None,
    **given: Any,
) -> MadePrompt:
    """Made by `by`, the workspace's owner if nobody is named; `given` as in `NewPrompt`."""
    caller = await as_member(database, place, by or place.owner)
    new = NewPrompt(name=name or f"support/prompt-{next(_numbers)}", **given)
    async with database.everywhere().transaction() as tx:
        opened = await Prompts(tx, caller, Quiet(), Guard()).create(new)
    return MadePrompt(opened.prompt.id, opened.branch.id, opened.prompt.name)
