"""What operators do from the command line, without a running server."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from app.access.permissions import Role
from app.db import migrate
from app.db import models as _tables  # noqa: F401  # registers every slice's tables
from app.db.engine import Database
from app.domain.accounts.passwords import Passwords
from app.domain.accounts.service import Signup
from app.domain.demo import service as demo
from app.domain.keys import service as keys
from app.domain.workspaces import service as workspaces
from app.errors import Conflict, Invalid
from app.kit import clock
from app.server.processes.claims import make_data
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class NewUser:
    """Who is to be made."""

    email: str
    name: str | None
    password: str
    workspace: str | None
    role: str


@dataclass(frozen=True, slots=True)
class Demo:
    """What kind of demo workspace is wanted; no password = one by chance."""

    prompts: int
    seed: int
    owner: str
    password: str


async def make_user(settings: Settings, new: NewUser) -> str:
    """A sentence about the person made."""
    if new.role not in list(Role):
        raise Invalid(f"There is no role {new.role!r}; roles are {', '.join(Role)}.")
    name = new.name or new.email.partition("@")[0]
    signup = await Signup.of(Passwords(), name, new.email, new.password)
    async with ready(settings) as database, database.transaction() as tx:
        where = await workspaces.named(tx, new.workspace) if new.workspace else None
        person = await workspaces.create_user(tx, signup, where, Role(new.role))
    place = f" as {new.role} of {new.workspace}" if new.workspace else ""
    return f"{person.email} can sign in{place}."


async def make_key(settings: Settings, workspace: str, name: str, scopes: Iterable[str]) -> str:
    """The key itself."""
    async with ready(settings) as database, database.transaction() as tx:
        where = await workspaces.named(tx, workspace)
        return await keys.create_key(tx, where, name, scopes)


async def seed_demo(settings: Settings, wish: Demo, done: Callable[[int], None]) -> str:
    """A sentence about what was made, with the password if it was not given."""
    password = wish.password or secrets.token_urlsafe(12)
    signup = await Signup.of(Passwords(), "Demo", f"demo@{demo.DOMAIN}", password)
    now = clock.utc_now()
    plan = demo.Wish(wish.prompts, wish.seed, now, signup.password_hash, wish.owner)
    async with ready(settings, makes=True) as database:
        made = await demo.make(database, plan, done)
    return (
        f"{made.name} has {made.prompts:,} prompts by {made.people} people; its address ends in "
        f"/w/{made.slug}/. Sign in as {made.email}"
        + ("." if wish.password else f" with the password {password}")
    )


@asynccontextmanager
async def ready(settings: Settings, *, makes: bool = False) -> AsyncGenerator[Database, None]:
    """The database, refused when its schema is not this release's; an empty one may be set up."""
    make_data(settings.data_dir)
    database = Database(settings.database)
    try:
        revision = await migrate.current(database)
        if makes and not revision:
            await migrate.upgrade(database)
        elif not migrate.suits(revision):
            raise Conflict(
                "The database has not been set up for this release. Run: promptroom db upgrade."
            )
        yield database.everywhere()  # everywhere: the operator names the workspace
    finally:
        await database.close()


def route_table(settings: Settings) -> Iterator[str]:
    """`GET  /path  module.handler`, sorted by path."""
    from app.server.core import build  # noqa: PLC0415  # the framework, only for this command

    for route in sorted(build(settings).routes, key=lambda route: route.path):
        for methods, handler in _handlers(route):
            yield f"{methods:<14} {route.path_format:<56} {handler}"


def _handlers(route: Any) -> list[tuple[str, str]]:
    if not hasattr(route, "route_handler_map"):
        kind = "WS" if route.scope_type == "websocket" else "ASGI"
        return [(kind, str(route.route_handler))]
    found: dict[str, list[str]] = {}
    for method, (handler, _) in route.route_handler_map.items():
        found.setdefault(str(handler), []).append(str(method))
    return [(" ".join(sorted(methods)), name) for name, methods in found.items()]
