"""The handle on a crowd: starts its process, says what to do, keeps it off the server's core."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.target import Target

CORES = sorted(os.sched_getaffinity(0))
DRAIN = 10.0  # seconds until what has not arrived counts as missing
LOAD_CORE = CORES[-1] if len(CORES) > 1 else -1


def keep_apart() -> str:
    """Leave one core to the load, and the others to this process and the servers it starts."""
    if LOAD_CORE < 0:
        return "server and load share the only core"
    servers = CORES[:-1]
    os.sched_setaffinity(0, servers)
    named = ", ".join(map(str, servers))
    return f"server pinned to core {named}, load to core {LOAD_CORE}"


class Load:
    """The connections of one scenario to one target."""

    def __init__(self, target: Target, process: asyncio.subprocess.Process) -> None:
        self.target = target
        self._process = process

    async def open(self, rooms: int, people: int) -> None:
        """`people` synced connections in each of as many new rooms."""
        paths = await self.target.rooms(rooms)
        await self._do("open", paths=paths, people=people, headers=self.target.headers)

    async def type(
        self,
        editors: int,
        rate: float,
        seconds: float,
        share: float = 1.0,
        drain: float = DRAIN,
    ) -> dict[str, Any]:
        how = {"editors": editors, "rate": rate, "seconds": seconds}
        return await self._do("type", **how, share=share, drain=drain)

    async def move(self, seconds: float, rate: float) -> dict[str, Any]:
        return await self._do("move", seconds=seconds, rate=rate)

    async def write(self, edits: int) -> dict[str, Any]:
        return await self._do("write", edits=edits)

    async def join(self, path: str, people: int) -> dict[str, Any]:
        return await self._do("join", path=path, people=people, headers=self.target.headers)

    async def open_in(self, path: str) -> None:
        """One connection in a room that is there already."""
        await self._do("open", paths=[path], people=1, headers=self.target.headers)

    async def close(self) -> None:
        await self._do("close")

    async def _do(self, what: str, **arguments: Any) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"do": what, **arguments}).encode() + b"\n")
        line = await stdout.readline()
        if not line:
            raise ConnectionError(f"the load ended while it had to {what}")
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer


@asynccontextmanager
async def load(target: Target) -> AsyncIterator[Load]:
    """A crowd for `target`."""
    ports = ",".join(map(str, target.ports))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.crowd", target.host, ports, str(LOAD_CORE)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    try:
        yield Load(target, process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
