"""A PostgreSQL database of its own for each test: copies of one that was migrated once."""

from __future__ import annotations

import asyncio
import itertools
import os
from types import TracebackType
from typing import Self

import asyncpg  # type: ignore[import-untyped]

from app.db import migrate
from app.db.engine import Database
from tests.support.services import PostgresServer

# What tests read was written by them a moment ago: nothing has to outlive the server.
_HASTY = {"fsync": "off", "full_page_writes": "off"}
_TEMPLATE = "migrated"


def is_on_postgres() -> bool:
    """Whether the tests that ask for any database get PostgreSQL: `make test-postgres`."""
    return os.environ.get("PROMPTROOM_TEST_DATABASE") == "postgresql"


class PostgresCopies:
    """Databases of a server of our own, whose owner is an ordinary role as in production."""

    role = "tenant"

    def __init__(self) -> None:
        self.server = PostgresServer(**_HASTY)
        self._numbers = itertools.count(1)
        self._runner = asyncio.Runner()
        self._admin: asyncpg.Connection | None = None

    def __enter__(self) -> Self:
        self.server.__enter__()
        try:
            self.server.run(f"CREATE ROLE {self.role} LOGIN")
            self.empty(_TEMPLATE)
            self._runner.run(_migrate(self.url(_TEMPLATE)))
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._admin is not None:
            self._runner.run(self._admin.close())
        self._runner.close()
        self.server.__exit__(kind, error, trace)

    def url(self, name: str) -> str:
        return f"postgresql://{self.role}@127.0.0.1:{self.server.port}/{name}"

    def copy(self) -> str:
        """The name of a new migrated database."""
        how = f"TEMPLATE {_TEMPLATE} STRATEGY file_copy"  # which waits for no disk here
        return self.empty(f"copy_{next(self._numbers)}", how)

    def empty(self, name: str, how: str = "") -> str:
        """The name of a new database without any table."""
        self._do(f"CREATE DATABASE {name} OWNER {self.role} {how}")
        return name

    def drop(self, name: str) -> None:
        self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def _do(self, statement: str) -> None:
        """On one connection: a program started for each test would take longer than the copy."""
        self._runner.run(self._execute(statement))

    async def _execute(self, statement: str) -> None:
        if self._admin is None:
            self._admin = await asyncpg.connect(self.server.url)
        await self._admin.execute(statement)


async def _migrate(url: str) -> None:
    database = Database(url)
    await migrate.upgrade(database)
    await database.close()
