"""Figures of several workers as one: each writes to files that any of them can read out.

Prometheus's client does that with a file per process and kind of figure. Ours are named by the
worker's number instead of its process id, so the next process with that number goes on counting
where the last one stopped: totals never step back, and the files do not become more and more.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from prometheus_client import Metric

log = structlog.get_logger(__name__)

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # the client's, read when it is imported
_PREFIX = "figures-"
# The client maps these files and grows them with holes. A mapped page that a full disk has no
# block for kills the process, so they get their blocks beforehand, enough for every label there is.
BYTES = {
    "counter": 2**18,
    "histogram": 2**21,
    "gauge_livesum": 2**16,
    "gauge_livemin": 2**16,
}


@dataclass(frozen=True, slots=True)
class Figures:
    """The folder of a running server's figures."""

    folder: Path

    def forget(self, number: int) -> None:
        """What the worker with `number` had at this moment is over; what it counted stays."""
        for path in self.folder.glob(f"gauge_live*_{number}.db"):
            path.unlink(missing_ok=True)


@contextmanager
def shared_figures(data_dir: Path) -> Iterator[Figures]:
    """A fresh folder in `data_dir`, gone afterwards, with those of servers that were killed."""
    for left_over in data_dir.glob(f"{_PREFIX}*"):
        if (lock := _lock(left_over)) is not None:
            shutil.rmtree(left_over, ignore_errors=True)
            os.close(lock)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=data_dir))
    lock = _lock(folder)
    try:
        yield Figures(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """A descriptor that holds `folder`, or None when another server does."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
        else:
            return descriptor
    return None


def share(number: int) -> None:
    """In a worker, before anything imports the client: write where all can read, if told to."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        os.environ.pop(VARIABLE, None)  # the client would take an empty one for a folder
        return
    try:
        for kind, size in BYTES.items():
            _allocate(Path(folder) / f"{kind}_{number}.db", size)
    except OSError as error:
        log.warning("figures.not_shared", cause=error.strerror)
        del os.environ[VARIABLE]
        return
    from prometheus_client import values  # noqa: PLC0415  # reads the variable

    # As its documentation has it for servers that number their workers. It has no types.
    writing: Any = values
    writing.ValueClass = writing.MultiProcessValue(process_identifier=lambda: number)


def _allocate(path: Path, size: int) -> None:
    with path.open("ab") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def latest() -> bytes:
    """All figures in Prometheus's text format: those of every worker, or of the only one."""
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

    if VARIABLE not in os.environ:
        return generate_latest()
    everywhere = CollectorRegistry()
    everywhere.register(MultiProcessCollector(None))  # type: ignore[no-untyped-call]
    return generate_latest(everywhere)


def text(families: Iterable[Metric]) -> bytes:
    """`families` in the same format, for what is not counted in a process."""
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415

    registry = CollectorRegistry()
    registry.register(_Given(families))
    return generate_latest(registry)


class _Given:
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families
