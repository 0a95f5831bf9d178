"""Leadership: of all processes on one PostgreSQL exactly one does what has to be done once.

The leader is whose session holds an advisory lock. A session that is silent for some seconds is
ended by the server, so a leader that hangs, or whose machine has vanished, is followed within
fifteen seconds; and it gives up by itself before that, when the server does not answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Never

import asyncpg  # type: ignore[import-untyped]
import structlog

from app.db.postgres import Connection, connect

log = structlog.get_logger(__name__)

BEAT_SECONDS = 2.0  # between two signs of life, and between two tries to become the leader
PATIENCE_SECONDS = 5.0  # for the answer to one; with the beat it has to be less than the silence
_SILENCE = "10s"  # after which the server ends the session
_TRY = "SELECT pg_try_advisory_lock(hashtext($1))"
_PAUSE_SECONDS = 2.0  # after a failure, until the next try

_FAILURES = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)

Work = Callable[[], Awaitable[None]]

LEADS = "leads"
WAITS = "waits for its turn"


async def lead(dsn: str, name: str, work: Work, tell: Callable[[str], None]) -> Never:
    """Run `work` whenever this process leads, and cancel it as soon as it may not any more.

    `tell` hears of each change. Whoever is slow to notice may overlap with its follower for a
    moment, so `work` must bear being done twice.
    """
    while True:
        tell(WAITS)
        try:
            async with _elected(dsn, name) as connection:
                log.info("leader.elected", name=name)
                tell(LEADS)
                await _while_it_lasts(connection, work)
        except _FAILURES as error:
            log.warning("leader.no_database", name=name, cause=str(error) or type(error).__name__)
        await asyncio.sleep(_PAUSE_SECONDS)


@asynccontextmanager
async def _elected(dsn: str, name: str) -> AsyncGenerator[Connection, None]:
    """A connection that holds the lock; waits for it as long as another process has it."""
    connection = await connect(dsn, {"idle_session_timeout": _SILENCE})
    try:
        while not await connection.fetchval(_TRY, name, timeout=PATIENCE_SECONDS):  # noqa: ASYNC110
            await asyncio.sleep(BEAT_SECONDS)  # the server tells nobody
        yield connection
    finally:
        connection.terminate()  # and with it the lock, whatever state either is in


async def _while_it_lasts(connection: Connection, work: Work) -> None:
    """Until `work` ends or the connection fails, which raises."""
    working = asyncio.ensure_future(work())
    try:
        while not working.done():
            await asyncio.wait((working,), timeout=BEAT_SECONDS)
            await connection.execute("SELECT 1", timeout=PATIENCE_SECONDS)
        working.result()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
