"""Disks that fail for real: a small file system of their own, and system calls that go wrong."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.server import HEADLESS, Server, until


class SmallDiskServer(Server):
    """A server whose data lies on a file system of a few megabytes that only it can see."""

    def __init__(self, data_dir: Path, megabytes: int) -> None:
        super().__init__(data_dir, HEADLESS)
        self._megabytes = megabytes

    def _command(self) -> list[str]:
        own_user = [] if os.geteuid() == 0 else ["--map-root-user"]
        mount = f'mount -t tmpfs -o size={self._megabytes}m tmpfs "$0" && exec "$@"'
        return [
            *("unshare", *own_user, "--mount", "--propagation", "private"),
            *("sh", "-c", mount, str(self.data_dir)),
            *(sys.executable, "-m", "app", "serve", "--port", str(self.port)),
        ]

    @property
    def disk(self) -> Path:
        """The data directory as the server sees it."""
        return Path(f"/proc/{self.worker}/root{self.data_dir}")

    def fill(self) -> None:
        """Leave no byte free."""
        with (self.disk / "filler").open("wb", buffering=0) as filler:
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        filler.write(bytes(size))
                except OSError:
                    continue

    def make_room(self) -> None:
        (self.disk / "filler").unlink()


@contextmanager
def failing(pid: int, calls: str, error: str, when: str, report: Path) -> Iterator[None]:
    """While the block runs, the calls that `when` names fail in `pid`; see strace(1), inject."""
    strace = shutil.which("strace")
    assert strace, "these tests need strace: install it, for instance with apt-get install strace"
    rule = f"inject={calls}:error={error}:when={when}"
    process = subprocess.Popen(
        [strace, "-f", "-o", str(report), "-p", str(pid), "-e", f"trace={calls}", "-e", rule]
    )
    try:
        until(lambda: _is_traced(pid), 10, "strace to attach")
        yield
    finally:
        process.terminate()
        process.wait(10)


def _is_traced(pid: int) -> bool:
    """Whether every thread is."""
    return all(
        re.search(r"TracerPid:\s*[1-9]", (task / "status").read_text())
        for task in Path(f"/proc/{pid}/task").iterdir()
    )
