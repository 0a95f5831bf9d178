"""The live engine has connections of its own: rooms and pages never wait for each other's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar
from sqlalchemy import text

from app.db.engine import Database
from app.domain.rooms import limits
from app.domain.rooms.gate import Credentials
from app.domain.rooms.sockets import _admit
from app.server.core import state_of
from app.settings import Settings
from tests.support.builders import Key, a_key, a_workspace
from tests.support.crowd import crowd

pytestmark = pytest.mark.anyio

AT_ONCE_SECONDS = 1.0  # a pool makes one wait five


@pytest.fixture
def app(assembled: Litestar, either_url: str, tmp_path: Path) -> Litestar:
    settings = Settings(data_dir=tmp_path, database_url=either_url, secret_key="k" * 48)
    assembled.state = state_of(settings)
    return assembled


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[Any]:
    async with crowd(app) as client:
        yield client


@pytest.fixture
async def key(either: Database) -> Key:
    return await a_key(either, await a_workspace(either))


@pytest.fixture
async def room(client: Any, key: Key) -> str:
    body = {"name": "a", "text": "x"}
    answer = await client.post("/api/v1/prompts", json=body, headers=key.headers)
    room: str = answer.json()["room"]["id"]
    return room


def all_of(database: Database) -> int:
    """How many connections it opens at most."""
    pool: Any = database.engine.pool
    return int(pool.size() + pool._max_overflow)


@asynccontextmanager
async def busy(database: Database, connections: int) -> AsyncIterator[None]:
    """So many of its connections held, as by slow readers."""
    async with AsyncExitStack() as held:
        for _ in range(connections):
            tx = await held.enter_async_context(database.transaction(write=False))
            await tx.execute(text("SELECT 1"))
        yield


async def enters(rooms: Any, room: str, key: Key) -> None:
    """As the socket does; whether it waited for nobody."""
    async with asyncio.timeout(AT_ONCE_SECONDS):
        _, open_ = await _admit(rooms, room, Credentials(bearer=key.key))
    open_.borrowers -= 1


async def test_pages_are_answered_while_rooms_hold_all_of_theirs(
    app: Litestar, client: Any, key: Key, room: str
) -> None:
    of_rooms = app.state.rooms.hub.log._database
    async with busy(of_rooms, all_of(of_rooms)):
        async with asyncio.timeout(AT_ONCE_SECONDS):
            answer = await client.get("/api/v1/prompts", headers=key.headers)
    assert answer.status_code == 200
    assert UUID(room)


async def test_somebody_joins_while_pages_hold_all_of_theirs(
    app: Litestar, client: Any, key: Key, room: str
) -> None:
    rooms = app.state.rooms
    rooms.hub.rooms.clear()  # so that it has to be read
    async with busy(app.state.database, all_of(app.state.database)):
        await enters(rooms, room, key)


async def test_a_right_is_looked_at_in_the_middle_of_a_burst_of_joins(
    app: Litestar, client: Any, key: Key, room: str
) -> None:
    """Joins leave a connection to those who must lose theirs within a second."""
    rooms = app.state.rooms
    principal, open_ = await _admit(rooms, room, Credentials(bearer=key.key))
    async with busy(rooms.hub.log._database, limits.JOINS_AT_ONCE):
        async with asyncio.timeout(AT_ONCE_SECONDS):
            now = await rooms.gate.keeper.recheck(UUID(room), principal)
    assert now.actor == principal.actor
    open_.borrowers -= 1
    assert limits.JOINS_AT_ONCE < limits.DATABASE_CONNECTIONS  # on SQLite there are more
