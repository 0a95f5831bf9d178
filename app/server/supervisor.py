"""The parent process: holds the port, starts the workers, replaces those that die or hang.

It imports no framework and runs no event loop: what watches must be simpler than what it watches.
Because the listening socket is its own, connections that arrive while a worker is being replaced
wait instead of being refused.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

import structlog

from app.server.heartbeat import EMPTY, FAILED, READY

log = structlog.get_logger(__name__)

FACTORY = "app.asgi:create_app"
SILENCE_SECONDS = 4.0  # eight missed beats; leaves as long again for a start on a busy machine
START_SECONDS = 60.0  # until the first beat: imports on a cold disk
STOP_SECONDS = 30.0  # for draining; the journal's own limit is 20
QUICK_SECONDS = 1.0  # dying this soon after being ready counts as never having worked
PAUSE_SECONDS = 0.25  # doubled with each quick death in a row
LONGEST_PAUSE_SECONDS = 10.0
_TICK_SECONDS = 0.25
_LAST_WORDS_SECONDS = 0.1  # for the stack of a hung worker to reach the log

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(slots=True)
class Slot:
    """One worker's place: it keeps its number when the process in it is replaced."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    pipe: int = -1
    heard_at: float | None = None  # the last beat; None until the first
    started_at: float = 0.0
    ready_at: float | None = None
    stop_by: float | None = None  # asked to leave; killed at this time
    start_at: float = 0.0  # not before
    quick_deaths: int = 0
    death: str = ""  # what the last process here died of, for the next one to know


