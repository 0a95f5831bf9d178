"""Open pages: told within a moment, of their own alone, for as long as they may listen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from app.access.permissions import Role
from app.db.engine import Database
from app.domain.accounts.service import People
from app.domain.inbox import streams as module
from app.domain.inbox.streams import MOST_OF_ONE, Streams
from app.domain.rooms.events import ACCESS_TOPIC, ROOM_TOPIC, AccessChanged, RoomEvent
from app.domain.workspaces.service import Members
from app.kit.bus_memory import MemoryBus
from app.kit.supervise import Supervisor
from tests.support.builders import Place, Somebody, a_member, a_prompt, a_workspace, as_member
from tests.support.inboxes import MadeThread, a_thread, happens

pytestmark = pytest.mark.anyio


class Tab:
    """A page that listens."""

    def __init__(self, events: AsyncIterator[bytes]) -> None:
        self._events = events
        self._coming: asyncio.Future[bytes] | None = None

    async def next(self, seconds: float = 1.0) -> tuple[str, Any]:
        """One that does not come in time is still awaited the next time."""
        self._coming = self._coming or asyncio.ensure_future(anext(self._events))  # type: ignore[arg-type]
        if not (await asyncio.wait((self._coming,), timeout=seconds))[0]:
            raise TimeoutError
        coming, self._coming = self._coming, None
        lines = dict(line.split(": ", 1) for line in coming.result().decode().strip().split("\n"))
        return lines["event"], json.loads(lines["data"])

    async def is_quiet(self, seconds: float = 0.25) -> bool:
        try:
            await self.next(seconds)
        except TimeoutError:
            return True
        return False

    async def close(self) -> None:
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.wait((self._coming,))
        await self._events.aclose()  # type: ignore[attr-defined]


@pytest.fixture
async def bus() -> AsyncIterator[MemoryBus]:
    bus = MemoryBus()
    yield bus
    await bus.stop()


@pytest.fixture
async def streams(database: Database, bus: MemoryBus) -> AsyncIterator[Streams]:
    tasks = Supervisor()
    streams = Streams(database, bus, tasks)
    yield streams
    await streams.stop()
    await tasks.stop()


@pytest.fixture
async def place(database: Database) -> Place:
    return await a_workspace(database)


@pytest.fixture
async def thread(database: Database, place: Place) -> MadeThread:
    return await a_thread(database, place, await a_prompt(database, place))


async def opened(
    streams: Streams, database: Database, place: Place, who: Somebody, room: Any = None
) -> Tab:
    """Past its greeting and the first count."""
    tab = Tab(streams.events(await as_member(database, place, who), room))
    assert (await tab.next())[0] == "hello"
    assert (await tab.next())[0] == "unread"
    return tab


async def reply(
    database: Database, thread: MadeThread, bus: MemoryBus, by: Somebody, *to: Somebody
) -> None:
    await happens(database, thread, "comment.added", by, body="So", participants=[by, *to], bus=bus)


async def test_a_count_arrives_where_it_belongs_and_nowhere_else(
    streams: Streams, database: Database, bus: MemoryBus, place: Place, thread: MadeThread
) -> None:
    author, other = await a_member(database, place), await a_member(database, place)
    mine, theirs = (
        await opened(streams, database, place, place.owner),
        await opened(streams, database, place, other),
    )
    elsewhere = await a_workspace(database, "Elsewhere", place.owner)
    abroad = await opened(streams, database, elsewhere, place.owner)
    await reply(database, thread, bus, author, place.owner)
    assert await mine.next() == ("unread", {"count": 1})
    assert await abroad.next() == ("unread", {"count": 0})  # of that workspace
    assert await theirs.is_quiet()


async def test_much_at_once_is_told_once(
    streams: Streams, database: Database, bus: MemoryBus, place: Place, thread: MadeThread
) -> None:
    author = await a_member(database, place)
    tab = await opened(streams, database, place, place.owner)
    waiting = asyncio.create_task(tab.next())
    for _ in range(5):
        await reply(database, thread, bus, author, place.owner)
    assert await waiting == ("unread", {"count": 1})
    assert await tab.is_quiet()


async def test_what_happens_to_the_prompt_that_is_shown(
    streams: Streams, database: Database, bus: MemoryBus, place: Place, thread: MadeThread
) -> None:
    tab = await opened(streams, database, place, place.owner, thread.prompt.room_id)
    for room_id in (thread.id, thread.prompt.room_id):
        told = RoomEvent(room_id, "label.moved", {}, None)
        bus.publish(ROOM_TOPIC, msgspec.json.encode(told))
    assert await tab.next() == ("activity", {"kinds": ["label.moved"]})
    assert await tab.is_quiet()


@pytest.mark.parametrize("how", ["removed", "signed out"])
async def test_who_may_not_listen_any_more_is_told_so_within_a_second(
    streams: Streams, database: Database, bus: MemoryBus, place: Place, how: str
) -> None:
    member = await a_member(database, place, Role.VIEWER)
    tab, owners = (
        await opened(streams, database, place, member),
        await opened(streams, database, place, place.owner),
    )
    owner = await as_member(database, place, place.owner)
    async with database.everywhere().transaction() as tx:
        if how == "removed":
            await Members(tx, owner).remove(member.id)
        else:
            await People(tx).end_session(member.secret)
    change = AccessChanged(None if how == "signed out" else place.id, member.actor)
    bus.publish(ACCESS_TOPIC, msgspec.json.encode(change))
    assert (await tab.next())[0] == "gone"
    with pytest.raises(StopAsyncIteration):
        await tab.next()
    assert await owners.is_quiet()


async def test_rights_that_went_while_it_opened_are_noticed(
    streams: Streams, database: Database, place: Place
) -> None:
    member = await a_member(database, place)
    who = await as_member(database, place, member)  # as the handler found out
    owner = await as_member(database, place, place.owner)
    async with database.everywhere().transaction() as tx:
        await Members(tx, owner).remove(member.id)
    tab = Tab(streams.events(who))
    assert [(await tab.next())[0] for _ in range(2)] == ["hello", "gone"]


async def test_a_message_that_was_lost_costs_no_more_than_the_next_look(
    streams: Streams, database: Database, place: Place, thread: MadeThread
) -> None:
    author = await a_member(database, place)
    tab = await opened(streams, database, place, place.owner)
    await reply(database, thread, MemoryBus(), author, place.owner)  # on a bus that nobody hears
    assert await tab.is_quiet(0.2)
    streams._missed()
    assert await tab.next() == ("unread", {"count": 1})


async def test_one_person_has_so_many_and_no_more(
    streams: Streams, database: Database, place: Place
) -> None:
    tabs = [await opened(streams, database, place, place.owner) for _ in range(MOST_OF_ONE)]
    one_more = Tab(streams.events(await as_member(database, place, place.owner)))
    assert await one_more.next() == ("unread", {"count": 0})
    with pytest.raises(StopAsyncIteration):
        await one_more.next()
    other = await a_member(database, place)
    tabs.append(await opened(streams, database, place, other))
    for tab in tabs:
        await tab.close()
    assert [*streams._open, *streams._of_person, *streams._of_room] == []


async def test_a_worker_that_goes_ends_them_at_once(
    streams: Streams, database: Database, place: Place
) -> None:
    tab = await opened(streams, database, place, place.owner)
    waiting = asyncio.create_task(tab.next())
    await asyncio.sleep(0)
    streams.leave()
    assert (await waiting)[0] == "bye"
    with pytest.raises(StopAsyncIteration):
        await tab.next()
    late = Tab(streams.events(await as_member(database, place, place.owner)))
    assert (await late.next())[0] == "unread"
    with pytest.raises(StopAsyncIteration):
        await late.next()


async def test_silence_is_broken_before_a_proxy_does(
    streams: Streams, database: Database, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.02)
    events = streams.events(await as_member(database, place, place.owner))
    said = [await asyncio.wait_for(anext(events), 1) for _ in range(4)]
    assert said[2:] == [b":\n\n"] * 2
    await events.aclose()  # type: ignore[attr-defined]
