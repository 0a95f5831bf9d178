"""Live editing: latency, throughput, joins and memory, beside a bare relay in the same run.

`python -m benchmarks.live [--only WORD] [--seconds N] [--repeat N]`
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import uvloop

from app.domain.rooms import encoding, protocol
from benchmarks.figures import Table, cpu_seconds, milliseconds, percentile, resident_bytes
from benchmarks.large import large_history
from benchmarks.target import Target, product, relay
from benchmarks.wire import Client, Writer, age, connect, stamped

BARRIER = bytes((protocol.BARRIER,))


@dataclass
class Seen:
    """What came back during one scenario."""

    relayed: list[float] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)
    presence: list[float] = field(default_factory=list)
    edits: int = 0

    def take(self, _client: Client, message: bytes) -> None:
        if message[:2] == b"\x00\x02":
            self.relayed.append(age(message) or 0.0)
        elif message[:1] == BARRIER:
            self.acknowledged.append((time.perf_counter_ns() - int(message[2:])) / 1e9)


async def rooms_of(target: Target, rooms: int, people: int) -> list[list[Client]]:
    """`rooms` rooms with `people` synced connections each."""
    opened = [
        [
            await connect(target.host, target.port, path, target.headers(person))
            for person in range(people)
        ]
        for path in await target.rooms(rooms)
    ]
    await asyncio.gather(*(client.synced for room in opened for client in room))
    return opened


async def close(rooms: list[list[Client]]) -> None:
    for room in rooms:
        for client in room:
            client.transport.abort()
    await asyncio.sleep(0.2)


async def type_on(client: Client, rate: float, seconds: float, seen: Seen) -> None:
    """Edit at `rate` per second, each edit with a barrier."""
    writer = Writer(random.getrandbits(31))
    await asyncio.sleep(random.random() / rate)
    at = time.perf_counter()
    end = at + seconds
    while at < end:
        client.send(protocol.sync_update(writer.update(stamped())))
        client.send(protocol.barrier(str(time.perf_counter_ns()).encode()))
        seen.edits += 1
        at += 1 / rate
        await asyncio.sleep(max(0.0, at - time.perf_counter()))


async def steady(
    target: Target, rooms: int, people: int, editors: int, rate: float, seconds: float
) -> tuple[Seen, float]:
    """Editors type steadily; answers what was seen and the server's CPU seconds."""
    opened = await rooms_of(target, rooms, people)
    seen = Seen()
    for room in opened:
        for client in room:
            client.on_message = seen.take
    before = cpu_seconds(target.pids)
    await asyncio.gather(
        *(type_on(client, rate, seconds, seen) for room in opened for client in room[:editors])
    )
    expected = seen.edits * (people - 1)
    for _ in range(100):
        if len(seen.relayed) >= expected and len(seen.acknowledged) >= seen.edits:
            break
        await asyncio.sleep(0.05)
    cpu = cpu_seconds(target.pids) - before
    await close(opened)
    return seen, cpu


def told(seen: Seen, cpu: float, people: int) -> str:
    lost = seen.edits * (people - 1) - len(seen.relayed)
    per_thousand = cpu / max(1, len(seen.relayed)) * 1000
    return (
        f"relay {milliseconds(seen.relayed)} · acknowledged {milliseconds(seen.acknowledged)} · "
        f"CPU {per_thousand:.3f} s per 1,000 deliveries · "
        f"{len(seen.relayed)} delivered, {lost} missing"
    )


async def one_to_one(target: Target, table: Table, seconds: float) -> None:
    seen, cpu = await steady(target, 1, 2, 1, 20, seconds)
    table.add("1 editor → 1 viewer, 20 edits/s", target.name, told(seen, cpu, 2))


async def hundred_rooms(target: Target, table: Table, seconds: float) -> None:
    seen, cpu = await steady(target, 100, 5, 1, 5, seconds)
    table.add("500 in 100 rooms, 1 editor each, 5/s", target.name, told(seen, cpu, 5))


async def ten_rooms(target: Target, table: Table, seconds: float) -> None:
    seen, cpu = await steady(target, 10, 50, 2, 5, seconds)
    table.add("500 in 10 rooms, 2 editors each, 5/s", target.name, told(seen, cpu, 50))


async def one_room(target: Target, table: Table, seconds: float) -> None:
    seen, cpu = await steady(target, 1, 100, 100, 2, seconds)
    table.add("100 in 1 room, all editing, 2/s", target.name, told(seen, cpu, 100))


async def highest_rate(target: Target, table: Table, seconds: float) -> None:
    """Raise the rate until p99 passes 100 ms or something is missing."""
    best = 0.0
    for per_room in (20, 50, 100, 150, 200, 250, 300):
        editors = 5
        seen, _ = await steady(target, 100, 5, editors, per_room / editors, seconds / 2)
        missing = seen.edits * 4 - len(seen.relayed)
        rate = seen.edits / (seconds / 2)
        if missing or percentile(seen.relayed, 0.99) > 0.1:
            break
        best = rate
    table.add("highest rate, 100 rooms of 5, p99 ≤ 100 ms", target.name, f"{best:,.0f} edits/s")


