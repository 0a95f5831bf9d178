"""The database: one engine, and transactions that begin the way their use needs."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any

import msgspec
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine


class Transaction:
    """A session between its BEGIN and its COMMIT.

    A class and not a generator: when a sibling dependency fails, Litestar drops a request's
    transaction without closing it, and two nested generators being finalised at once collide.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> AsyncSession:
        session = AsyncSession(self._engine, expire_on_commit=False)
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


class Database:
    """Opens transactions on SQLite or PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else _server_engine(url)
        # SQLite cannot turn a reader whose snapshot has aged into a writer, so a transaction
        # that will write asks for the lock with its first statement.
        self._writing = self.engine.execution_options(promptroom_write=True)

    def transaction(self, *, write: bool = True) -> Transaction:
        """One unit of work: committed at the end, rolled back when the block raises.

        Code inside never calls `commit()`. Nothing is locked before the first statement.
        `write=False` promises not to change anything; on SQLite it then does not queue behind
        writers.
        """
        return Transaction(self._writing if write else self.engine)

    async def is_reachable(self) -> bool:
        try:
            async with self.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return False
        return True

    async def close(self) -> None:
        await self.engine.dispose()


def _to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _server_engine(url: str) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=10,
        max_overflow=10,
        pool_pre_ping=True,
        hide_parameters=True,  # an error's message ends in the log, and people's words must not
        json_serializer=_to_json,
        json_deserializer=msgspec.json.decode,
    )


def _sqlite_engine(url: str) -> AsyncEngine:
    engine = create_async_engine(
        url,
        hide_parameters=True,
        json_serializer=_to_json,
        json_deserializer=msgspec.json.decode,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # BEGIN is ours, see below
        for pragma in SQLITE_PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("promptroom_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

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
