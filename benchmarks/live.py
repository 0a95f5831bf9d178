"""Live editing: latency, throughput, joins and memory, beside a bare relay in the same run.

`python -m benchmarks [--only WORD] [--seconds N] [--repeat N]`
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field

import uvloop

from benchmarks import comparing, fetching, library, rendering, sdk, where_used
from benchmarks.figures import Figures, Goal, head, lines
from benchmarks.load import Load, keep_apart, load
from benchmarks.shared import SharedTarget, pieces, two_workers
from benchmarks.target import Target, beside_relay, by_itself

Measure = Callable[[Load, float], Awaitable[Figures]]
Targets = Callable[[], AbstractAsyncContextManager[list[Target]]]

EDITING = 5 * 100  # people in the search for the highest rate
MOST_EACH = 60  # edits per second: what a room takes from one connection
SLOWEST = 100.0  # milliseconds at p99 that a rate may cost
SAMPLE = 0.1  # of the connections, at which the highest rates' latency is taken


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    measure: Measure
    rooms: int = 0
    people: int = 0
    goals: dict[str, Goal] = field(default_factory=dict)
    targets: Targets = beside_relay
    pieces: Callable[[Target, float], Awaitable[Figures]] | None = None  # of the last target's way
    repeats: bool = True


def typing(editors: int, rate: float) -> Measure:
    """Some of each room type steadily."""

    async def measure(load: Load, seconds: float) -> Figures:
        await load.type(editors, rate, 0.5)  # each writer's first edit names its place anew
        before = load.target.cpu_seconds()
        seen = await load.type(editors, rate, seconds)
        cpu = load.target.cpu_seconds() - before
        return {
            "relay p50, ms": seen["relayed"]["p50"],
            "relay p99, ms": seen["relayed"]["p99"],
            "acknowledged p50, ms": seen["acknowledged"]["p50"],
            "acknowledged p99, ms": seen["acknowledged"]["p99"],
            "CPU per 1,000 deliveries, s": cpu / seen["delivered"] * 1000,
            "missing or doubled, deliveries": seen["missing"],
            "sent too late p99, ms": seen["load"]["late"],
        }

    return measure


def across(editors: int, rate: float) -> Measure:
    """The same with half of each room at either of two workers; who types is at both in turns."""

    async def measure(load: Load, seconds: float) -> Figures:
        assert isinstance(load.target, SharedTarget)
        await load.type(editors, rate, 0.5)
        before = load.target.cpu_seconds(), load.target.services_cpu_seconds()
        seen = await load.type(editors, rate, seconds)
        workers = load.target.cpu_seconds() - before[0]
        services = load.target.services_cpu_seconds() - before[1]
        return {
            "to the other worker p50, ms": seen["crossed"]["p50"],
            "to the other worker p99, ms": seen["crossed"]["p99"],
            "relay on one worker p50, ms": seen["relayed"]["p50"],
            "relay on one worker p99, ms": seen["relayed"]["p99"],
            "acknowledged p50, ms": seen["acknowledged"]["p50"],
            "acknowledged p99, ms": seen["acknowledged"]["p99"],
            "CPU per 1,000 deliveries, s": workers / seen["delivered"] * 1000,
            "PostgreSQL's and Redis's CPU, s": services / seen["delivered"] * 1000,
            "missing or doubled, deliveries": seen["missing"],
            "sent too late p99, ms": seen["load"]["late"],
        }

    return measure


async def highest(load: Load, seconds: float) -> Figures:
    """Raise the rate until p99 passes 100 ms, something is missing or the load gives out."""
    is_limited = load.target.name == "Promptroom"
    best: Figures = {"edits per second, ": 0.0}
    rate, step = 2_500, 2_500
    while rate <= (EDITING * MOST_EACH if is_limited else 80_000):
        await load.open(100, 5)
        before = load.target.cpu_seconds()
        seen = await load.type(5, rate / EDITING, seconds / 2, SAMPLE)
        cpu = load.target.cpu_seconds() - before
        await load.close()
        if seen["missing"] or seen["relayed"]["p99"] > SLOWEST or seen["took"] > seconds / 2 + 1:
            break
        best = {
            "edits per second, ": seen["edits"] / seen["took"],
            "relay p99 there, ms": seen["relayed"]["p99"],
            "server's core, share": cpu / seen["took"],
            "load's core, share": seen["load"]["core"],
        }
        step = 2_500 if rate < 10_000 else 5_000
        rate += step
    return best


async def presence(load: Load, seconds: float) -> Figures:
    before = load.target.cpu_seconds()
    seen = await load.move(seconds, 5)
    cpu = load.target.cpu_seconds() - before
    return {
        "seen p50, ms": seen["p50"],
        "seen p95, ms": seen["p95"],
        "CPU per second, s": cpu / seconds,
    }


async def storm(load: Load, _seconds: float) -> Figures:
    (path,) = await load.target.rooms(1)
    await load.open_in(path)
    written = await load.write(100_000)
    joined = await load.join(path, 200)
    await load.close()
    return {
        "synchronised p50, ms": joined["p50"],
        "synchronised p99, ms": joined["p99"],
        "the document, KiB": written["bytes"] / 1024,
    }


async def idle(load: Load, _seconds: float) -> Figures:
    await load.open(20, 20)  # what the first connections cost once
    before = load.target.resident_bytes()
    await load.open(100, 20)
    await asyncio.sleep(1)
    return {"memory each, KiB": (load.target.resident_bytes() - before) / 2000 / 1024}


RELAY50, RELAY99 = "relay p50, ms", "relay p99, ms"
DISK50, DISK99 = "acknowledged p50, ms", "acknowledged p99, ms"
CPU, MISSING = "CPU per 1,000 deliveries, s", "missing or doubled, deliveries"
NONE = Goal(0)
SCENARIOS = [
    Scenario(
        "one_to_one",
        "1 editor, 1 viewer, 20 edits/s",
        typing(1, 20),
        rooms=1,
        people=2,
        goals={MISSING: NONE},
    ),
    Scenario(
        "hundred_rooms",
        "500 in 100 rooms of 5, one editor each, 5 edits/s",
        typing(1, 5),
        rooms=100,
        people=5,
        goals={
            RELAY50: Goal(0.4),
            DISK50: Goal(1.5),
            DISK99: Goal(10),
            CPU: Goal(0.06),
            MISSING: NONE,
        },
    ),
    Scenario(
        "ten_rooms",
        "500 in 10 rooms of 50, two editors each, 5 edits/s",
        typing(2, 5),
        rooms=10,
        people=50,
        goals={RELAY99: Goal(2.6), CPU: Goal(0.02), MISSING: NONE},
    ),
    Scenario(
        "one_room",
        "100 in one room, all editing, 2 edits/s",
        typing(100, 2),
        rooms=1,
        people=100,
        goals={RELAY99: Goal(4), DISK99: Goal(8), MISSING: NONE},
    ),
    Scenario(
        "two_thousand",
        "2,000 in 500 rooms of 4, one editor each, 2 edits/s",
        typing(1, 2),
        rooms=500,
        people=4,
        goals={RELAY99: Goal(25), MISSING: NONE},
    ),
    Scenario(
        "two_workers",
        "500 in 100 rooms of 5, half of each room at each of two workers, one editor, 5 edits/s",
        across(1, 5),
        rooms=100,
        people=5,
        goals={
            "to the other worker p50, ms": Goal(0.6),
            "to the other worker p99, ms": Goal(5),
            DISK50: Goal(3),
            DISK99: Goal(20),
            CPU: Goal(0.1),
            MISSING: NONE,
        },
        targets=two_workers,
        pieces=pieces,
    ),
    Scenario(
        "highest_rate",
        "highest rate, 100 rooms of 5, all editing: p99 within 100 ms, nothing missing",
        highest,
        goals={"edits per second, ": Goal(20_000, is_floor=True)},
    ),
    Scenario(
        "presence",
        "200 in one room moving cursors 5 times a second",
        presence,
        rooms=1,
        people=200,
        goals={"seen p95, ms": Goal(250)},
        targets=by_itself,
    ),
    Scenario(
        "join_storm",
        "200 join a document of 100,000 edits at once",
        storm,
        goals={"synchronised p50, ms": Goal(300), "synchronised p99, ms": Goal(600)},
        targets=by_itself,
    ),
    Scenario(
        "idle_memory",
        "2,000 connections that do nothing",
        idle,
        goals={"memory each, KiB": Goal(40)},
        repeats=False,
    ),
]


async def run(scenario: Scenario, seconds: float, repeat: int) -> None:
    """The product and its peer in turns, so that both meet the same moods of the machine."""
    async with AsyncExitStack() as stack:
        targets = await stack.enter_async_context(scenario.targets())
        loads = [await stack.enter_async_context(load(target)) for target in targets]
        if scenario.rooms:
            for one in loads:
                await one.open(scenario.rooms, scenario.people)
        found: tuple[list[Figures], list[Figures]] = ([], [])
        apart: list[Figures] = []
        for _ in range(repeat if scenario.repeats else 1):
            for index, one in enumerate(loads):
                found[index].append(await scenario.measure(one, seconds))
            if scenario.pieces is not None:
                apart.append(await scenario.pieces(targets[-1], seconds))
    print(f"\n{scenario.title}", lines(found[0], found[1], scenario.goals), sep="\n", flush=True)
    if apart:
        print(lines([], apart, {}), flush=True)


async def run_all(only: str, seconds: float, repeat: int) -> None:
    print(f"{keep_apart()}; medians of {repeat} with their spread\n", head(), sep="\n")
    for scenario in SCENARIOS:
        if only in scenario.name:
            await run(scenario, seconds, repeat)
    await fetching.run_all(only, seconds, repeat)
    await rendering.run_all(only, repeat)
    await sdk.run_all(only, repeat)
    await library.run_all(only, repeat)
    await where_used.run_all(only, repeat)
    comparing.run_all(only, repeat)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each measurement")
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    uvloop.run(run_all(arguments.only, arguments.seconds, arguments.repeat))


if __name__ == "__main__":
    main()
