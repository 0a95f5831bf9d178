"""Schema migrations: upgrade, revise, check; no alembic.ini."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db import locks
from app.db.base import Model, is_modelled
from app.db.engine import Database

log = structlog.get_logger(__name__)

LOCK_TIMEOUT = "5s"  # for a table in use; whoever comes after a waiting migration waits, too
_FOLDER = Path(__file__).parent / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option(
        "file_template", "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s"
    )
    config.set_main_option("timezone", "UTC")
    config.attributes["connection"] = connection
    config.attributes["lock_timeout"] = LOCK_TIMEOUT
    return config


def newest() -> str:
    """The revision that this release's code expects."""
    return revisions()[-1]


async def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema to `revision`; doing it twice, or from several workers, changes nothing.

    A schema that a newer release has brought further is left alone: it still has all that this
    release needs, as migrations only add.
    """

    def run(connection: Connection) -> None:
        here = current_on(connection)
        connection.rollback()  # so that each migration has a transaction of its own
        if here and not knows(here):
            log.warning("migrate.schema_is_newer", revision=here)
        elif here != newest() or revision != "head":
            upgrade_on(connection, revision)

    await _run(database, run)


async def downgrade(database: Database, revision: str) -> None:
    await _run(database, lambda connection: command.downgrade(_config(connection), revision))


async def revise(database: Database, message: str) -> None:
    """Write a new migration from the difference between the models and `database`."""

    def run(connection: Connection) -> None:
        command.revision(_config(connection), message=message, autogenerate=True)

    await _run(database, run)


async def current(database: Database) -> str:
    """The revision the database is at; empty when it has no schema yet."""
    async with database.engine.connect() as connection:
        return await connection.run_sync(current_on)


async def differences(database: Database) -> list[Any]:
    """What the models have that the database lacks, or the other way round."""
    async with database.engine.connect() as connection:
        return await connection.run_sync(
            lambda sync: compare_metadata(
                MigrationContext.configure(
                    sync, opts={"compare_type": True, "include_name": is_modelled}
                ),
                Model.metadata,
            )
        )


def suits(revision: str) -> bool:
    """Whether this release can work with a schema at `revision`: its own, or a newer one."""
    return revision == newest() or (revision != "" and not knows(revision))


def knows(revision: str) -> bool:
    """Whether this release has a migration that leads to `revision`."""
    return revision in revisions()


def current_on(connection: Connection) -> str:
    """As `current`, inside the caller's transaction."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def upgrade_on(connection: Connection, revision: str = "head") -> None:
    """As `upgrade`, inside the caller's transaction."""
    command.upgrade(_config(connection), revision)


def move_to(connection: Connection, revision: str) -> None:
    """Bring a schema to `revision`, up or down, inside the caller's transaction."""
    order = revisions()
    here = current_on(connection)
    if here and order.index(here) > order.index(revision):
        command.downgrade(_config(connection), revision)
    else:
        upgrade_on(connection, revision)


def revisions() -> tuple[str, ...]:
    """All that this release has, the oldest first."""
    return _revisions_in(_FOLDER)


@cache  # reads files that do not change while we run
def _revisions_in(folder: Path) -> tuple[str, ...]:
    scripts = ScriptDirectory(str(folder)).walk_revisions()
    return tuple(script.revision for script in scripts)[::-1]


async def _run(database: Database, step: Any) -> None:
    # everywhere: a migration may have to look at every row
    engine = database.everywhere().engine
    async with (
        engine.connect() as connection,
        locks.holding(connection, "migrations"),
        _table_by_table(connection),
    ):
        # Alembic's own transaction decides; commit what it left open (SQLite's plain DDL).
        await connection.run_sync(step)
        await connection.commit()


@asynccontextmanager
async def _table_by_table(connection: AsyncConnection) -> AsyncGenerator[None, None]:
    """SQLite changes a table by copying it and dropping the old one.

    With foreign keys on, that would delete the rows of other tables that refer to it.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    # Past SQLAlchemy, which would begin a transaction; inside one the switch does nothing.
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        await connection.rollback()
        await driver.execute("PRAGMA foreign_keys=ON")
