"""One worker: uvicorn on a socket that the supervisor holds, with a heartbeat back to it.

The supervisor runs it as `python -m app.server.serve SOCKET PIPE FACTORY`.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import importlib
import os
import signal
import socket
import sys
from collections.abc import Generator

import structlog
import uvloop
from litestar import Litestar
from uvicorn import Config, Server

from app.domain.accounts.service import People
from app.domain.rooms.drain import drain
from app.domain.rooms.limits import PING_SECONDS, STEP2_BYTES
from app.errors import AppError
from app.server import logs
from app.server.heartbeat import EMPTY, FAILED, READY, Heart
from app.server.websocket import RoomProtocol
from app.settings import from_environment

log = structlog.get_logger(__name__)

_FRAME_SLACK = 64 * 1024  # what may stand around the largest payload in one message
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
        lifespan="off",  # `_serve` enters it, so that its failures can be told in a sentence
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


async def _serve(app: Litestar, listener: socket.socket, pipe: int) -> None:
    """Until SIGTERM, or until the supervisor is gone."""
    heart = Heart(pipe, orphaned=lambda: _orphaned(worker))
    worker = Worker(app, heart)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    heart.start()
    try:
        async with app.lifespan():
            await worker.serve(sockets=[listener])
    except AppError as error:
        print(f"promptroom: {error.detail}", file=sys.stderr)  # noqa: T201  # for a person
        heart.say(FAILED)
        raise SystemExit(1) from None
    finally:
        heart.stop()


def _orphaned(worker: Worker) -> None:
    log.warning("worker.orphaned")
    worker.stop()


def main(arguments: list[str]) -> None:
    listener = socket.socket(fileno=int(arguments[0]))
    listener.set_inheritable(False)
    pipe = int(arguments[1])
    settings = from_environment(os.environ)
    logs.configure(settings.log_format, settings.log_level)
    logs.bind_worker(int(os.environ.get("PROMPTROOM_WORKER", "0")))
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)  # how the supervisor asks a hung worker where it is
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the supervisor's to pass on
    module, _, name = arguments[2].partition(":")
    app: Litestar = getattr(importlib.import_module(module), name)()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(app, listener, pipe))


if __name__ == "__main__":
    main(sys.argv[1:])
