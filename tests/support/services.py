"""Real Redis and PostgreSQL servers, each on a port and in a folder of its own, gone afterwards.

They come from the system's packages (`tests/support/system_packages.sh`); a service of the same
kind that already runs on this machine is never touched.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil  # type: ignore[import-untyped]
import redis

from tests.support.server import until

HOST = "127.0.0.1"
PATIENCE_SECONDS = 30.0  # a loaded machine takes its time


def _quiet_port() -> int:
    """A free port below those that the system lends to outgoing connections.

    One of those could be taken while the server is stopped, even by a client that tries to reach
    it: on one machine such a client may connect to itself.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server((HOST, port)):
            return port


class _Service(ABC):
    """`with RedisServer() as server: …`: one process with its children, on one port."""

    name: str
    stop_signal = signal.SIGTERM

    def __init__(self) -> None:
        self.port = _quiet_port()
        self.folder = Path()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix=f"promptroom-{self.name}-"))
        try:
            self._prepare()
            self.start()
        except BaseException:
            self._vanish()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._vanish()

    # Life

    def start(self) -> None:
        """Start on the port it has had, and wait until it answers."""
        _end_in_order()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=self.folder,
                env=_environment(),
                stdout=log,
                stderr=log,
                **self._identity(),
            )
        until(
            lambda: self._has_ended() or self._is_ready(), PATIENCE_SECONDS, f"{self.name}'s answer"
        )
        if self._has_ended():
            raise AssertionError(f"{self.name} ended at its start:\n{self.logs()}")

    def stop(self) -> None:
        """An orderly end; clients are cut off."""
        self.resume()
        self._running.send_signal(self.stop_signal)
        self._running.wait(PATIENCE_SECONDS)

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """SIGKILL to all its processes, like a power cut."""
        family = self._family()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._running.wait(PATIENCE_SECONDS)
        until(lambda: not any(map(_runs, family)), PATIENCE_SECONDS, f"the end of {self.name}")

    def pause(self) -> None:
        """It takes connections, as the kernel does that, and answers nothing."""
        for process in self._family():
            process.suspend()

    def resume(self) -> None:
        for process in self._family():
            process.resume()

    # Looking

    @property
    def pid(self) -> int:
        return self._running.pid

    def logs(self) -> str:
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    @property
    def _log(self) -> Path:
        return self.folder / "server.log"

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, f"{self.name} was not started"
        return self._process

    @property
    def is_running(self) -> bool:
        return self._process is not None and not self._has_ended()

    def _has_ended(self) -> bool:
        return self._running.poll() is not None

    def _family(self) -> list[psutil.Process]:
        try:
            parent = psutil.Process(self.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _vanish(self) -> None:
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    # What each kind does in its way

    def _prepare(self) -> None:  # noqa: B027  (there may be nothing to do)
        """Fill the folder."""

    def _identity(self) -> Mapping[str, Any]:
        """Arguments for `Popen` that say as whom it runs."""
        return {}

    @abstractmethod
    def _command(self) -> Sequence[str]: ...

    @abstractmethod
    def _is_ready(self) -> bool:
        """Whether the process that we started, and not another on its port, answers."""


class RedisServer(_Service):
    """Redis without persistence; `options` are added to its command line."""

    name = "redis"

    def __init__(self, *options: str, password: str = "") -> None:
        super().__init__()
        self._password = password
        self._options = [*options, *(["--requirepass", password] if password else [])]

    @property
    def url(self) -> str:
        credentials = f":{self._password}@" if self._password else ""
        return f"redis://{credentials}{HOST}:{self.port}/0"

    @property
    def socket_url(self) -> str:
        return f"unix://{self.folder}/redis.sock"

    def run(self, *command: str | int) -> Any:
        """What Redis answers to `command`."""
        with redis.Redis.from_url(self.url, socket_timeout=5) as client:
            return client.execute_command(*command)

    def flush(self) -> None:
        self.run("FLUSHALL")

    def kill_clients(self) -> int:
        """Cut every connection; how many there were."""
        return sum(self.run("CLIENT", "KILL", "TYPE", kind) for kind in ("normal", "pubsub"))

    def channels(self) -> set[str]:
        """Those that anybody listens to."""
        return {channel.decode() for channel in self.run("PUBSUB", "CHANNELS")}

    def _command(self) -> Sequence[str]:
        program = shutil.which("redis-server")
        assert program, "these tests need Redis: apt-get install redis-server"
        place = ["--bind", HOST, "--port", str(self.port), "--unixsocket", "redis.sock"]
        return [program, *place, "--save", "", "--appendonly", "no", *self._options]

    def _is_ready(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                return bool(client.info("server")["process_id"] == self.pid)
        except redis.RedisError:
            return False


class PostgresServer(_Service):
    """PostgreSQL as it comes, with `fsync` on; `settings` are added to its configuration."""

    name = "postgres"
    user = "promptroom"
    stop_signal = signal.SIGINT  # "fast": ends sessions instead of waiting for them

    def __init__(self, **settings: str) -> None:
        super().__init__()
        self._settings = {
            "listen_addresses": HOST,
            "unix_socket_directories": "",
            "max_connections": "200",
            "dynamic_shared_memory_type": "mmap",  # in the folder, so that a kill leaves none
            **settings,
        }

    @property
    def url(self) -> str:
        return self.database_url("postgres")

    def database_url(self, database: str, driver: str = "") -> str:
        """For SQLAlchemy with `driver`, such as "asyncpg"; for everybody else without."""
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        return f"{scheme}://{self.user}@{HOST}:{self.port}/{database}"

    def create_database(self, template: str = "template1") -> str:
        """The name of a new database: a copy of `template`, which nobody may be connected to."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._tool("createdb", "--template", template, name)
        return name

    def drop_database(self, name: str) -> None:
        """Whoever is connected to it is cut off."""
        self._tool("dropdb", "--force", name)

    def run(self, sql: str, database: str = "postgres") -> str:
        """What psql prints: rows as lines, columns apart by `|`."""
        return self._tool("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql)

    def _tool(self, program: str, *arguments: str) -> str:
        whom = ["--host", HOST, "--port", str(self.port), "--username", self.user]
        return _run([_postgres(program), *whom, "--no-password", *arguments])

    def _prepare(self) -> None:
        _run(["cp", "-a", f"{_cluster()}/.", str(self.folder)])

    def _identity(self) -> Mapping[str, Any]:
        return _unprivileged()

    def _command(self) -> Sequence[str]:
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        return [_postgres("postgres"), "-D", str(self.folder), "-p", str(self.port), *settings]

    def _is_ready(self) -> bool:
        lines = self._lock_file()
        return lines[:1] == [str(self.pid)] and lines[7:8] == ["ready"]

    def _lock_file(self) -> list[str]:
        """Its lines: the process id first, the shared memory seventh, the state eighth."""
        path = self.folder / "postmaster.pid"
        return [line.strip() for line in path.read_text().splitlines()] if path.exists() else []

    def _vanish(self) -> None:
        shared = self._lock_file()[6:7]
        super()._vanish()
        for key_and_id in shared:
            # Killed as it was, it could not remove the segment that guards its folder.
            _run(["ipcrm", "--shmem-id", key_and_id.split()[1]])


def _end_in_order() -> None:
    """A run of tests that is told to end takes its servers with it, as when it is interrupted."""
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)  # nobody may be there to collect it
    except psutil.NoSuchProcess:
        return False


@cache
def _cluster() -> Path:
    """The folder of an empty installation: made once, as that takes a second, then copied."""
    folder = Path(tempfile.mkdtemp(prefix="promptroom-initdb-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    identity = _unprivileged()
    if identity:
        shutil.chown(folder, identity["user"], identity["group"])
    kind = ["--encoding", "UTF8", "--locale", "C.UTF-8", "--auth", "trust"]
    user = ["--username", PostgresServer.user]
    _run([_postgres("initdb"), "--no-sync", *kind, *user, str(folder)], cwd=folder, **identity)
    return folder


def _postgres(program: str) -> str:
    """The program's path: Debian keeps the server's ones of each version beside the PATH."""
    places = [Path("/usr/lib/postgresql"), Path("/usr/local/lib/postgresql")]
    found = [path for place in places for path in place.glob(f"*/bin/{program}")]
    newest = max(found, key=lambda path: float(path.parts[-3]), default=None)
    path = newest or shutil.which(program)
    assert path, "these tests need PostgreSQL: apt-get install postgresql"
    return str(path)


@cache
def _unprivileged() -> Mapping[str, Any]:
    """Nobody in particular, or the user `postgres` when we are root, as whom it does not run."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        raise AssertionError(
            "PostgreSQL does not run as root and there is no user postgres: "
            "apt-get install postgresql"
        ) from None
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _run(command: Sequence[str], **options: Any) -> str:
    """What `command` printed. Raises with what it complained about."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, capture_output=True, text=True, check=False, env=_environment(), **options
    )
    assert done.returncode == 0, f"{command[0]} failed: {done.stderr.strip()}"
    return done.stdout.strip()


def _environment() -> dict[str, str]:
    """Ours without what would send PostgreSQL's tools to another server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
