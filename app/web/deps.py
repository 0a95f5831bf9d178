"""The dependencies every handler may ask for, and the one transaction per request."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.doors import Doors
from app.access.principal import Person, Principal
from app.access.tickets import Tickets
from app.db.engine import Database

Tx = NamedDependency[AsyncSession]
SignedIn = NamedDependency[Person]  # a person with a session, in no particular workspace
Visitor = NamedDependency[Person | None]  # the same, or nobody yet
Caller = NamedDependency[Principal]  # a member or an API key, in one workspace

# What every page of a signed-in person is drawn with: page(request, "…", **shell, …).
PageShell = NamedDependency[dict[str, Any]]

# For handlers that open short transactions themselves, around slow work or a word to the rooms.
Db = NamedDependency[Database]
OpenDoors = NamedDependency[Doors]
RoomTickets = NamedDependency[Tickets]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class CallersWorkspace:
    """Where the request's caller acts. The caller may become known after the transaction does."""

    scope: Any

    @property
    def workspace_id(self) -> UUID | None:
        caller: Principal | None = self.scope["state"].get("caller")
        return caller.workspace_id if caller else None


async def provide_tx(
    request: Request[Any, Any, State], state: State
) -> AsyncGenerator[AsyncSession, None]:
    """The request's transaction: begun before the handler, committed before bytes are sent.

    It is in the caller's workspace; without a caller in none, where people and sessions are.
    The app's only generator dependency: two would be finished concurrently and wrap the error
    that a handler raised in an ExceptionGroup.
    """
    database: Database = state.database
    inside = database.within(CallersWorkspace(request.scope))
    async with inside.transaction(write=request.method not in _SAFE) as session:
        yield session
        # What a call that may be made again answers is kept with what it has changed.
        if (seal := request.scope["state"].get("seal")) is not None:
            await seal(session)
