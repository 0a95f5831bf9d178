"""Schema migrations: upgrade, revise, check; no alembic.ini."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from app.db.base import Model
from app.db.engine import Database

_FOLDER = Path(__file__).parent / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option(
        "file_template", "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s"
    )
    config.set_main_option("timezone", "UTC")
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """The revision that this release's code expects."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


async def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema to `revision`; doing it twice changes nothing."""
    await _run(database, lambda connection: command.upgrade(_config(connection), revision))


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
        return await connection.run_sync(
            lambda sync: MigrationContext.configure(sync).get_current_revision() or ""
        )


async def differences(database: Database) -> list[Any]:
    """What the models have that the database lacks, or the other way round."""
    async with database.engine.connect() as connection:
        return await connection.run_sync(
            lambda sync: compare_metadata(
                MigrationContext.configure(sync, opts={"compare_type": True}), Model.metadata
            )
        )


async def _run(database: Database, step: Any) -> None:
    async with database.engine.connect() as connection:
        # Alembic's own transaction decides; commit what it left open (SQLite's plain DDL).
        await connection.run_sync(step)
        await connection.commit()


def upgrade_blocking(database: Database) -> None:
    """For commands that have no event loop yet."""
    asyncio.run(upgrade(database))
