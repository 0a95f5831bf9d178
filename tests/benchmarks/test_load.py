"""The load types as people do, counts what arrives, and says what does not."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from app.domain.rooms.guard.keystroke import typed
from app.domain.rooms.room.document import LiveDocument
from app.domain.rooms.wire import protocol
from benchmarks import wire
from benchmarks.figures import Goal, lines
from benchmarks.load import Load, load
from benchmarks.target import TEXT, Target

Deliver = Callable[[ServerConnection, bytes], Awaitable[None]]


@asynccontextmanager
async def loaded(deliver: Deliver, workers: int = 1) -> AsyncIterator[Load]:
    """A crowd before a relay of one room that hands edits on with `deliver`."""
    here: set[ServerConnection] = set()

    async def enter(connection: ServerConnection) -> None:
        here.add(connection)
        with contextlib.suppress(ConnectionClosed):
            await relay(connection)

    async def relay(connection: ServerConnection) -> None:
        async for message in connection:
            assert isinstance(message, bytes)
            if message[:2] == b"\x00\x00":
                await connection.send(b"\x00\x01\x02\x00\x00")
            elif message[0] == protocol.BARRIER:
                await connection.send(message)
            else:
                for other in here - {connection}:
                    await deliver(other, message)

    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(serve(enter, "127.0.0.1", 0, compression=None))
            for _ in range(workers)
        ]
        ports = [server.sockets[0].getsockname()[1] for server in servers]
        target = Target("relay", ports, [os.getpid()], lambda: "/room", [{}])
        yield await stack.enter_async_context(load(target))


async def deliver_all(to: ServerConnection, message: bytes) -> None:
    await to.send(message)


async def test_everything_that_arrives_is_counted_and_timed() -> None:
    async with loaded(deliver_all) as crowd:
        await crowd.open(1, 3)
        seen = await crowd.type(editors=2, rate=60, seconds=0.5)
    assert seen["edits"] == 60  # three in a write at most 20 times a second
    assert seen["delivered"] == 120
    assert seen["missing"] == 0
    assert 0 < seen["relayed"]["p50"] <= seen["relayed"]["p99"]
    assert seen["acknowledged"]["p50"] > 0
    assert seen["lost"] == []


async def test_half_of_a_room_is_at_the_other_worker_and_timed_apart() -> None:
    ports: list[int] = []
    hops: set[asyncio.Task[None]] = set()

    async def hop(to: ServerConnection, message: bytes) -> None:
        await asyncio.sleep(0.02)
        await to.send(message)

    async def deliver(to: ServerConnection, message: bytes) -> None:
        ports.append(to.local_address[1])
        if ports[-1] == crowd.target.ports[0]:
            await to.send(message)
        else:
            hops.add(asyncio.create_task(hop(to, message)))

    async with loaded(deliver, workers=2) as crowd:
        await crowd.open(1, 5)
        seen = await crowd.type(editors=1, rate=10, seconds=1)
    assert seen["missing"] == 0
    assert [ports.count(port) for port in crowd.target.ports] == [20, 20]  # two viewers at each
    assert seen["crossed"]["p50"] > 20
    assert seen["relayed"]["p50"] < seen["crossed"]["p50"]


@pytest.mark.parametrize(("times", "missing"), [(0, 1), (2, 1)], ids=["dropped", "doubled"])
async def test_what_does_not_come_exactly_once_is_missing(times: int, missing: int) -> None:
    number = count(1)

    async def deliver(to: ServerConnection, message: bytes) -> None:
        for _ in range(times if next(number) == 5 else 1):
            await to.send(message)

    async with loaded(deliver) as crowd:
        await crowd.open(1, 2)
        seen = await crowd.type(editors=1, rate=20, seconds=0.5, drain=0.5)
    assert seen["missing"] == missing


async def test_a_connection_that_the_server_closes_is_told() -> None:
    async def deliver(to: ServerConnection, message: bytes) -> None:
        await to.close(1013)

    async with loaded(deliver) as crowd:
        await crowd.open(1, 2)
        seen = await crowd.type(editors=1, rate=20, seconds=0.5)
    assert seen["lost"] == ["closed with 1013"]
    assert seen["missing"] > 0


def test_edits_are_the_ones_that_the_guard_takes_the_short_way() -> None:
    document = LiveDocument.of(TEXT, "user:author")
    author = wire.author_of(protocol.sync_step2(document.state()))
    writers = [wire.Writer(1000 + place, author, place) for place in range(3)]
    for number in range(9):
        writer = writers[number % 3]
        frame = writer.edit() + wire.stamp() + wire.UPDATE_END
        update = frame[len(wire.masked_head(frame[1] & 0x7F)) + 3 :]
        if number < 3:  # the guard learns whose the client id is
            document.guard.claim(1000 + number % 3, "user:typist")
        else:
            assert typed(update, document.guard._known) is not None
        verdict = document.guard.check(update, "user:typist")
        document.apply(update)
        document.guard.admit(verdict, "user:typist")
    assert len(document.text) == len(TEXT) + 9 * wire.STAMP


def test_figures_stand_beside_the_peers_and_the_target() -> None:
    ours = [{"relay p50, ms": 2.0}, {"relay p50, ms": 1.0}, {"relay p50, ms": 4.0}]
    told = lines(ours, [{"relay p50, ms": 1.0}], {"relay p50, ms": Goal(0.4)})
    assert told.split() == (
        "relay p50 2.00 ms (1.00 to 4.00) 1.00 ms 2.0 ≤ 0.4 ms: MISSED".split()  # noqa: SIM905
    )
    rate = {"edits, per second": 21_000.0}
    assert "met" in lines([rate], [], {"edits, per second": Goal(20_000, is_floor=True)})


async def test_the_load_keeps_to_its_timetable() -> None:
    async with loaded(deliver_all) as crowd:
        await crowd.open(1, 2)
        started = asyncio.get_running_loop().time()
        seen = await crowd.type(editors=2, rate=20, seconds=1)
    assert seen["edits"] == 40
    assert 0.9 < seen["took"] < asyncio.get_running_loop().time() - started
