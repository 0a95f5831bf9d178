"""Background tasks: named, restarted after a failure, logged, stopped in reverse order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)


class Supervisor:
    """Owns the tasks that live as long as the process."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def keep(self, name: str, run: Callable[[], Awaitable[None]], pause: float = 1.0) -> None:
        """Run `run` until it returns; after a failure wait `pause` seconds and run it again."""
        self._tasks.append(asyncio.create_task(self._keep(name, run, pause), name=name))

    def every(self, name: str, seconds: float, run: Callable[[], Awaitable[None]]) -> None:
        """Run `run` again and again with `seconds` between the end of one and the next start."""

        async def loop() -> None:
            while True:
                await asyncio.sleep(seconds)
                await run()

        self.keep(name, loop)

    async def stop(self) -> None:
        """Cancel every task, the newest first, and wait for each."""
        while self._tasks:
            task = self._tasks.pop()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @staticmethod
    async def _keep(name: str, run: Callable[[], Awaitable[None]], pause: float) -> None:
        while True:
            try:
                await run()
                return
            except Exception:
                log.exception("task.failed", task=name, restart_in_seconds=pause)
                await asyncio.sleep(pause)
