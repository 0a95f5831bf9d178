"""Where backups lie: written beside their place, put there when whole, private all the time."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from app.db.backup.errors import BackupFailed, BackupTooNew, BackupUnreadable
from app.db.backup.incoming import Incoming

STANDARD = "-"  # standard output or input


@contextmanager
def outgoing(name: str) -> Iterator[BinaryIO]:
    """A file to write the backup to; it takes its place when the block ends without raising.

    Until then whatever had that name stays. Raises `BackupFailed`.
    """
    if name == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(name)
    _check_place(path)
    with replacement(path) as partial, partial.open("w+b") as file:
        yield file


@contextmanager
def incoming(name: str) -> Iterator[BinaryIO]:
    """The file to read a backup from."""
    if name == STANDARD:
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as file:
        yield file


@contextmanager
def replacement(path: Path) -> Iterator[Path]:
    """An empty file beside `path` that takes its place when the block ends without raising."""
    path = path.resolve()  # a link stays one, and leads to what is new
    descriptor, name = tempfile.mkstemp(".partial", f".{path.name}.", path.parent)  # mode 0600
    os.close(descriptor)
    partial = Path(name)
    try:
        yield partial
        _sync(partial)
        partial.replace(path)
        _sync(path.parent)  # so that the name is on disk as well
    finally:
        for left in (name, f"{name}-journal"):  # the second one is SQLite's
            Path(left).unlink(missing_ok=True)


def remove_log(database: Path) -> None:
    """Of an empty SQLite database: its log must not be taken for that of the one to come."""
    for suffix in ("-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)


def reason(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "the disk is full"
    return (error.strerror or str(error)).lower()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_place(path: Path) -> None:
    """A slip of the fingers must not replace a database, or anything else that is no backup."""
    try:
        found = path.stat()
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise BackupFailed(f"there is no folder {path.parent} to write it to") from None
        return
    if not stat.S_ISREG(found.st_mode):
        raise BackupFailed(f"{path} is not a file. Name one, or - for standard output")
    with path.open("rb") as file, contextlib.suppress(BackupTooNew):
        try:
            Incoming(file)
        except BackupUnreadable:
            raise BackupFailed(
                f"{path} is there already and is no backup. Choose another name"
            ) from None
