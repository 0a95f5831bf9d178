"""Applications that fail on purpose, for the supervisor to deal with."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar, get

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


def healthy() -> Litestar:
    return Litestar([live, spin, crash], openapi_config=None)


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
