"""From one worker to another: our bus beside redis-py's own pub/sub, over one Redis.

`python -m benchmarks.bus` starts a Redis, a process that listens, and publishes: one payload after
the other at an even rate, then in bursts as a busy turn of the event loop does.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Protocol

import redis.asyncio
import uvloop

from app.kit.bus_redis import RedisBus
from benchmarks.figures import Figures, lines, percentile
from tests.support.services import RedisServer

TOPIC = "bench"
PAYLOAD = bytes(100)  # about an edit with its head
EVEN_SECONDS = 0.002  # between two payloads, 500 a second
BURST = 100

Heard = Callable[[bytes], None]


class Side(Protocol):
    """One end of the way, ours or the bare one."""

    async def listen(self, url: str, heard: Heard) -> None:
        """Come back when everything said from now on is heard."""

    async def speak(self, url: str) -> None: ...

    async def say(self, payloads: list[bytes]) -> None: ...

    async def end(self) -> None: ...


class Ours:
    async def listen(self, url: str, heard: Heard) -> None:
        await self.speak(url)
        self._bus.subscribe(TOPIC, heard)
        assert await self._bus.settled()

    async def speak(self, url: str) -> None:
        self._bus = RedisBus(url)
        await self._bus.start()

    async def say(self, payloads: list[bytes]) -> None:
        for payload in payloads:
            self._bus.publish(TOPIC, payload)

    async def end(self) -> None:
        await self._bus.stop()


class Bare:
    async def listen(self, url: str, heard: Heard) -> None:
        await self.speak(url)
        subscription = self._client.pubsub(ignore_subscribe_messages=True)
        await subscription.subscribe(TOPIC)
        await subscription.get_message(timeout=1.0)

        async def read() -> None:
            async for message in subscription.listen():
                heard(message["data"])

        self._reading = asyncio.create_task(read())

    async def speak(self, url: str) -> None:
        self._client = redis.asyncio.Redis.from_url(url)

    async def say(self, payloads: list[bytes]) -> None:
        for payload in payloads:
            await self._client.publish(TOPIC, payload)

    async def end(self) -> None:
        await self._client.aclose()


@dataclass(frozen=True)
class Plan:
    """What is said: `payloads` in all, `at_once` of them every `pause` seconds."""

    payloads: int
    at_once: int
    pause: float


def listening(kind: type[Side], url: str, expected: int, pipe: Connection) -> None:
    """The other process: says when it is ready, then how long each payload took, and its CPU."""

    async def listen() -> None:
        took: list[int] = []
        is_done = asyncio.Event()

        def heard(payload: bytes) -> None:
            took.append(time.monotonic_ns() - int.from_bytes(payload[:8]))
            if len(took) == expected:
                is_done.set()

        await kind().listen(url, heard)
        before = time.process_time()
        pipe.send(None)
        await is_done.wait()
        pipe.send((took, time.process_time() - before))

    uvloop.run(listen())


async def speaking(kind: type[Side], url: str, plan: Plan) -> float:
    """Says it all; how much CPU that took."""
    side = kind()
    await side.speak(url)
    before = time.process_time()
    for _ in range(plan.payloads // plan.at_once):
        now = time.monotonic_ns().to_bytes(8)
        await side.say([now + PAYLOAD] * plan.at_once)
        await asyncio.sleep(plan.pause)
    used = time.process_time() - before
    await side.end()
    return used


def measured(kind: type[Side], url: str, plan: Plan, name: str) -> Figures:
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    other = context.Process(target=listening, args=(kind, url, plan.payloads, there), daemon=True)
    other.start()
    try:
        _receive(here)
        said = uvloop.run(speaking(kind, url, plan))
        took, heard = _receive(here)
    finally:
        other.kill()
        other.join()
    return {
        f"{name} p50, ms": percentile(took, 0.50) / 1e6,
        f"{name} p99, ms": percentile(took, 0.99) / 1e6,
        f"{name} CPU to say one, µs": said / plan.payloads * 1e6,
        f"{name} CPU to hear one, µs": heard / plan.payloads * 1e6,
    }


def _receive(pipe: Connection) -> Any:
    assert pipe.poll(60), "the other process says nothing"
    return pipe.recv()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payloads", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    plans = {
        "one at a time": Plan(asked.payloads, 1, EVEN_SECONDS),
        f"bursts of {BURST}": Plan(asked.payloads, BURST, EVEN_SECONDS * 10),
    }
    print(f"{'':<36}{'RedisBus':<30}{'redis-py':<30}ratio")
    with RedisServer() as server:
        for name, plan in plans.items():
            ours = [measured(Ours, server.url, plan, name) for _ in range(asked.runs)]
            bare = [measured(Bare, server.url, plan, name) for _ in range(asked.runs)]
            print(lines(ours, bare, {}))


if __name__ == "__main__":
    main()
