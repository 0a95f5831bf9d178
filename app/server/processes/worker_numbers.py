"""Numbers for workers: one process at a time has each, whatever else runs on this data folder.

A worker's flight recorder is a file named by its number. The process that follows one that died
gets the same number, so that it reads what the dead one was doing. Two that live at the same time
must never share one, be they a worker and its successor, two servers that share a folder, or the
workers that outlive a killed parent. So a number is claimed with a lock on that file, which the
worker inherits.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Number:
    """A claimed number. `claim` is the descriptor that holds it."""

    value: int
    claim: int


def flight_file(data_dir: Path, number: int) -> Path:
    """Where the worker with `number` notes what it is doing."""
    return data_dir / f"flight-{number}.bin"


class Numbers:
    """The lowest ones that nobody else has."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._taken: set[int] = set()

    def take(self) -> Number:
        value = 0
        while value in self._taken or (claim := _claim(flight_file(self._data_dir, value))) is None:
            value += 1
        self._taken.add(value)
        return Number(value, claim)

    def give_back(self, number: Number) -> None:
        """Its process has left in order, or another has taken its place."""
        self._taken.discard(number.value)
        if number.claim >= 0:
            os.close(number.claim)


def _claim(path: Path) -> int | None:
    """A descriptor, -1 where there can be none, or None when another server has the number."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return -1  # on a full or broken disk a worker without a recorder is better than none
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        return descriptor  # a file system without locks; its folder is not shared then, we hope
    return descriptor
