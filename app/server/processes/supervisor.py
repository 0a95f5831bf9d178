"""The parent process: holds the port, starts the workers, replaces those that die or hang.

It imports no framework and runs no event loop: what watches must be simpler than what it watches.
Because the listening sockets are its own, one for each worker, connections that arrive while a
worker is being replaced wait instead of being refused, and none that waits is lost with it.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

import structlog

from app.server.monitoring.figures import Figures
from app.server.processes.heartbeat import CLOSED, EMPTY, FAILED, READY
from app.server.processes.signals import Parting
from app.server.processes.worker_numbers import Number, Numbers
from app.server.processes.worker_process import Process, Recipe

log = structlog.get_logger(__name__)

STOP_SECONDS = 30.0  # for leaving; the journal's own limit is 20, that of last answers 5
QUICK_SECONDS = 1.0  # dying this soon after being ready counts as never having worked
PAUSE_SECONDS = 0.25  # doubled with each quick death in a row
LONGEST_PAUSE_SECONDS = 10.0
_TICK_SECONDS = 0.25

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(slots=True)
class Slot:
    """One worker's place: it keeps its socket whoever is in it."""

    listener: socket.socket
    worker: Process | None = None
    successor: Process | None = None  # starts beside the worker and takes over when it is ready
    number: Number | None = None  # the worker's, and after its death that of the next one
    death: str = ""  # what the last one here died of, for the next one to know
    start_at: float = 0.0  # not before
    quick_deaths: int = 0

    @property
    def is_settled(self) -> bool:
        worker = self.worker
        is_ready = worker is not None and worker.ready_at is not None and worker.stop_by is None
        return is_ready and self.successor is None


