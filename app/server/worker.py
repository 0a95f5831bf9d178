"""One worker's server: uvicorn around the application, from lifespan to drained rooms."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Generator

import structlog
from litestar import Litestar
from uvicorn import Config, Server

from app.domain.accounts.service import People
from app.domain.rooms.drain import drain
from app.domain.rooms.limits import PING_SECONDS, STEP2_BYTES
from app.server.heartbeat import EMPTY, READY, Heart
from app.server.websocket import RoomProtocol

log = structlog.get_logger(__name__)

_FRAME_SLACK = 64 * 1024  # what may stand around the largest payload in one message
_FIRST_WORDS_SECONDS = 0.25  # for requests on connections that were accepted a moment ago
_LAST_ANSWERS_SECONDS = 5  # for requests that are still being answered at the end


class Worker(Server):
    """uvicorn's server; `main` sees to signals, and the rooms leave before the connections."""

    def __init__(self, app: Litestar, heart: Heart) -> None:
        super().__init__(_config(app))
        self._app = app
        self._heart = heart

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Uvicorn's own would end the process before the lifespan's end."""
        yield

    def stop(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._heart.say(EMPTY if await _is_empty(self._app) else READY)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()  # new connections wait in the supervisor's socket for the next worker
        await asyncio.sleep(_FIRST_WORDS_SECONDS)
        if "hub" in self._app.state:
            await drain(self._app.state.hub)
        await super().shutdown(sockets)


def _config(app: Litestar) -> Config:
    return Config(
        app,
        http="httptools",
        ws=RoomProtocol,
        ws_max_size=STEP2_BYTES + _FRAME_SLACK,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_per_message_deflate=False,  # a window per socket costs more than it saves here
        lifespan="off",  # `serve` enters it, so that its failures can be told in a sentence
        interface="asgi3",
        log_config=None,
        access_log=False,  # telemetry writes a better line
        server_header=False,
        timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS,
    )


async def _is_empty(app: Litestar) -> bool:
    if "database" not in app.state:
        return False
    async with app.state.database.transaction(write=False) as tx:
        return not await People(tx).are_there()


async def serve(app: Litestar, listener: socket.socket, pipe: int) -> None:
    """Until SIGTERM, or until the supervisor is gone. Raises what the start fails with."""
    heart = Heart(pipe, orphaned=lambda: _orphaned(worker))
    worker = Worker(app, heart)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    heart.start()
    try:
        async with app.lifespan():
            await worker.serve(sockets=[listener])
    finally:
        heart.stop()


def _orphaned(worker: Worker) -> None:
    log.warning("worker.orphaned")
    worker.stop()