@dataclass(slots=True)
class Supervisor:
    """Keeps `count` workers running `factory` on `listener` until it is told to stop."""

    listener: socket.socket
    count: int
    announce: Callable[[bool], None]  # called once, when the first worker is ready; True: empty
    factory: str = FACTORY
    kept_open: Sequence[int] = ()  # descriptors that every worker inherits
    _slots: list[Slot] = field(default_factory=list)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _to_restart: list[Slot] = field(default_factory=list)
    _is_announced: bool = False
    _is_stopping: bool = False
    _has_failed: bool = False

    def run(self) -> int:
        """The exit code: 1 when the very first start failed, else 0."""
        self._slots = [Slot(number) for number in range(self.count)]
        with self._signals():
            while not (self._is_stopping and all(slot.process is None for slot in self._slots)):
                self._listen()
                self._look_after(time.monotonic())
        self._selector.close()
        return 1 if self._has_failed else 0

    # Hearing

    @contextlib.contextmanager
    def _signals(self) -> Generator[None, None, None]:
        reader, writer = socket.socketpair()
        reader.settimeout(0)
        writer.settimeout(0)
        old_handlers = {number: signal.signal(number, _noted) for number in _SIGNALS}
        old_wakeup = signal.set_wakeup_fd(writer.fileno())
        self._selector.register(reader, selectors.EVENT_READ, None)
        try:
            yield
        finally:
            signal.set_wakeup_fd(old_wakeup)
            for number, handler in old_handlers.items():
                signal.signal(number, handler)
            self._selector.unregister(reader)
            reader.close()
            writer.close()

    def _listen(self) -> None:
        for key, _ in self._selector.select(_TICK_SECONDS):
            if key.data is None:
                reader: socket.socket = key.fileobj  # type: ignore[assignment]
                for number in reader.recv(64):
                    self._signalled(number)
            else:
                self._hear(key.data)

    def _signalled(self, number: int) -> None:
        if number == signal.SIGHUP:
            if not self._is_stopping:
                log.info("supervisor.restarting_workers")
                self._to_restart = list(self._slots)
        elif number in (signal.SIGTERM, signal.SIGINT):
            if self._is_stopping and number == signal.SIGINT:
                self._stop_all(0.0)  # a second Ctrl+C: now
            elif not self._is_stopping:
                log.info("supervisor.stopping")
                self._stop_all(STOP_SECONDS)

    def _hear(self, slot: Slot) -> None:
        said = os.read(slot.pipe, 4096)
        now = time.monotonic()
        if not said:
            self._bury(slot, now)
            return
        slot.heard_at = now
        if FAILED in said:
            self._has_failed = self._has_failed or not self._is_announced
        if slot.ready_at is None and (READY in said or EMPTY in said):
            slot.ready_at = now
            seconds = round(now - slot.started_at, 2)
            log.info("worker.ready", worker=slot.number, seconds=seconds)
            if not self._is_announced:
                self._is_announced = True
                self.announce(EMPTY in said)

    # Deciding

    def _look_after(self, now: float) -> None:
        for slot in self._slots:
            if slot.process is None:
                if not self._is_stopping and now >= slot.start_at:
                    self._start(slot, now)
            elif slot.stop_by is not None and now >= slot.stop_by:
                self._kill(slot, "did not stop in time")
            elif self._is_silent(slot, now):
                self._kill(slot, "hung")
        self._roll(now)

    @staticmethod
    def _is_silent(slot: Slot, now: float) -> bool:
        if slot.heard_at is None:
            return now - slot.started_at > START_SECONDS
        return now - slot.heard_at > SILENCE_SECONDS

    def _roll(self, now: float) -> None:
        """Restart one worker after the other, the next when the one before is ready again."""
        if self._is_stopping or not self._to_restart:
            return
        if any(slot.ready_at is None for slot in self._slots):
            return
        slot = self._to_restart.pop(0)
        self._ask_to_stop(slot, now + STOP_SECONDS)
        slot.ready_at = None

    # Doing

    def _start(self, slot: Slot, now: float) -> None:
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        handed = (self.listener.fileno(), writer, *self.kept_open)
        slot.process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [
                *(sys.executable, "-m", "app.server.serve"),
                *(str(self.listener.fileno()), str(writer), self.factory),
            ],
            pass_fds=handed,
            env={
                **os.environ,
                "PROMPTROOM_WORKER": str(slot.number),
                "PROMPTROOM_PREDECESSOR_DEATH": slot.death,
            },
            stdin=subprocess.DEVNULL,
            process_group=0,  # Ctrl+C reaches us alone, and its helpers die with it
        )
        os.close(writer)
        slot.pipe = reader
        slot.started_at = now
        slot.death = ""
        slot.heard_at = slot.ready_at = slot.stop_by = None
        self._selector.register(reader, selectors.EVENT_READ, slot)
        log.info("worker.started", worker=slot.number, pid=slot.process.pid)

    def _stop_all(self, patience: float) -> None:
        self._is_stopping = True
        for slot in self._slots:
            self._ask_to_stop(slot, time.monotonic() + patience)

    @staticmethod
    def _ask_to_stop(slot: Slot, by: float) -> None:
        slot.stop_by = by
        if slot.process is not None:
            slot.process.terminate()

    def _kill(self, slot: Slot, why: str) -> None:
        process = slot.process
        if process is None:
            return
        slot.death = why
        log.error("worker.killed", worker=slot.number, pid=process.pid, why=why)
        process.send_signal(signal.SIGUSR1)  # faulthandler writes where every thread is
        time.sleep(_LAST_WORDS_SECONDS)
        process.kill()
        process.wait()
        self._bury(slot, time.monotonic())

    def _bury(self, slot: Slot, now: float) -> None:
        """The process in `slot` is gone: tidy up, and decide when the next one starts."""
        process = slot.process
        if process is None:
            return
        self._selector.unregister(slot.pipe)
        os.close(slot.pipe)
        code = _reap(process)
        was_asked = slot.stop_by is not None
        lived = now - slot.ready_at if slot.ready_at is not None else 0.0
        slot.process = None
        slot.death = slot.death or _cause(code)
        if was_asked:
            log.info("worker.stopped", worker=slot.number, pid=process.pid)
            return
        log.error("worker.died", worker=slot.number, pid=process.pid, cause=_cause(code))
        if not self._is_announced:
            self._give_up(code)
            return
        slot.quick_deaths = slot.quick_deaths + 1 if lived < QUICK_SECONDS else 0
        slot.start_at = now + pause(slot.quick_deaths)

    def _give_up(self, code: int) -> None:
        """A server that has never worked will not work the next time either."""
        if not self._has_failed:  # else the worker has said why
            print(  # noqa: T201  # for a person
                f"promptroom: the server could not start: its worker ended with {_cause(code)}. "
                "The lines above say more.",
                file=sys.stderr,
            )
        self._has_failed = True
        self._stop_all(STOP_SECONDS)


def pause(quick_deaths: int) -> float:
    """Seconds before the next start; none after a death that came out of the blue."""
    if quick_deaths < 2:
        return 0.0
    return min(LONGEST_PAUSE_SECONDS, PAUSE_SECONDS * 2.0 ** (quick_deaths - 2))


def _reap(process: subprocess.Popen[bytes]) -> int:
    try:
        code = process.wait(timeout=1.0)
    except subprocess.TimeoutExpired:  # it closed its pipe but lives: not one of ours any more
        process.kill()
        code = process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # helper processes that it left behind
    return code


def _cause(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _noted(_number: int, _frame: object) -> None:
    """The wake-up descriptor carries the signal into the loop."""
