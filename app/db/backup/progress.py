"""How far a long piece of work has come, for whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int], None]  # what it is at, and how many rows of that are done


def silent(_what: str, _rows: int) -> None:
    """For when nobody watches."""
