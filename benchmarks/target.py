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
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

KEY = "bench-key-0123456789abcdef"
TEXT = "A line to type behind.\n" * 10  # room for a hundred people
_NAMES = count(1)


@dataclass
class Target:
    name: str
    host: str
    port: int
    pid: int
    make_room: Callable[[], str]
    headers: list[dict[str, str]]  # of the people who may come, one each

    async def rooms(self, number: int) -> list[str]:
        """Paths of new rooms, with our own messages switched on."""
        return [await asyncio.to_thread(self.make_room) for _ in range(number)]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
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
async def product(keys: int = 12) -> AsyncIterator[Target]:
    """`promptroom serve` on an empty database, with `keys` API keys to act as."""
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
        }
        log = (Path(folder) / "log").open("wb")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app", "serve", env=environment, stdout=log, stderr=log
        )
        base = f"http://127.0.0.1:{port}"
        try:
            await until_open(port)
            more = [
                call(f"{base}/api/v1/keys", KEY, {"name": f"k{n}", "scopes": ["write"]})["key"]
                for n in range(keys - 1)
            ]

            def make_room() -> str:
                body = {"name": f"bench/p{next(_NAMES)}", "text": TEXT}
                room = call(f"{base}/api/v1/prompts", KEY, body)["room"]
                return f"/rooms/{room['id']}?ack=1"

            headers = [{"Authorization": f"Bearer {key}"} for key in (KEY, *more)]
            yield Target("Promptroom", "127.0.0.1", port, process.pid, make_room, headers)
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()
            log.close()


@asynccontextmanager
async def relay() -> AsyncIterator[Target]:
    """The bare relay of `benchmarks.relay`."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.relay", str(port)
    )
    try:
        await until_open(port)
        make_room = lambda: f"/{next(_NAMES)}"  # noqa: E731
        yield Target("bare relay", "127.0.0.1", port, process.pid, make_room, [{}])
    finally:
        process.kill()
        await process.wait()


async def until_open(port: int) -> None:
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise TimeoutError(f"nothing listens on port {port}")
