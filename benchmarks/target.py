"""What is measured: the product as an operator starts it, and the bare relay beside it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.figures import cpu_seconds, resident_bytes

HOST = "127.0.0.1"
KEY = "bench-key-0123456789abcdef"
TEXT = "A line to type behind.\n" * 10  # room for a hundred people
_NAMES = count(1)


@dataclass
class Target:
    """A server, or several that share what they keep."""

    name: str
    ports: list[int]
    pids: list[int]
    make_room: Callable[[], str]
    headers: list[dict[str, str]]  # of the people who may come, one each
    host: str = HOST

    async def rooms(self, number: int) -> list[str]:
        """Paths of new rooms, with our own messages switched on."""
        return [await asyncio.to_thread(self.make_room) for _ in range(number)]

    def cpu_seconds(self) -> float:
        return sum(map(cpu_seconds, self.pids))

    def resident_bytes(self) -> int:
        return sum(map(resident_bytes, self.pids))


def free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


def call(url: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST `body` as JSON; returns the answer."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        found = json.load(answer)
    assert isinstance(found, dict)
    return found


@asynccontextmanager
async def product(
    keys: int = 12, servers: int = 1, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Target]:
    """`promptroom serve`, with `keys` API keys to act as.

    On an empty SQLite database, or on what `settings` say; that many `servers` may share.
    """
    async with AsyncExitStack() as stack:
        started = [await stack.enter_async_context(_serve(settings or {})) for _ in range(servers)]
        ports = [port for port, _ in started]
        base = f"http://{HOST}:{ports[0]}"
        more = [
            call(f"{base}/api/v1/keys", KEY, {"name": f"k{n}", "scopes": ["write"]})["key"]
            for n in range(keys - 1)
        ]

        def make_room() -> str:
            body = {"name": f"bench/p{next(_NAMES)}", "text": TEXT}
            room = call(f"{base}/api/v1/prompts", KEY, body)["room"]
            return f"/rooms/{room['id']}?ack=1"

        headers = [{"Authorization": f"Bearer {key}"} for key in (KEY, *more)]
        yield Target("Promptroom", ports, [pid for _, pid in started], make_room, headers)


@asynccontextmanager
async def _serve(settings: Mapping[str, str]) -> AsyncIterator[tuple[int, int]]:
    """The port and the process of a server that is open."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="promptroom-bench-") as folder:
        environment = {
            **os.environ,
            "PROMPTROOM_DATA_DIR": folder,
            "PROMPTROOM_PORT": str(port),
            "PROMPTROOM_LOG_LEVEL": "warning",
            "PROMPTROOM_INIT_EMAIL": "owner@example.org",
            "PROMPTROOM_INIT_PASSWORD": "correct horse battery staple",
            "PROMPTROOM_INIT_WORKSPACE": "Bench",
            "PROMPTROOM_INIT_API_KEY": KEY,
            **settings,
        }
        log = (Path(folder) / "log").open("wb")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app", "serve", env=environment, stdout=log, stderr=log
        )
        try:
            await until_open(port)
            yield port, process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()
            log.close()


@asynccontextmanager
async def relay(module: str = "relay", servers: int = 1, *shared: str) -> AsyncIterator[Target]:
    """The bare relay of `benchmarks.relay`, or so many of another module, given what they share."""
    ports = [free_port() for _ in range(servers)]
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"benchmarks.{module}", str(port), *shared
        )
        for port in ports
    ]
    try:
        for port in ports:
            await until_open(port)
        make_room = lambda: f"/{next(_NAMES)}"  # noqa: E731
        yield Target("bare relay", ports, [p.pid for p in processes], make_room, [{}])
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
            await process.wait()


@asynccontextmanager
async def by_itself() -> AsyncIterator[list[Target]]:
    """The product, where a relay could not do the same work: it keeps nothing."""
    async with product() as one:
        yield [one]


@asynccontextmanager
async def beside_relay() -> AsyncIterator[list[Target]]:
    async with product() as one, relay() as other:
        yield [one, other]


async def until_open(port: int) -> None:
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise TimeoutError(f"nothing listens on port {port}")
