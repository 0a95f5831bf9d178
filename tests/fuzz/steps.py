"""Counts what a piece of Python does, so that cost is bounded without a clock."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from typing import Any


def lines(work: Callable[[], Any]) -> int:
    """How many lines of Python run."""
    count = 0

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def memory(work: Callable[[], Any]) -> int:
    """The most bytes that Python holds at one time for it."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
