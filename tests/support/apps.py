"""Applications that fail on purpose, for the supervisor to deal with."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from litestar import Litestar, Response, get
from litestar.datastructures import State
from litestar.params import FromQuery
from litestar.response import Stream

from app.errors import Invalid


@get("/health/live", sync_to_thread=False)
def live() -> int:
    """The process id, so that a test sees which worker answers."""
    return os.getpid()


@get("/spin")
async def spin() -> None:
    """Holds the event loop for ever, as a bug in native code would."""
    while True:
        pass


@get("/crash", sync_to_thread=False)
def crash() -> None:
    """A native crash."""
    os.kill(os.getpid(), signal.SIGSEGV)


@get("/health/ready", opt={"public": True}, sync_to_thread=False)
def ready(state: State) -> Response[bool]:
    is_draining = bool(state.get("is_draining"))
    return Response(is_draining, status_code=503 if is_draining else 200)


@get("/slow")
async def slow(seconds: FromQuery[float]) -> int:
    """Answers late."""
    await asyncio.sleep(seconds)
    return os.getpid()


@get("/dribble")
async def dribble(seconds: FromQuery[float]) -> Stream:
    """Begins at once and ends late."""

    async def body() -> AsyncIterator[bytes]:
        yield b"begun "
        await asyncio.sleep(seconds)
        yield b"and ended"

    return Stream(body())


def healthy() -> Litestar:
    return Litestar([live, ready, spin, crash, slow, dribble], openapi_config=None)


def held() -> Litestar:
    """Is not imported before the file named by PLANTED_GATE is there."""
    if not (gate := Path(os.environ["PLANTED_GATE"])).exists():
        sys.stderr.write("held at the gate\n")
    while not gate.exists():
        time.sleep(0.02)
    return healthy()


def renewed() -> Litestar:
    """A release that cannot start once the file named by PLANTED_BROKEN is there."""
    if Path(os.environ["PLANTED_BROKEN"]).exists():
        raise RuntimeError("a planted bug of the new release")
    return healthy()


def counting() -> Litestar:
    """Counts what it is asked to, beside its own requests."""
    from prometheus_client import Counter, Gauge, Histogram

    from app.server.monitoring.health import metrics

    counted = Counter("planted_hits", "Hits")
    now = Gauge("planted_now", "One for each worker", multiprocess_mode="livesum")
    sizes = Histogram("planted_sizes", "Sizes", buckets=(1, 10))
    now.set(1)

    @get("/hit", sync_to_thread=False)
    def hit() -> int:
        counted.inc()
        sizes.observe(5)
        return os.getpid()

    return Litestar([live, hit, metrics], openapi_config=None)


def broken_import() -> Litestar:
    raise RuntimeError("a planted bug while building")


def refusing() -> Litestar:
    """Fails in its lifespan with something that a person can act on."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        if not app.state.get("is_usable"):
            raise Invalid("A planted setting cannot be used.")
        yield

    return Litestar([], lifespan=[lifespan], openapi_config=None)


def dying() -> Litestar:
    """Ends by itself right after its start, every time."""

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        asyncio.get_running_loop().call_later(0.2, os._exit, 7)
        yield

    return Litestar([live], lifespan=[lifespan], openapi_config=None)


def stubborn() -> Litestar:
    """Takes long to leave."""

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        yield
        sys.stderr.write("leaving slowly\n")
        sys.stderr.flush()
        await asyncio.sleep(600)

    return Litestar([live], lifespan=[lifespan], openapi_config=None)
