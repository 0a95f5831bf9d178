"""Two workers that share a PostgreSQL and a Redis: the product's, and two bare relays that do so.

The relays are the lower bound for what the product promises: an edit is a committed row before
anybody hears of it, at this worker or at the other. They know of no document, no person and no
limit. What the way between two workers is made of is measured alone, too: a commit, and a hop
over Redis.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg  # type: ignore[import-untyped]

from benchmarks.bus import Bare, Plan, measured
from benchmarks.figures import Figures, cpu_seconds, percentile
from benchmarks.relay_shared import INSERT, TABLE
from benchmarks.target import Target, product, relay
from tests.support.services import PostgresServer, RedisServer

_OWNER = "bench"  # an ordinary role: superusers walk through the wall between workspaces
_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
_EACH = 0.002  # seconds between two commits or payloads: 500 a second, as the scenario has edits
_ROW = b"x" * 60  # about an edit


@dataclass
class SharedTarget(Target):
    """Workers with what they share."""

    services: tuple[int, ...] = ()  # processes
    database_url: str = ""
    redis_url: str = ""

    def services_cpu_seconds(self) -> float:
        return sum(map(cpu_seconds, self.services))


@asynccontextmanager
async def two_workers() -> AsyncIterator[list[Target]]:
    """The product's and the bare ones, on the same two servers, each with a database."""
    with ExitStack() as services:
        postgres = services.enter_context(PostgresServer())
        redis = services.enter_context(RedisServer())
        for name in _DURABLE:
            assert postgres.run(f"SHOW {name}") == "on", f"figures without {name} say nothing"
        ours, theirs = _database(postgres, "ours"), _database(postgres, "theirs")
        settings = {
            "PROMPTROOM_DATABASE_URL": ours,
            "PROMPTROOM_REDIS_URL": redis.url,
            "PROMPTROOM_SECRET_KEY": "one secret for both workers of a bench, long enough",
        }
        await _prepare(theirs)
        shared = (postgres.pid, redis.pid)
        async with (
            product(servers=2, settings=settings) as one,
            relay("relay_shared", 2, theirs, redis.url) as other,
        ):
            yield [
                SharedTarget(**vars(one), services=shared),
                SharedTarget(
                    **vars(other), services=shared, database_url=theirs, redis_url=redis.url
                ),
            ]


def _database(postgres: PostgresServer, name: str) -> str:
    postgres.run(f"CREATE ROLE {_OWNER}_{name} LOGIN")
    postgres.run(f"CREATE DATABASE {name} OWNER {_OWNER}_{name}")
    return f"postgresql://{_OWNER}_{name}@127.0.0.1:{postgres.port}/{name}"


async def _prepare(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(TABLE)
    await connection.close()


async def pieces(target: Target, seconds: float) -> Figures:
    """A commit alone, and a hop over Redis alone, one after the other at the scenario's rate."""
    assert isinstance(target, SharedTarget)
    plan = Plan(int(seconds / _EACH), 1, _EACH)
    hops = await asyncio.to_thread(measured, Bare, target.redis_url, plan, "Redis pub/sub alone")
    times = {name: value for name, value in hops.items() if name.endswith(", ms")}
    return {**await _commits(target.database_url, seconds), **times}


async def _commits(url: str, seconds: float) -> Figures:
    connection = await asyncpg.connect(url)
    took = []
    for _ in range(int(seconds / _EACH)):
        began = time.perf_counter_ns()
        await connection.execute(INSERT, ["/alone"], [_ROW])
        took.append(time.perf_counter_ns() - began)
        await asyncio.sleep(_EACH)
    await connection.close()
    return {
        "a commit alone p50, ms": percentile(took, 0.50) / 1e6,
        "a commit alone p99, ms": percentile(took, 0.99) / 1e6,
    }
