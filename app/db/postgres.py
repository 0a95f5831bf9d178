"""What is PostgreSQL's own: how connections are made and kept, and which failures pass."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import structlog
from sqlalchemy import event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.db import wall
from app.errors import Conflict

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 5.0
POOL_SECONDS = 5.0  # for a connection to come free; who waits longer is told to come back

# What a connection begins with. A worker that stops answering must not hold locks for long, and a
# statement that waits for one has to fail while somebody still waits for its answer.
_SESSION = {
    "application_name": "promptroom",
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",  # compiling takes longer than any of our statements
    # A machine that vanished has its sessions, and so its advisory locks, ended within 30 s.
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}

# A commit is on disk before it is acknowledged, whatever the server's default is.
_DURABLE = """
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') = 'off'
"""

# The same for a server that vanished; not every system has all of them.
_LINE = {
    "SO_KEEPALIVE": 1,
    "TCP_KEEPIDLE": 15,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 30_000,  # ms, until what was sent has to be acknowledged
}

# SQLSTATEs, by their first letters, that say nothing about our statement: it may work later.
_PASSING = (
    "08",  # the connection broke
    "28",  # the password was changed
    "3D000",  # the database is not there: it is being restored
    "40",  # serialization failure, deadlock
    "53",  # disk full, out of memory, too many connections
    "55P03",  # a lock was not to be had in time
    "57",  # starting up, shutting down, cancelled by a timeout
    "58",  # the system under it reports errors
)


_OLDEST = 150000  # what the tests run on
_EXAMINED = text("""
SELECT current_setting('server_version_num')::int AS version,
  current_setting('server_encoding') AS encoding,
  current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AS is_durable,
  (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS passes_walls
""")


class DatabaseUnsuitable(Conflict):
    code = "database_unsuitable"
    title = "The database cannot keep what Promptroom promises"
    advice = "Change the server's setting that the detail names."


class Connection(asyncpg.Connection):  # type: ignore[misc]  # the driver has no types
    """A connection that notices within half a minute that nobody is at the other end."""

    def __init__(self, protocol: Any, transport: Any, *rest: Any) -> None:
        super().__init__(protocol, transport, *rest)
        line = transport.get_extra_info("socket")
        if line is None or line.family == socket.AF_UNIX:
            return
        for name, value in _LINE.items():
            level = socket.SOL_SOCKET if name.startswith("SO_") else socket.IPPROTO_TCP
            if hasattr(socket, name):
                line.setsockopt(level, getattr(socket, name), value)


async def connect(dsn: str, settings: Mapping[str, str] | None = None) -> Connection:
    """A connection outside any pool. `settings` are the server's, beside what all begin with."""
    connection: Connection = await asyncpg.connect(
        dsn,
        timeout=CONNECT_SECONDS,
        connection_class=Connection,
        server_settings={**_SESSION, **(settings or {})},
    )
    await connection.execute(_DURABLE)
    return connection


def make_engine(dsn: str, size: int, **options: Any) -> AsyncEngine:
    """An engine whose every failure that may pass by itself is an `OperationalError`."""
    engine: AsyncEngine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: _connected(engine, dsn),
        pool_size=size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_use_lifo=True,  # what is not needed ages and is replaced
        pool_recycle=1800,
        **options,
    )
    event.listen(engine.sync_engine, "begin", wall.enter)
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    event.listen(engine.sync_engine, "handle_error", _translate)
    return engine


async def _connected(engine: AsyncEngine, dsn: str) -> Connection:
    try:
        return await connect(dsn)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        failure = engine.dialect.loaded_dbapi.OperationalError
        raise failure(str(error) or type(error).__name__, error) from error


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Instead of a ping before each transaction: the driver knows when the server hung up."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError("the server closed the connection")


def _translate(context: ExceptionContext) -> Exception | None:
    """The same failure in the class that both databases share, and without what people wrote."""
    failure = context.sqlalchemy_exception
    if not isinstance(failure, DBAPIError) or failure.orig is None:
        return None
    _forget_values(failure.orig)
    code = getattr(failure.orig, "sqlstate", None) or ""
    passes = context.is_disconnect or code.startswith(_PASSING)
    return (OperationalError if passes else type(failure))(
        failure.statement,
        None,
        failure.orig,
        hide_parameters=True,
        connection_invalidated=context.is_disconnect,
        code=failure.code,
    )


def _forget_values(error: BaseException) -> None:
    """Details quote the row that breaks a constraint, and a traceback would print them."""
    for told in filter(None, (error, error.__cause__)):
        if getattr(told, "detail", None):
            told.detail = None  # type: ignore[attr-defined]  # both classes have it
        if str(told.args[0] if told.args else "").startswith(_QUOTING):
            told.args = (_QUOTING,)


_QUOTING = "invalid input for query argument"  # and then which, of the driver itself


async def examine(engine: AsyncEngine) -> None:
    """At a start: refuse what cannot work, and warn of what weakens a promise.

    Raises `DatabaseUnsuitable`.
    """
    async with engine.connect() as connection:
        found = (await connection.execute(_EXAMINED)).one()
    if found.version < _OLDEST:
        raise DatabaseUnsuitable("The database is older than PostgreSQL 15. Upgrade it first.")
    if found.encoding != "UTF8":
        raise DatabaseUnsuitable(
            f"The database's encoding is {found.encoding}. Make one with ENCODING 'UTF8'."
        )
    if not found.is_durable:
        log.warning("database.not_durable", cause="fsync or full_page_writes is off")
    if found.passes_walls:
        cause = "its role is a superuser or has BYPASSRLS: docs/operations.md has a better one"
        log.warning("database.wall_not_kept", cause=cause)
