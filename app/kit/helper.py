"""A helper process: for work that would hold the interpreter or could crash it."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


class HelperFailed(Exception):
    """The helper process died over this call; the next call gets a new one."""


class Helper:
    """One process, started when first needed and again after it died."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    async def run(self, call: Callable[..., T], *arguments: Any) -> T:
        """`call(*arguments)` over there; both have to be picklable. Raises `HelperFailed`."""
        if self._pool is None:
            context = multiprocessing.get_context("spawn")  # a fork would share our sockets
            self._pool = ProcessPoolExecutor(1, mp_context=context)
        pool = self._pool
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, partial(call, *arguments))
        except BrokenExecutor as error:
            if self._pool is pool:
                self._pool = None
            raise HelperFailed(str(error)) from error

    async def finish(self) -> None:
        """Close and wait: a pool that is still closing when the interpreter exits complains."""
        if self._pool is not None:
            await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    def close(self) -> None:
        """Close without waiting for what is under way."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
