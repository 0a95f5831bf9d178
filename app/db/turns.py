"""Turns at writing to a SQLite file, in the order of asking.

SQLite lets one connection write at a time. One that meets another sleeps and looks again, up to
100 ms later, in no order: beside a journal that commits all the time a request may find no moment
within its ten seconds, and a commit may sleep 25 ms for a request that took five. This process is
the only one that writes much, so it knows when the file is free.

Whoever writes from outside, a backup or a command, still meets SQLite's own lock.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

PATIENCE = 10.0  # seconds; then SQLite's own lock decides, and says why it refuses


class Turn:
    """Somebody's, from asking to `end`."""

    __slots__ = ("_turns", "begin", "timer")

    def __init__(self, turns: Turns, begin: Callable[[], None]) -> None:
        self._turns = turns
        self.begin = begin
        self.timer: asyncio.TimerHandle | None = None

    def end(self) -> None:
        """Let the next one write, or stop waiting. May be called twice."""
        self._turns.ended(self)


class Turns:
    """Who writes, and who waits. For one event loop."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._writer: Turn | None = None
        self._waiting: deque[Turn] = deque()

    @property
    def is_wanted(self) -> bool:
        """Somebody waits."""
        return bool(self._waiting)

    def ask(self, begin: Callable[[], None]) -> Turn:
        """Have `begin` called when it is this one's turn, which may be at once."""
        turn = Turn(self, begin)
        if self._writer is None:
            self._writer = turn
            begin()
        else:
            self._waiting.append(turn)
            loop = asyncio.get_running_loop()
            turn.timer = loop.call_later(self._patience, self._begin_anyway, turn)
        return turn

    async def take(self) -> Turn:
        """Wait for a turn."""
        mine = asyncio.Event()
        turn = self.ask(mine.set)
        try:
            await mine.wait()
        except asyncio.CancelledError:
            turn.end()
            raise
        return turn

    def ended(self, turn: Turn) -> None:
        if turn is self._writer:
            self._writer = None
            if self._waiting:
                self._writer = self._waiting.popleft()
                _begin(self._writer)
        elif turn in self._waiting:
            self._waiting.remove(turn)
            _stop_timer(turn)

    def _begin_anyway(self, turn: Turn) -> None:
        self._waiting.remove(turn)
        turn.begin()


def _begin(turn: Turn) -> None:
    _stop_timer(turn)
    turn.begin()


def _stop_timer(turn: Turn) -> None:
    if turn.timer is not None:
        turn.timer.cancel()
