"""Fetching 10,000 prompts by name and label, beside a bare Litestar handler in the same run.

One worker. Latency with one client on a kept connection, rate with 32. Raw sockets with requests
made beforehand: a client library in Python costs more than the answer.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager

import httpx

from benchmarks.figures import Figures, Goal, lines, percentile
from benchmarks.library import furnished, key_of
from benchmarks.target import free_port, until_open
from tests.support.services import PostgresServer

PROMPTS = 10_000
CLIENTS = 32
_ALONE = 4000  # requests of the one client
GOALS = {
    "fetch p50, ms": Goal(0.5),
    "fetch p99, ms": Goal(2),
    "fetches per second, ": Goal(6000, is_floor=True),
}


class Client:
    """One connection; requests are bytes, answers are read to their end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, port: int) -> Client:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and head."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        if status != 304:
            lower = head.lower()
            at = lower.index(b"content-length:") + 15
            await self._reader.readexactly(int(lower[at : lower.index(b"\r", at)]))
        return status, head

    def close(self) -> None:
        self._writer.close()


def request(name: str, key: str, etag: str = "") -> bytes:
    known = f"If-None-Match: {etag}\r\n" if etag else ""
    return (
        f"GET /api/v1/fetch/{name} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {key}\r\n{known}\r\n"
    ).encode()


async def alone(port: int, requests: Sequence[bytes], expected: int) -> list[float]:
    """Milliseconds of each."""
    client = await Client.to(port)
    took = []
    for one in requests:
        begun = time.perf_counter()
        status, head = await client.ask(one)
        took.append((time.perf_counter() - begun) * 1000)
        assert status == expected, head
    client.close()
    return took


async def rate(port: int, requests: Sequence[bytes], seconds: float, expected: int) -> float:
    """Answers per second to many clients."""
    until = time.perf_counter() + seconds
    counts = [0] * CLIENTS

    async def go(number: int) -> None:
        client = await Client.to(port)
        at = number * 311
        while time.perf_counter() < until:
            status, head = await client.ask(requests[at % len(requests)])
            assert status == expected, head
            at += 1
            counts[number] += 1
        client.close()

    begun = time.perf_counter()
    await asyncio.gather(*map(go, range(CLIENTS)))
    return sum(counts) / (time.perf_counter() - begun)


async def measured(port: int, names: Sequence[str], key: str, seconds: float) -> Figures:
    asked = [request(name, key) for name in names]
    some = random.Random(5).choices(asked, k=_ALONE)
    took = await alone(port, some, 200)
    found = {
        "fetch p50, ms": percentile(took, 0.50),
        "fetch p99, ms": percentile(took, 0.99),
        "fetches per second, ": await rate(port, asked, seconds, 200),
    }
    etags = [await _etag(port, name, key) for name in names[:500]]
    if all(etags):
        known = [request(n, key, e) for n, e in zip(names[:500], etags, strict=True)]
        found["304 p50, ms"] = percentile(await alone(port, known * 4, 304), 0.50)
        found["304 per second, "] = await rate(port, known, seconds, 304)
    return found


async def _etag(port: int, name: str, key: str) -> str:
    client = await Client.to(port)
    _, head = await client.ask(request(name, key))
    client.close()
    found = [line for line in head.decode().split("\r\n") if line.lower().startswith("etag:")]
    return found[0].partition(":")[2].strip() if found else ""


async def _names(port: int, key: str) -> list[str]:
    """Of the prompts in production, each asked for once: from then on they are in memory."""
    names: list[str] = []
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        path = "/api/v1/prompts?label=production&limit=100"
        while path:
            page = (await client.get(path)).json()
            names += [one["name"] for one in page["items"]]
            cursor = page["next_cursor"]
            path = f"/api/v1/prompts?label=production&limit=100&cursor={cursor}" if cursor else ""
        for name in names:
            (await client.get(f"/api/v1/fetch/{name}")).raise_for_status()
    return names


@asynccontextmanager
async def _bare() -> AsyncIterator[int]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.bare_handler", str(port)
    )
    try:
        await until_open(port)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def run(prompts: int, seconds: float, repeat: int, *, on_postgres: bool) -> None:
    name = "PostgreSQL" if on_postgres else "SQLite"
    print(f"\nFetching {prompts:,} prompts by name and label, {name}, one worker", flush=True)
    with ExitStack() as stack:
        url = stack.enter_context(PostgresServer()).url if on_postgres else ""
        async with furnished(url, prompts) as (port, _), _bare() as bare:
            key = key_of(port)
            names = await _names(port, key)
            print(f"  {len(names):,} of them in production")
            ours, theirs = [], []
            for _ in range(repeat):
                ours.append(await measured(port, names, key, seconds))
                theirs.append(await measured(bare, names, key, seconds))
    print(lines(ours, theirs, GOALS), flush=True)


async def run_all(only: str, seconds: float, repeat: int) -> None:
    for on_postgres in (False, True):
        if only in f"fetch_{'postgres' if on_postgres else 'sqlite'}":
            await run(PROMPTS, seconds, repeat, on_postgres=on_postgres)
