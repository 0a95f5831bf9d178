"""The database: one engine, and transactions that begin the way their use needs."""

from __future__ import annotations

from contextlib import AsyncExitStack
from copy import copy
from types import TracebackType
from typing import Any

import msgspec
from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import await_only

from app.db.one_trip import take_one_trip
from app.db.postgres import examine, make_engine
from app.db.turns import Turns
from app.db.wall import EVERYWHERE, OPTION, Inside, Scope
from app.db.watch import Watch, WatchedSession
from app.errors import Invalid

CONNECTIONS = 10  # requests hold one for milliseconds; PostgreSQL admits a hundred in all


class Transaction:
    """A session between its BEGIN and its COMMIT.

    A class and not a generator: when a sibling dependency fails, Litestar drops a request's
    transaction without closing it, and two nested generators being finalised at once collide.
    """

    def __init__(self, engine: AsyncEngine, watch: Watch | None = None) -> None:
        self._engine = engine
        self._watch = watch
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> AsyncSession:
        session = AsyncSession(
            self._engine,
            expire_on_commit=False,
            sync_session_class=WatchedSession,
            info=self._watch.session_info() if self._watch else None,
        )
        await self._stack.enter_async_context(session)
        await self._stack.enter_async_context(session.begin())
        return session

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)


class DatabaseUnusable(Invalid):
    code = "database_url_invalid"
    title = "The database's address cannot be used"
    advice = "Correct PROMPTROOM_DATABASE_URL."


class Database:
    """Opens transactions on SQLite or PostgreSQL."""

    def __init__(
        self, url: str, *, connections: int = CONNECTIONS, turns: Turns | None = None
    ) -> None:
        """Connects to nothing yet. Raises `DatabaseUnusable`.

        `connections` is how many it opens to PostgreSQL at most.
        """
        backend, rest = _parts(url)
        self.is_sqlite = backend == "sqlite"
        self.url = make_url(f"sqlite+aiosqlite://{rest}" if self.is_sqlite else _DIALECT)
        self.turns = turns or Turns()  # at writing, on SQLite
        self.watch = Watch()
        self._given = url
        self.dsn = "" if self.is_sqlite else f"postgresql://{rest}"  # as the driver itself takes it
        if self.is_sqlite:
            self.engine = self._reading = _sqlite_engine(self.url, self.turns)
            # SQLite cannot turn a reader whose snapshot has aged into a writer, so a transaction
            # that will write asks for the lock with its first statement.
            self._writing = self.engine.execution_options(promptroom_write=True)
        else:
            self.engine = self._writing = make_engine(self.dsn, connections, **_OPTIONS)
            # One moment for all its statements, as on SQLite.
            self._reading = self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    def apart(self, connections: int) -> Database:
        """The same database through connections of its own, to be closed by itself.

        For what must neither wait for others to give theirs back, nor make them wait.
        """
        other = Database(self._given, connections=connections, turns=self.turns)
        other.watch = self.watch
        return other

    def within(self, where: Inside) -> Database:
        """The same database, whose transactions find rows of `where`'s workspace alone."""
        return self._seeing(where)

    def everywhere(self) -> Database:
        """The same database, whose transactions cross workspaces.

        For what acts for everybody, or finds out who somebody is: `# everywhere: why` beside it.
        """
        return self._seeing(EVERYWHERE)

    def transaction(self, *, write: bool = True) -> Transaction:
        """One unit of work: committed at the end, rolled back when the block raises.

        Code inside never calls `commit()`. Nothing is locked before the first statement.
        `write=False` promises not to change anything; on SQLite it then does not queue behind
        writers, on PostgreSQL the server holds it to its word. Without `within` or `everywhere` it
        is in no workspace: people and their sessions are all it sees.
        """
        return Transaction(self._writing, self.watch) if write else Transaction(self._reading)

    async def examine(self) -> None:
        """At a start: refuse a server that cannot keep our promises. Raises what says why."""
        if not self.is_sqlite:
            await examine(self.engine)

    async def is_reachable(self) -> bool:
        try:
            async with self.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return False
        return True

    async def close(self) -> None:
        await self.engine.dispose()

    def _seeing(self, scope: Scope) -> Database:
        if self.is_sqlite:
            return self
        view = copy(self)
        view.engine, view._writing, view._reading = (  # noqa: SLF001  # our own
            engine.execution_options(**{OPTION: scope})
            for engine in (self.engine, self._writing, self._reading)
        )
        return view


def _parts(url: str) -> tuple[str, str]:
    """`sqlite` or `postgresql`, and what follows `://`; which driver speaks to it is our choice."""
    scheme, _, rest = url.partition("://")
    backend, _, driver = scheme.partition("+")
    backend = {"postgres": "postgresql"}.get(backend, backend)
    if backend not in _DRIVERS or driver not in ("", _DRIVERS[backend]):
        # Not the address itself: it may hold a password, and this ends in logs.
        raise DatabaseUnusable(
            "PROMPTROOM_DATABASE_URL has to begin with postgresql:// or sqlite:///."
        )
    return backend, rest


def _to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


_TURN = "promptroom.turn"
_DRIVERS = {"sqlite": "aiosqlite", "postgresql": "asyncpg"}
_DIALECT = "postgresql+asyncpg://"
_OPTIONS: dict[str, Any] = {
    "hide_parameters": True,  # an error's message ends in the log, and people's words must not
    "json_serializer": _to_json,
    "json_deserializer": msgspec.json.decode,
}


def _sqlite_engine(url: URL, turns: Turns) -> AsyncEngine:
    engine = create_async_engine(url, **_OPTIONS)
    take_one_trip(engine)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # BEGIN is ours, see below
        for pragma in SQLITE_PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        if not connection.get_execution_options().get("promptroom_write", False):
            driver.begins_with = "BEGIN"
            return
        connection.info[_TURN] = await_only(turns.take())
        driver.begins_with = "BEGIN IMMEDIATE"

    @event.listens_for(engine.sync_engine, "checkin")
    def end(_connection: object, record: ConnectionPoolEntry) -> None:
        # Here and not at the commit: however a transaction ends, its connection comes back.
        if (turn := record.info.pop(_TURN, None)) is not None:
            turn.end()

    return engine


# FULL: a commit is on disk before it is acknowledged, which is the promise of this product.
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=10000",
    # Every keystroke is a commit: copying the log into the database each 1,000 pages, as is the
    # default, would happen every second or two.
    "PRAGMA wal_autocheckpoint=8000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
)
