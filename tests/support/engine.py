"""The live engine alone, on a real server and a real database, with made-up people."""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
import sqlite3
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import uvicorn
from litestar import Litestar
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Role
from app.access.principal import Person, Principal
from app.db import migrate
from app.db.engine import Database
from app.db.postgres import connect
from app.db.wall import ACROSS
from app.domain.rooms.gate import Credentials
from app.domain.rooms.journal.journal import Done, Entry, Group, Store
from app.domain.rooms.queries import workspace_of
from app.domain.rooms.service import Documents
from app.domain.rooms.sockets import Rooms, enter
from app.domain.workspaces.models import Workspace
from app.errors import NotFound, Unauthenticated
from app.kit.bus import Bus
from app.kit.bus_memory import MemoryBus
from app.kit.clock import utc_now
from app.kit.ids import new_id
from app.kit.supervise import Supervisor
from app.server.processes.websocket_protocol import RoomProtocol
from app.server.wiring.live import live_engine
from app.settings import Settings
from tests.support.waiting import until


@dataclass
class Doorkeeper:
    """Lets in who presents a known name as bearer."""

    database: Database
    people: dict[str, Principal] = field(default_factory=dict)

    async def admit(self, document_id: UUID, credentials: Credentials) -> Principal:
        principal = self.people.get(credentials.bearer or credentials.ticket)
        if principal is None:
            raise Unauthenticated
        return await self.recheck(document_id, principal)

    async def recheck(self, document_id: UUID, principal: Principal) -> Principal:
        now = {known.actor: known for known in self.people.values()}.get(principal.actor)
        if now is None:
            raise Unauthenticated
        async with self.database.transaction(write=False) as tx:
            if await workspace_of(tx, document_id) != now.workspace_id:
                raise NotFound
        return now


# Of the folders whose engine is on PostgreSQL: where its database is.
URLS: dict[Path, str] = {}


def stored(data_dir: Path, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """What `statement` (`?` for each value) finds or changes, past the code under test."""
    if data_dir not in URLS:
        with sqlite3.connect(data_dir / "promptroom.db") as connection:
            return connection.execute(statement, values).fetchall()
    numbers = itertools.count(1)
    statement = re.sub(r"\?", lambda _: f"${next(numbers)}", statement)
    # In a loop of its own, since the caller's is running.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _on_postgres(URLS[data_dir], statement, values)).result()


async def _on_postgres(url: str, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    connection = await connect(url, ACROSS)
    try:
        return [tuple(row) for row in await connection.fetch(statement, *values)]
    finally:
        await connection.close()


@dataclass
class Engine:
    url: str
    rooms: Rooms
    database: Database
    doorkeeper: Doorkeeper
    workspace_id: UUID
    data_dir: Path
    disk: Disk

    def person(self, name: str, role: Role = Role.EDITOR) -> Principal:
        """Someone who may enter every room of the workspace with their name as bearer."""
        known = self.doorkeeper.people.get(name)
        user_id = known.user_id if known and known.user_id else new_id()
        person = Person(user_id, new_id(), name, f"{name}@example.org", "teal")
        principal = Principal.of_member(person, self.workspace_id, role)
        self.doorkeeper.people[name] = principal
        return principal

    async def document(self, text: str = "") -> UUID:
        document_id = new_id()
        async with self.database.transaction() as tx:
            await Documents(tx).create(document_id, self.workspace_id, text, "user:author")
        return document_id

    def room_url(self, document_id: UUID, *, ack: bool = True) -> str:
        return f"{self.url}/rooms/{document_id}" + ("?ack=1" if ack else "")


class Disk:
    """The journal's store, with a switch that makes every write fail."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.cause: str | None = None
        self.rows: list[tuple[int, Entry]] = []  # of every write that reached the disk

    def append(self, groups: Sequence[Group], done: Done) -> None:
        if self.cause is not None:
            asyncio.get_running_loop().call_soon(done, OSError(self.cause))
            return
        for group in groups:
            self.rows += enumerate(group.entries, group.after + 1)
        self._store.append(groups, done)

    async def close(self) -> None:
        await self._store.close()


async def _a_workspace(tx: AsyncSession) -> UUID:
    workspace = Workspace(id=new_id(), slug="test", name="Test", created_at=utc_now())
    tx.add(workspace)
    return workspace.id


@asynccontextmanager
async def running_engine(
    data_dir: Path, database_url: str = "", bus: Bus | None = None
) -> AsyncIterator[Engine]:
    """A server on a free port, in this process, on the data in `data_dir`.

    With a database on PostgreSQL several of them are the workers of one installation.
    """
    database_url = database_url or URLS.get(data_dir, "")
    settings = Settings(data_dir=data_dir, database_url=database_url)
    database = Database(settings.database).everywhere()
    data_dir.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240  # a test may wait for the disk
    await migrate.upgrade(database)
    async with database.transaction() as tx:
        workspace_id = await _the_workspace(tx) or await _a_workspace(tx)
    bus, tasks = bus or MemoryBus(), Supervisor()
    await bus.start()
    doorkeeper = Doorkeeper(database)
    async with live_engine(settings, database, bus, tasks, doorkeeper) as rooms:
        disk = rooms.hub.journal._store = Disk(rooms.hub.journal._store)
        app = Litestar([enter], openapi_config=None, logging_config=None)
        app.state.rooms = rooms
        async with _serving(app) as port:
            yield Engine(
                url=f"ws://127.0.0.1:{port}",
                rooms=rooms,
                database=database,
                doorkeeper=doorkeeper,
                workspace_id=workspace_id,
                data_dir=data_dir,
                disk=disk,
            )
        await tasks.stop()
    await bus.stop()
    await database.close()


async def _the_workspace(tx: AsyncSession) -> UUID | None:
    workspace_id: UUID | None = (await tx.execute(select(Workspace.id))).scalar_one_or_none()
    return workspace_id


@asynccontextmanager
async def _serving(app: Litestar) -> AsyncIterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        ws=RoomProtocol,
        ws_max_size=4 * 1024 * 1024 + 65536,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    try:
        yield listener.getsockname()[1]
    finally:
        # Not the server's own shutdown: that one sleeps between its looks.
        for listening in server.servers:
            listening.close()
        listener.close()
        for connection in tuple(server.server_state.connections):
            connection.shutdown()
        await until(lambda: not (server.server_state.connections or server.server_state.tasks))
