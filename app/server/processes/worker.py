"""One worker's server: uvicorn around the application, from lifespan to drained rooms."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Generator

import structlog
from litestar import Litestar
from uvicorn import Config, Server

from app.domain.accounts.service import People
from app.domain.rooms.hub.drain import drain
from app.domain.rooms.limits import PING_SECONDS, STEP2_BYTES
from app.server.processes.claims import BACKLOG
from app.server.processes.heartbeat import CLOSED, EMPTY, READY, Heart
from app.server.processes.http_protocol import Connections, LeavingHttp
from app.server.processes.signals import Parting
from app.server.processes.websocket_protocol import RoomProtocol

log = structlog.get_logger(__name__)

_FRAME_SLACK = 64 * 1024  # what may stand around the largest payload in one message
_FIRST_WORDS_SECONDS = 0.25  # for requests on connections that were accepted a moment ago
_KEEP_ALIVE_SECONDS = 5  # a kept connection without a request is closed after that
_LAST_ANSWERS_SECONDS = 5  # for requests that are still being answered at the end


class Worker(Server):
    """uvicorn's server; `worker_main` sees to signals, and rooms leave before the connections."""

    def __init__(self, app: Litestar, heart: Heart, drain_seconds: float) -> None:
        super().__init__(_config(app))
        self._connections = self.server_state = Connections()
        self._app = app
        self._heart = heart
        self._drain_seconds = drain_seconds
        self._parting: Parting | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Uvicorn's own would end the process before the lifespan's end."""
        yield

    def leave(self, parting: Parting) -> None:
        """Begin to go. Being asked again changes nothing."""
        if self._parting is not None:
            return
        self._parting = parting
        self._connections.leave()
        seconds = 0.0
        if parting is Parting.STOPPED:
            self._app.state.is_draining = True  # readiness says so
            seconds = self._drain_seconds
        log.info("worker.leaving", why=parting.name.lower(), drain_seconds=seconds)
        asyncio.get_running_loop().call_later(seconds, self._exit)

    def _exit(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._heart.say(EMPTY if await _is_empty(self._app) else READY)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()  # what comes from now on waits in the supervisor's socket
        self._heart.say(CLOSED)
        self._end_streams()
        if "news" in self._app.state:
            self._app.state.news.part()
        if self._parting is Parting.SUPERSEDED:
            await asyncio.gather(self._drain_rooms(), self._until_all_are_answered())
        else:
            await asyncio.sleep(_FIRST_WORDS_SECONDS)
            await self._drain_rooms()
        await super().shutdown(sockets)

    def _end_streams(self) -> None:
        """They would go on for ever, and the last connections are waited for."""
        if "streams" in self._app.state:
            self._app.state.streams.leave()

    async def _drain_rooms(self) -> None:
        if "hub" in self._app.state:
            await drain(self._app.state.hub)

    async def _until_all_are_answered(self) -> None:
        """Whoever keeps a connection in use has got its last answer; the others time out."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_KEEP_ALIVE_SECONDS + _FIRST_WORDS_SECONDS):
                while self.server_state.connections:  # noqa: ASYNC110  # uvicorn has no event
                    await asyncio.sleep(0.05)


def _config(app: Litestar) -> Config:
    return Config(
        app,
        http=LeavingHttp,
        ws=RoomProtocol,
        ws_max_size=STEP2_BYTES + _FRAME_SLACK,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_per_message_deflate=False,  # a window per socket costs more than it saves here
        lifespan="off",  # `worker_main` enters it, so that its failures can be told in a sentence
        interface="asgi3",
        log_config=None,
        access_log=False,  # telemetry writes a better line
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS,
    )


async def _is_empty(app: Litestar) -> bool:
    if "database" not in app.state:
        return False
    async with app.state.database.transaction(write=False) as tx:
        return not await People(tx).are_there()


async def serve(
    app: Litestar, listener: socket.socket, pipe: int, drain_seconds: float = 0.0
) -> None:
    """Until asked to leave, or until the supervisor is gone. Raises what the start fails with."""
    heart = Heart(pipe, orphaned=lambda: _orphaned(worker))
    worker = Worker(app, heart, drain_seconds)
    loop = asyncio.get_running_loop()
    for parting in Parting:
        loop.add_signal_handler(parting.value, worker.leave, parting)
    heart.start()
    try:
        async with app.lifespan():
            await worker.serve(sockets=[listener])
    finally:
        heart.stop()


def _orphaned(worker: Worker) -> None:
    log.warning("worker.orphaned")
    worker.leave(Parting.REPLACED)  # at once: whoever starts the server again needs the port
