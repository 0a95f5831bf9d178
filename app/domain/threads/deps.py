"""How handlers get this slice's services."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery

from app.access.principal import Principal
from app.db.engine import Database
from app.domain.prompts.ports import Rooms
from app.domain.threads.placing import Placing
from app.domain.threads.policy import Filter
from app.domain.threads.ports import Audience
from app.domain.threads.reading import Conversations
from app.domain.threads.service import Threads
from app.domain.versions.policy import DRAFT
from app.web.deps import Caller, Db, Tx


@dataclass(frozen=True, slots=True)
class Table:
    """For handlers that ask a room, which no transaction may wait for: they open short ones."""

    database: Database  # within the caller's workspace
    caller: Principal
    rooms: Rooms
    audience: Audience

    @property
    def placing(self) -> Placing:
        return Placing(self.database, self.caller, self.rooms)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Conversations]:
        async with self.database.transaction(write=False) as tx:
            yield Conversations(tx, self.caller, self.rooms)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[tuple[Threads, Conversations]]:
        """Both in one transaction: what was changed is read as it is then."""
        async with self.database.transaction() as tx:
            threads = Threads(tx, self.caller, self.rooms, self.audience)
            yield threads, Conversations(tx, self.caller, self.rooms)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which threads a list is to have, and in which text their words are looked for."""

    filter: Filter
    of: str  # draft, or a version


WantedDep = NamedDependency[Wanted]
ThreadsDep = NamedDependency[Threads]
ConversationsDep = NamedDependency[Conversations]
TableDep = NamedDependency[Table]
_Rooms = NamedDependency[Rooms]
_Audience = NamedDependency[Audience]


async def provide_threading(tx: Tx, caller: Caller, rooms: _Rooms, audience: _Audience) -> Threads:
    return Threads(tx, caller, rooms, audience)


async def provide_conversations(tx: Tx, caller: Caller, rooms: _Rooms) -> Conversations:
    return Conversations(tx, caller, rooms)


async def provide_table(database: Db, caller: Caller, rooms: _Rooms, audience: _Audience) -> Table:
    return Table(database.within(caller), caller, rooms, audience)


async def provide_wanted(
    filter: FromQuery[Filter] = "open",  # noqa: A002  # as it is called in addresses
    of: FromQuery[str] = DRAFT,
) -> Wanted:
    return Wanted(filter, of)


PROVIDERS = {
    "wanted": Provide(provide_wanted),
    "threading": Provide(provide_threading),
    "conversations": Provide(provide_conversations),
    "table": Provide(provide_table),
}
