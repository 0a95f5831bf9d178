"""One worker process as its supervisor sees it: start it, hear it, ask it to leave, end it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from app.server.processes.signals import Parting
from app.server.processes.worker_numbers import Number

log = structlog.get_logger(__name__)

FACTORY = "app.asgi:create_app"
SILENCE_SECONDS = 4.0  # eight missed beats; leaves as long again for a start on a busy machine
START_SECONDS = 60.0  # until the first beat: imports on a cold disk
_LAST_WORDS_SECONDS = 0.1  # for the stack of a hung worker to reach the log


@dataclass(frozen=True, slots=True)
class Recipe:
    """What every worker of a server is started with."""

    factory: str = FACTORY
    kept_open: Sequence[int] = ()  # descriptors that every worker inherits
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Process:
    """A running worker. Times are those of `time.monotonic`."""

    number: Number
    pipe: int
    started_at: float
    popen: subprocess.Popen[bytes]
    heard_at: float | None = None  # the last beat; None until the first
    ready_at: float | None = None
    stop_by: float | None = None  # asked to leave; killed at this time
    death: str = ""  # what it is killed for
    is_reaped: bool = False

    @classmethod
    def start(
        cls, recipe: Recipe, listener: socket.socket, number: Number, death: str, now: float
    ) -> Process:
        """`death` is what the last process with this number died of, "" when it did not."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        claims = (number.claim,) if number.claim >= 0 else ()
        try:
            popen = subprocess.Popen(  # noqa: S603  # our own interpreter and module
                [
                    *(sys.executable, "-m", "app.server.processes.worker_main"),
                    *(str(listener.fileno()), str(writer), recipe.factory),
                ],
                pass_fds=(listener.fileno(), writer, *claims, *recipe.kept_open),
                env={
                    **os.environ,
                    **recipe.environment,
                    "PROMPTROOM_WORKER": str(number.value),
                    "PROMPTROOM_PREDECESSOR_DEATH": death,
                },
                stdin=subprocess.DEVNULL,
                process_group=0,  # Ctrl+C reaches us alone, and its helpers die with it
            )
        except OSError:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        log.info("worker.started", worker=number.value, pid=popen.pid)
        return cls(number, reader, now, popen)

    @property
    def pid(self) -> int:
        return self.popen.pid

    def is_silent(self, now: float) -> bool:
        if self.heard_at is None:
            return now - self.started_at > START_SECONDS
        return now - self.heard_at > SILENCE_SECONDS

    def is_overdue(self, now: float) -> bool:
        return self.stop_by is not None and now >= self.stop_by

    def ask_to_leave(self, parting: Parting, by: float) -> None:
        self.stop_by = by
        self.popen.send_signal(parting.value)

    def kill(self, why: str) -> None:
        self.death = why
        log.error("worker.killed", worker=self.number.value, pid=self.pid, why=why)
        self.popen.send_signal(signal.SIGUSR1)  # faulthandler writes where every thread is
        time.sleep(_LAST_WORDS_SECONDS)
        self.popen.kill()
        self.popen.wait()

    def reap(self) -> str:
        """What it died of, once its pipe is closed; nothing of it is left then."""
        self.is_reaped = True
        os.close(self.pipe)
        try:
            code = self.popen.wait(timeout=1.0)
        except subprocess.TimeoutExpired:  # it closed its pipe but lives: not one of ours any more
            self.popen.kill()
            code = self.popen.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)  # helper processes that it left behind
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
