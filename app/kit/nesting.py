"""Walks JSON values level by level: no stack is used up, however deep they are nested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def levels(value: Any) -> Iterator[list[Any]]:
    """The value itself, then what its lists and objects hold, then what those hold, and so on."""
    level = [value]
    while level:
        yield level
        level = [inner for one in level for inner in _inside(one)]


def is_deeper(value: Any, most: int) -> bool:
    """Whether lists and objects stand in one another more than `most` times."""
    return any(depth > most for depth, _ in enumerate(levels(value)))


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []
