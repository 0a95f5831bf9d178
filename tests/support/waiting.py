"""Waiting for what has no event to wait for: a condition, looked at again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def until(condition: Callable[[], T], seconds: float = 10.0, what: str = "") -> T:
    """The first true answer of `condition`. Raises `TimeoutError` that says what never came."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not (answer := condition()):
        if loop.time() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what or condition}")
        await asyncio.sleep(0.002)  # there is no event behind a condition
    return answer
