"""A real server: parent, worker, socket and files, as `promptroom serve` runs them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parents[2]
FACTORY = "app.asgi:create_app"

EMAIL = "owner@example.com"
PASSWORD = "correct horse battery staple"
KEY = "pr_test_0123456789abcdefghijklmnopqrstuvwxyz"

# A headless installation: an owner, the workspace `acme`, and a key that the test knows.
HEADLESS: dict[str, str] = {
    "PROMPTROOM_INIT_EMAIL": EMAIL,
    "PROMPTROOM_INIT_PASSWORD": PASSWORD,
    "PROMPTROOM_INIT_WORKSPACE": "Acme",
    "PROMPTROOM_INIT_API_KEY": KEY,
}


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first true answer of `condition`. Raises `TimeoutError` that says what never came."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(0.02)


class Server:
    """`with Server(tmp_path) as server: server.get("/health/live")`.

    `environment` is added to a clean one; `factory` replaces the application, for tests that
    plant failures, and then `has_overlap` lets a successor live beside its predecessor. The port stays the same when the server is started again.
    """

    def __init__(
        self,
        data_dir: Path,
        environment: Mapping[str, str] | None = None,
        *,
        factory: str = FACTORY,
        workers: int = 1,
        has_overlap: bool = False,
    ) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self._given = dict(environment or {})
        self._factory = factory
        self._workers = workers
        self._flags = ["--overlap"] if has_overlap else []
        self._process: subprocess.Popen[bytes] | None = None
        self._log = data_dir / "server.log"
        self._ready_before = 0
        self._orphans: list[psutil.Process] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill_everything()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the parent."""
        assert self._process is not None, "the server was not started"
        return self._process.pid

    # Life

    def start(self, *, wait: bool = True) -> None:
        """Start and wait until requests are answered."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._ready_before = self.times_ready()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), cwd=ROOT, env=self._environment(), stdout=log, stderr=log
            )
        if wait:
            self.wait_until_ready()

    def times_ready(self) -> int:
        """How often a worker has begun to answer since the first start."""
        return len(list(self.events("worker.ready")))

    def wait_for_workers(self, count: int, seconds: float = 60.0) -> None:
        """Until so many workers have begun to answer since the last start."""
        wanted = self._ready_before + count
        until(lambda: self.times_ready() >= wanted, seconds, f"{count} workers\n{self.logs()}")

    def restart_workers(self, count: int, seconds: float = 120.0) -> None:
        """SIGHUP, and wait until each of `count` workers has been replaced."""
        ready, stopped = self.times_ready(), len(list(self.events("worker.stopped")))
        os.kill(self.pid, signal.SIGHUP)
        until(lambda: self.times_ready() >= ready + count, seconds, f"the new ones\n{self.logs()}")
        until(
            lambda: len(list(self.events("worker.stopped"))) >= stopped + count,
            seconds,
            "the end of the old ones",
        )

    def wait_until_ready(self, seconds: float = 30.0) -> None:
        """Until a worker of the last start answers. Fails when the parent ends instead."""
        until(self._is_up_or_dead, seconds, f"an answer of the server\n{self.logs()}")
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"the server ended with {self._process.returncode}\n{self.logs()}")

    def stop(self, seconds: float = 40.0) -> int:
        """SIGTERM; the parent's exit code."""
        assert self._process is not None, "the server was not started"
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(seconds)

    def wait(self, seconds: float = 30.0) -> int:
        """The exit code of a parent that is expected to end by itself."""
        assert self._process is not None, "the server was not started"
        return self._process.wait(seconds)

    def kill_everything(self) -> None:
        """SIGKILL to the parent and all its descendants at one moment, like a power cut."""
        if self._process is None:
            return
        for process in [*self._family(), *self._orphans]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait(10)

    def kill_parent(self) -> None:
        """SIGKILL to the parent alone; its workers find out and leave by themselves."""
        self._orphans = self._family()[1:]
        os.kill(self.pid, signal.SIGKILL)
        self.wait()

    # Workers

    def workers(self) -> list[int]:
        """Process ids of the workers that run now."""
        return [process.pid for process in self._family() if _is_worker(process)]

    @property
    def worker(self) -> int:
        """The process id of the only worker."""
        found: int = until(self.workers, 10, "a worker")[0]
        return found

    def kill_worker(self) -> int:
        """SIGKILL to the worker; its process id."""
        pid = self.worker
        os.kill(pid, signal.SIGKILL)
        return pid

    # Looking

    def get(self, path: str, timeout: float = 10.0, **headers: str) -> tuple[int, bytes]:
        """Status and body. Raises `OSError` when nothing answers."""
        request = urllib.request.Request(self.url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def logs(self) -> str:
        """Everything said so far, on both streams."""
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    def events(self, name: str = "") -> Iterator[dict[str, Any]]:
        """The structured lines of the log, or those of the event `name`."""
        for line in self.logs().splitlines():
            if line.startswith("{"):
                entry = json.loads(line)
                if not name or entry.get("event") == name:
                    yield entry

    def _command(self) -> list[str]:
        if self._factory == FACTORY:
            options = ["--port", str(self.port), "--workers", str(self._workers)]
            return [sys.executable, "-m", "app", "serve", *options]
        program = "tests.support.planted"
        numbers = [str(self.port), str(self._workers)]
        return [sys.executable, "-m", program, self._factory, *numbers, *self._flags]

    def _environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PROMPTROOM_")}
        return clean | {
            "PROMPTROOM_DATA_DIR": str(self.data_dir),
            "PROMPTROOM_LOG_FORMAT": "json",
            **self._given,
        }

    def _is_up_or_dead(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            return True
        return self.times_ready() > self._ready_before

    def _family(self) -> list[psutil.Process]:
        try:
            parent = psutil.Process(self.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "app.server.processes.worker_main" in process.cmdline()
    except psutil.Error:
        return False
