"""Processes for work that has to be stopped whatever it does: asked over pipes, killed when late.

They share neither memory nor environment with us, and what they say is bytes for us to read with
care: nothing is unpickled. One who is killed leaves a place for another, which starts when it is
needed.
"""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import defaultdict
from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager, suppress

_LONGEST_ANSWER = 32 * 1024 * 1024
_DYING_SECONDS = 1.0  # that one whose pipe is closed may take to be gone
# What the system ends a process with that had its time.
_OUT_OF_TIME = [-getattr(signal, name, 0) for name in ("SIGPROF", "SIGXCPU")]
_MOST_WAITING = 64  # of one asker; they are let in one after the other


class CellFailed(Exception):
    """It died over this question."""


class CellLate(Exception):
    """It did not answer in time, and was killed."""


class CellsBusy(Exception):
    """Too many ask, or for too long."""


class Cells:
    """At most `count` processes of one command. Each answers one question at a time."""

    def __init__(self, command: Sequence[str], count: int, *, wait_seconds: float = 5.0) -> None:
        self._command = command
        self._wait_seconds = wait_seconds
        self._free = asyncio.Semaphore(count)
        self._idle: list[Process] = []
        self._turns: defaultdict[Hashable, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting: defaultdict[Hashable, int] = defaultdict(int)

    async def ask(self, asker: Hashable, question: bytes, seconds: float) -> bytes:
        """The answer. One asker has one cell at most, so that nobody can take all of them.

        Raises `CellFailed`, `CellLate`, `CellsBusy`.
        """
        async with self._turn(asker):
            cell = await self._cell()
            is_whole = False
            try:
                async with asyncio.timeout(seconds):
                    answer = await _asked(cell, question)
            except TimeoutError as error:
                raise CellLate from error
            except (OSError, EOFError, asyncio.IncompleteReadError) as error:
                await _end(cell, _DYING_SECONDS)
                if cell.returncode in _OUT_OF_TIME:
                    raise CellLate from error
                raise CellFailed(str(cell.returncode)) from error
            else:
                self._idle.append(cell)
                is_whole = True
            finally:
                if not is_whole:  # late, broken, or nobody waits for the answer any more
                    await _end(cell)
            return answer

    async def close(self) -> None:
        """End all that are idle."""
        while self._idle:
            await _end(self._idle.pop())

    @asynccontextmanager
    async def _turn(self, asker: Hashable) -> AsyncIterator[None]:
        if self._waiting[asker] >= _MOST_WAITING:
            raise CellsBusy
        self._waiting[asker] += 1
        try:
            async with self._held(self._turns[asker]), self._held(self._free):
                yield
        finally:
            self._waiting[asker] -= 1
            if not self._waiting[asker]:
                del self._waiting[asker], self._turns[asker]

    @asynccontextmanager
    async def _held(self, lock: asyncio.Lock | asyncio.Semaphore) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await lock.acquire()
        except TimeoutError as error:
            raise CellsBusy from error
        try:
            yield
        finally:
            lock.release()

    async def _cell(self) -> Process:
        while self._idle:
            cell = self._idle.pop()
            if cell.returncode is None:
                return cell
        kept = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
        return await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=kept, cwd="/"
        )


async def _asked(cell: Process, question: bytes) -> bytes:
    if cell.stdin is None or cell.stdout is None:  # both are pipes
        raise EOFError
    cell.stdin.write(len(question).to_bytes(4, "big") + question)
    await cell.stdin.drain()
    size = int.from_bytes(await cell.stdout.readexactly(4), "big")
    if size > _LONGEST_ANSWER:
        raise EOFError
    return await cell.stdout.readexactly(size)


async def _end(cell: Process, patience: float = 0) -> None:
    """Kill it, unless it dies by itself in time: then it says of what."""
    if patience:
        with suppress(TimeoutError):
            await asyncio.wait_for(cell.wait(), patience)
    if cell.returncode is None:
        with suppress(ProcessLookupError):
            cell.kill()
        await asyncio.shield(cell.wait())
