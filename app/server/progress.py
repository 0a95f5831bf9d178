"""How far a command has come, on one line of a terminal; nothing where nobody looks."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

from app.db.backup.progress import Progress, silent

_PAUSE = 0.1  # seconds between two lines: faster than one can read
_CLEAR = "\r\x1b[K"


@contextmanager
def showing() -> Generator[Progress, None, None]:
    """Something to tell progress to; the line is wiped at the end."""
    if not sys.stderr.isatty():
        yield silent
        return
    shown_at = 0.0

    def show(what: str, rows: int) -> None:
        nonlocal shown_at
        now = time.monotonic()
        if now - shown_at >= _PAUSE:
            shown_at = now
            sys.stderr.write(f"{_CLEAR}{what} … {rows:,}")
            sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write(_CLEAR)
        sys.stderr.flush()
