"""One moment of a database in use, held for as long as a backup needs."""

from __future__ import annotations

from sqlalchemy import Connection

from app.db import migrate
from app.db.backup.container import ArchiveWriter
from app.db.backup.dump import dump
from app.db.backup.errors import BackupFailed
from app.db.backup.manifest import Manifest
from app.db.backup.patience import take_your_time
from app.db.backup.progress import Progress
from app.db.backup.shape import shapes_at
from app.db.engine import Database


async def back_up(database: Database, archive: ArchiveWriter, progress: Progress) -> Manifest:
    """All of `database` as it is at this moment, while others go on. Raises `BackupFailed`."""
    # everywhere: a backup is of all. What only reads sees one moment in either database.
    async with database.everywhere().transaction(write=False) as tx:
        return await (await tx.connection()).run_sync(_dump, archive, progress)


def _dump(connection: Connection, archive: ArchiveWriter, progress: Progress) -> Manifest:
    take_your_time(connection)
    revision = migrate.current_on(connection)
    if not revision:
        raise BackupFailed("it has no schema yet, so there is nothing to back up")
    if not migrate.knows(revision):
        raise BackupFailed(
            f"its schema {revision!r} is of a newer release than this one. Back it up with that one"
        )
    return dump(connection, revision, shapes_at(revision), archive, progress)