async def presence(target: Target, table: Table, seconds: float) -> None:
    """200 people move their cursors five times a second; who sees them how late."""
    (room,) = await rooms_of(target, 1, 200)
    seen = Seen()
    sent: dict[tuple[int, int], float] = {}

    def take(_client: Client, message: bytes) -> None:
        if message[0] == protocol.AWARENESS:
            now = time.perf_counter()
            reader = encoding.Reader(encoding.Reader(message, 1).sized())
            for _ in range(reader.uint()):
                client, clock, _state = reader.uint(), reader.uint(), reader.sized()
                if (at := sent.get((client, clock))) is not None:
                    seen.presence.append(now - at)

    room[-1].on_message = take

    async def move(client: Client) -> None:
        me = random.getrandbits(31)
        await asyncio.sleep(random.random() / 5)
        for clock in range(1, int(seconds * 5)):
            state = f'{{"cursor":null,"mode":"editing","active":{clock}}}'
            payload = b"\x01" + encoding.uint(me) + encoding.uint(clock) + encoding.text(state)
            sent[me, clock] = time.perf_counter()
            client.send(protocol.awareness(payload))
            await asyncio.sleep(0.2)

    before = cpu_seconds(target.pids)
    await asyncio.gather(*(move(client) for client in room[:-1]))
    await asyncio.sleep(1.5)
    cpu = cpu_seconds(target.pids) - before
    p50, p95 = percentile(seen.presence, 0.5) * 1e3, percentile(seen.presence, 0.95) * 1e3
    figures = f"p50 {p50:.0f} p95 {p95:.0f} ms · CPU {cpu / seconds:.2f} s/s"
    table.add("200 in 1 room moving cursors, 5/s", target.name, figures)
    await close([room])


async def join_storm(target: Target, table: Table, _seconds: float) -> None:
    """200 join at once a document of 100,000 edits."""
    (path,) = await target.rooms(1)
    writer = await connect(target.host, target.port, path, target.headers(0))
    await writer.synced
    done = asyncio.Event()
    writer.on_message = lambda _c, m: done.set() if m[:1] == BARRIER else None
    size = 0
    for update in large_history(100_000, 5_000):
        done.clear()
        writer.send(protocol.sync_step2(update))
        writer.send(protocol.barrier(b"1"))
        await asyncio.wait_for(done.wait(), 60)
        size += len(update)
    started = time.perf_counter()
    clients = await asyncio.gather(
        *(connect(target.host, target.port, path, target.headers(person)) for person in range(200))
    )
    synced = [await client.synced - started for client in clients]
    table.add(
        "join storm: 200 on 100,000 edits",
        target.name,
        f"all synced: {milliseconds(synced)} · {size // 1024} KiB of updates",
    )
    await close([[writer], list(clients)])


async def idle_memory(target: Target, table: Table, _seconds: float) -> None:
    """What 2,000 connections that do nothing cost, in rooms of 20."""
    warm = await rooms_of(target, 20, 20)
    before = resident_bytes(target.pids)
    opened = await rooms_of(target, 100, 20)
    await asyncio.sleep(1)
    each = (resident_bytes(target.pids) - before) / 2000 / 1024
    table.add("2,000 idle connections in 100 rooms", target.name, f"{each:.1f} KiB each")
    await close(warm + opened)


async def two_thousand(target: Target, table: Table, seconds: float) -> None:
    seen, cpu = await steady(target, 500, 4, 1, 2, seconds)
    table.add("2,000 in 500 rooms, 500 editing, 2/s", target.name, told(seen, cpu, 4))


Scenario = Callable[[Target, Table, float], Awaitable[None]]
BESIDE_RELAY: list[Scenario] = [
    one_to_one,
    hundred_rooms,
    ten_rooms,
    one_room,
    highest_rate,
    two_thousand,
    idle_memory,
]
ALONE: list[Scenario] = [presence, join_storm]  # a relay keeps nothing that could be joined


async def run(only: str, seconds: float, repeat: int) -> None:
    table = Table()
    for scenario in BESIDE_RELAY + ALONE:
        if only not in scenario.__name__:
            continue
        for _ in range(repeat):
            async with product() as target:
                await scenario(target, table, seconds)
            if scenario in BESIDE_RELAY:
                async with relay() as target:
                    await scenario(target, table, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each scenario")
    parser.add_argument("--repeat", type=int, default=1)
    arguments = parser.parse_args()
    uvloop.run(run(arguments.only, arguments.seconds, arguments.repeat))


if __name__ == "__main__":
    main()
