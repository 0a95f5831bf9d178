"""The entrance of a worker process.

The supervisor runs it as `python -m app.server.processes.worker_main SOCKET PIPE FACTORY`. Apart
from `worker` because what it does has to come before the imports, which take most of a start.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import importlib
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

from app.errors import AppError
from app.server.monitoring import figures, logs
from app.server.processes.heartbeat import FAILED
from app.server.refusals import refusal
from app.settings import from_environment

if TYPE_CHECKING:
    from litestar import Litestar


def main(arguments: list[str]) -> None:
    listener = socket.socket(fileno=int(arguments[0]))
    listener.set_inheritable(False)
    settings = from_environment(os.environ)
    logs.configure(settings.log_format, settings.log_level)
    number = int(os.environ.get("PROMPTROOM_WORKER", "0"))
    logs.bind_worker(number)
    figures.share(number)
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)  # how the supervisor asks a hung worker where it is
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the supervisor's to pass on

    pipe = int(arguments[1])
    try:
        _run(listener, pipe, arguments[2], settings.drain_seconds)
    except AppError as error:
        print(f"promptroom: {error.detail}", file=sys.stderr)  # noqa: T201  # for a person
        os.write(pipe, FAILED)
        sys.exit(1)


def _run(listener: socket.socket, pipe: int, factory: str, drain_seconds: float) -> None:
    gc.disable()  # imports make much and drop little: collecting would be a sixth of a start
    import uvloop  # noqa: PLC0415

    from app.kit.garbage import keep_from_collecting  # noqa: PLC0415
    from app.server.processes.worker import serve  # noqa: PLC0415

    module, _, name = factory.partition(":")
    app: Litestar = getattr(importlib.import_module(module), name)()
    gc.freeze()  # what is here now stays: full collections need not look at it again
    keep_from_collecting()
    gc.enable()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(app, listener, pipe, drain_seconds))
    except Exception as error:
        if (refused := refusal(error)) is None:
            raise
        raise refused from error


if __name__ == "__main__":
    main(sys.argv[1:])
