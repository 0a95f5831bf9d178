"""A new SQLite database that is filled once: quick, because a failure throws it away whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import event

from app.db.engine import Database

_PRAGMAS = (
    # No log beside it, which would double what a large backup takes while it is restored.
    "PRAGMA journal_mode=DELETE",
    # Whoever puts the file in place syncs it first.
    "PRAGMA synchronous=OFF",
    # Looked at for all rows at once when they are there. A migration that copies a table would
    # otherwise delete the rows that refer to it.
    "PRAGMA foreign_keys=OFF",
)


def fresh_sqlite(path: Path) -> Database:
    """The database to be at `path`, where at most an empty file lies."""
    database = Database(f"sqlite:///{path}")

    @event.listens_for(database.engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    return database
