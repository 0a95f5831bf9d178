"""The job process: what has to be done once, whatever the number of servers; no sockets."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.db import migrate
from app.db.engine import Database
from app.db.leader import lead
from app.errors import Unavailable
from app.kit.supervise import Supervisor
from app.server.jobs import Jobs
from app.server.processes.claims import open_data
from app.server.schedule import schedule_of
from app.settings import InvalidSetting, Settings

log = structlog.get_logger(__name__)

LIFE_SECONDS = 5.0  # between two signs of life
DEAD_SECONDS = 30.0  # without one; a busy machine may be late, a hung process stays so
_SCHEMA_SECONDS = 2.0  # between two looks whether the servers have upgraded the schema
_CONNECTIONS = 2  # beside the one that is the leadership


async def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Raises `InvalidSetting` with SQLite, `DataUnusable`."""
    if settings.is_sqlite:
        raise InvalidSetting(
            "With SQLite `promptroom serve` does the jobs itself. Nothing is left for this process."
        )
    os.close(open_data(settings.data_dir))
    life = Life(settings.data_dir)
    database = Database(settings.database, connections=_CONNECTIONS)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tasks = Supervisor()
    tasks.keep("worker.life", life.go_on)

    async def work() -> None:
        await _schema_is_ours(database)
        await Jobs(database, schedule_of(settings)).run()

    tasks.keep("worker.jobs", lambda: lead(database.dsn, "jobs", work, life.tell))
    log.info("worker.ready")
    await stop.wait()
    log.info("worker.stopping")
    await tasks.stop()
    await database.close()
    life.end()


async def _schema_is_ours(database: Database) -> None:
    """Servers upgrade it when they start; a new release's worker may be there before them."""
    is_told = False
    while True:
        with contextlib.suppress(SQLAlchemyError, OSError):
            if migrate.suits(await migrate.current(database)):
                return
        if not is_told:
            log.warning("worker.waits_for_schema")
            is_told = True
        await asyncio.sleep(_SCHEMA_SECONDS)


class Life:
    """Signs of life in a file: its age, and what the process is doing."""

    def __init__(self, data_dir: Path) -> None:
        # By the machine's name, which is the container's: a data folder may be shared.
        self._path = data_dir / f"worker-{socket.gethostname()}.alive"
        self._state = "starts"

    def tell(self, state: str) -> None:
        self._state = state
        self._write()

    async def go_on(self) -> None:
        """From the event loop, so that it stops when the loop is stuck."""
        while True:
            self._write()
            await asyncio.sleep(LIFE_SECONDS)

    def end(self) -> None:
        self._path.unlink(missing_ok=True)

    def check(self) -> str:
        """What the process is doing. Raises `Unavailable` when there is none alive."""
        try:
            age = time.time() - self._path.stat().st_mtime
            state = self._path.read_text("utf-8")
        except FileNotFoundError:
            raise Unavailable("No job process runs on this machine.") from None
        if not -DEAD_SECONDS < age < DEAD_SECONDS:
            raise Unavailable(f"The job process gave its last sign of life {age:.0f} seconds ago.")
        return state

    def _write(self) -> None:
        new = self._path.with_suffix(".new")  # whoever looks sees a whole word
        with contextlib.suppress(OSError):  # on a full disk it ages, and the check says so
            new.write_text(self._state, "utf-8")
            new.replace(self._path)
