"""What operators do from the command line, without a running server."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from app.access.permissions import Role
from app.db import migrate
from app.db.engine import Database
from app.domain.accounts.passwords import Passwords
from app.domain.accounts.service import Signup
from app.domain.keys import service as keys
from app.domain.workspaces import service as workspaces
from app.errors import Conflict, Invalid
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class NewUser:
    """Who is to be made."""

    email: str
    name: str | None
    password: str
    workspace: str | None
    role: str


async def make_user(settings: Settings, new: NewUser) -> str:
    """A sentence about the person made."""
    if new.role not in list(Role):
        raise Invalid(f"There is no role {new.role!r}; roles are {', '.join(Role)}.")
    name = new.name or new.email.partition("@")[0]
    signup = await Signup.of(Passwords(), name, new.email, new.password)
    async with _ready(settings) as database, database.transaction() as tx:
        where = await workspaces.named(tx, new.workspace) if new.workspace else None
        person = await workspaces.create_user(tx, signup, where, Role(new.role))
    place = f" as {new.role} of {new.workspace}" if new.workspace else ""
    return f"{person.email} can sign in{place}."


async def make_key(settings: Settings, workspace: str, name: str, scopes: Iterable[str]) -> str:
    """The key itself."""
    async with _ready(settings) as database, database.transaction() as tx:
        where = await workspaces.named(tx, workspace)
        return await keys.create_key(tx, where, name, scopes)


@asynccontextmanager
async def _ready(settings: Settings) -> AsyncGenerator[Database, None]:
    """The database, refused when its schema is not this release's."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    try:
        if not migrate.suits(await migrate.current(database)):
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
