"""What a long command says while it runs and at its end, and how it is stopped."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

import click

from app.db.backup.progress import Progress, silent

_PAUSE = 0.1  # seconds between two lines: faster than one can read
_CLEAR = "\r\x1b[K"
_BAR = 30  # characters, so that a line fits into 80 columns


@contextmanager
def showing() -> Generator[Progress, None, None]:
    """Something to tell progress to: one line on a terminal, wiped at the end, else nothing.

    SIGTERM, as from a timer that has run out, ends the block as Ctrl+C does: what it had begun is
    cleared away, and the exit code tells which it was.
    """
    with _stoppable():
        if not sys.stderr.isatty():
            yield silent
            return
        try:
            yield _shower()
        finally:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()


@contextmanager
def counting(what: str, total: int) -> Generator[Callable[[int], None], None, None]:
    """Something to tell how many of `total` are done. SIGTERM ends the block as with `showing`.

    A bar on a terminal, wiped at the end; else a line for each tenth.
    """
    with _stoppable():
        if not sys.stderr.isatty():
            yield _tenths(what, total)
            return
        try:
            yield _bar(what, total)
        finally:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()


def tell(sentence: str, damages: Sequence[str], *, fails: bool, is_piped: bool = False) -> None:
    """What was done, and what is damaged; that `fails` a command which was to verify.

    `is_piped` when standard output is the work itself.
    """
    click.echo(sentence, err=is_piped)
    for damage in damages:
        click.echo(f"promptroom: damaged already when it was backed up: {damage}", err=True)
    if fails and damages:
        sys.exit(1)


def _shower() -> Progress:
    shown_at = 0.0

    def show(what: str, rows: int) -> None:
        nonlocal shown_at
        now = time.monotonic()
        if now - shown_at >= _PAUSE:
            shown_at = now
            sys.stderr.write(f"{_CLEAR}{what} … {rows:,}")
            sys.stderr.flush()

    return show


def _bar(what: str, total: int) -> Callable[[int], None]:
    began = time.monotonic()

    def show(done: int) -> None:
        full = _BAR * done // total
        left = (time.monotonic() - began) * (total - done) / max(done, 1)
        bar = "━" * full + "─" * (_BAR - full)
        sys.stderr.write(f"{_CLEAR}{bar} {done:,} of {total:,} {what}, about {left:.0f} s left")
        sys.stderr.flush()

    show(0)
    return show


def _tenths(what: str, total: int) -> Callable[[int], None]:
    told = 0

    def show(done: int) -> None:
        nonlocal told
        if done * 10 // total > told or done >= total:
            told = done * 10 // total
            click.echo(f"{done:,} of {total:,} {what}", err=True)

    return show


@contextmanager
def _stoppable() -> Generator[None, None, None]:
    def stop(number: int, _frame: object) -> None:
        click.echo("promptroom: stopped before the end; nothing was kept.", err=True)
        sys.exit(128 + number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