@dataclass(slots=True)
class Supervisor:
    """Keeps a worker on each of `listeners` until it is told to stop.

    `has_overlap` says that two workers may serve the same data for a while: a successor is then
    ready before its predecessor is asked to leave. Otherwise it starts when that one is gone.
    """

    listeners: Sequence[socket.socket]
    numbers: Numbers
    announce: Callable[[bool], None]  # called once, when the first worker is ready; True: empty
    recipe: Recipe = field(default_factory=Recipe)
    has_overlap: bool = False
    drain_seconds: float = 0.0
    figures: Figures | None = None
    _slots: list[Slot] = field(default_factory=list)
    _leaving: list[tuple[Slot, Process]] = field(default_factory=list)  # superseded
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _to_restart: list[Slot] = field(default_factory=list)
    _is_announced: bool = False
    _is_stopping: bool = False
    _has_failed: bool = False

    def run(self) -> int:
        """The exit code: 1 when the very first start failed, else 0."""
        self._slots = [Slot(listener) for listener in self.listeners]
        with self._signals():
            while not (self._is_stopping and not self._living()):
                self._listen()
                self._look_after(time.monotonic())
        self._selector.close()
        return 1 if self._has_failed else 0

    def _living(self) -> list[tuple[Slot, Process]]:
        in_place = [(slot, one) for slot in self._slots for one in (slot.worker, slot.successor)]
        return [*((slot, one) for slot, one in in_place if one is not None), *self._leaving]

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
                self._hear(*key.data)

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
                self._stop_all(self.drain_seconds + STOP_SECONDS)

    def _hear(self, slot: Slot, process: Process) -> None:
        if process.is_reaped:
            return  # it was ended while its last words were on their way
        said = os.read(process.pipe, 4096)
        now = time.monotonic()
        if not said:
            self._bury(slot, process, now)
            return
        process.heard_at = now
        if FAILED in said:
            self._has_failed = self._has_failed or not self._is_announced
        if process.ready_at is None and (READY in said or EMPTY in said):
            self._became_ready(slot, process, now)
            if not self._is_announced:
                self._is_announced = True
                self.announce(EMPTY in said)
        if CLOSED in said and self._is_stopping:
            slot.listener.close()  # refused at once, people can go elsewhere; here they would hang

    # Deciding

    def _look_after(self, now: float) -> None:
        for slot in self._slots:
            # The first worker alone at first: it prepares the database, and says what is wrong.
            is_due = now >= slot.start_at and (self._is_announced or slot is self._slots[0])
            if slot.worker is None and is_due and not self._is_stopping:
                slot.number = slot.number or self.numbers.take()
                slot.worker = self._start(slot, slot.number, now)
        for slot, process in self._living():
            if process.is_reaped:
                continue  # it went with one before it
            if process.is_overdue(now):
                self._kill(slot, process, "did not stop in time")
            elif process.is_silent(now):
                self._kill(slot, process, "hung")
        self._roll(now)

    def _roll(self, now: float) -> None:
        """Replace one worker after the other, the next when the one before is done with."""
        if self._is_stopping or not self._to_restart or self._leaving:
            return
        if not all(slot.is_settled for slot in self._slots):
            return
        slot = self._to_restart.pop(0)
        if self.has_overlap:
            # A number of its own: the worker is there, too, and uses its flight recorder.
            number = self.numbers.take()
            slot.successor = self._start(slot, number, now)
            if slot.successor is None:
                self.numbers.give_back(number)
        elif slot.worker is not None:
            slot.worker.ask_to_leave(Parting.REPLACED, now + STOP_SECONDS)

    def _became_ready(self, slot: Slot, process: Process, now: float) -> None:
        process.ready_at = now
        seconds = round(now - process.started_at, 2)
        log.info("worker.ready", worker=process.number.value, seconds=seconds)
        if process is slot.successor:
            predecessor, slot.worker, slot.successor = slot.worker, process, None
            slot.number, slot.quick_deaths = process.number, 0
            if predecessor is not None:
                self._leaving.append((slot, predecessor))
                predecessor.ask_to_leave(Parting.SUPERSEDED, now + STOP_SECONDS)

    # Doing

    def _start(self, slot: Slot, number: Number, now: float) -> Process | None:
        try:
            process = Process.start(self.recipe, slot.listener, number, slot.death, now)
        except OSError as error:  # out of memory, processes or descriptors: for a while, we hope
            log.warning("worker.not_started", worker=number.value, cause=error.strerror)
            slot.start_at = now + LONGEST_PAUSE_SECONDS
            return None
        slot.death = ""
        self._selector.register(process.pipe, selectors.EVENT_READ, (slot, process))
        return process

    def _stop_all(self, patience: float) -> None:
        self._is_stopping = True
        for _, process in self._living():
            process.ask_to_leave(Parting.STOPPED, time.monotonic() + patience)

    def _kill(self, slot: Slot, process: Process, why: str) -> None:
        process.kill(why)
        self._bury(slot, process, time.monotonic())

    # Burying

    def _bury(self, slot: Slot, process: Process, now: float) -> None:
        """The process is gone: tidy up, and decide what follows."""
        cause = self._tidy_up(process)
        if process.stop_by is not None:
            log.info("worker.stopped", worker=process.number.value, pid=process.pid, cause=cause)
        else:
            log.error("worker.died", worker=process.number.value, pid=process.pid, cause=cause)
        if process is slot.worker:
            self._vacate(slot, process, process.death or cause, now)
            return
        self.numbers.give_back(process.number)
        if process is slot.successor:
            slot.successor = None
            if process.stop_by is None:
                # Whatever it is that the new ones cannot work with, the old ones can.
                log.error("supervisor.restart_abandoned")
                self._to_restart.clear()
        else:
            self._leaving.remove((slot, process))

    def _vacate(self, slot: Slot, process: Process, cause: str, now: float) -> None:
        slot.worker = None
        slot.death = cause
        if process.stop_by is not None:
            return
        if not self._is_announced:
            self._give_up(cause)
            return
        lived = now - process.ready_at if process.ready_at is not None else 0.0
        slot.quick_deaths = slot.quick_deaths + 1 if lived < QUICK_SECONDS else 0
        slot.start_at = now + pause(slot.quick_deaths)
        if slot.successor is not None:
            # The next one here has to have the dead one's number.
            successor, slot.successor = slot.successor, None
            successor.popen.kill()
            self._tidy_up(successor)
            self.numbers.give_back(successor.number)

    def _tidy_up(self, process: Process) -> str:
        self._selector.unregister(process.pipe)
        cause = process.reap()
        if self.figures is not None:
            self.figures.forget(process.number.value)
        return cause

    def _give_up(self, cause: str) -> None:
        """A server that has never worked will not work the next time either."""
        if not self._has_failed:  # else the worker has said why
            print(  # noqa: T201  # for a person
                f"promptroom: the server could not start: its worker ended with {cause}. "
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


def _noted(_number: int, _frame: object) -> None:
    """The wake-up descriptor carries the signal into the loop."""
