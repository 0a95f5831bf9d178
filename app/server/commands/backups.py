"""Backups for operators: made from the database in use, restored into an empty one, rehearsed."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.exc import SQLAlchemyError

from app.db import locks
from app.db.backup import errors, files
from app.db.backup.container import ArchiveWriter
from app.db.backup.fresh import fresh_sqlite
from app.db.backup.incoming import Incoming
from app.db.backup.load import cause
from app.db.backup.manifest import Manifest
from app.db.backup.progress import Progress
from app.db.backup.restore import make_sure_it_is_empty, restore
from app.db.backup.shape import shapes_at
from app.db.backup.snapshot import back_up
from app.db.engine import Database
from app.errors import AppError
from app.kit.helper import HelperFailed
from app.server.commands.damaged_documents import damaged_documents
from app.server.processes.claims import lock_data
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Report:
    """What was done, for a person: a sentence, and what they should know besides."""

    sentence: str
    damages: list[str]  # documents that were damaged before the backup was made


async def make(settings: Settings, name: str, progress: Progress, *, verify: bool) -> Report:
    """Back up to the file `name`; `verify` restores it into a database that is thrown away."""
    started = time.monotonic()
    damages: list[str] = []
    with _explained(name, _place(settings)), files.outgoing(name) as file:
        async with _existing(settings) as database:
            archive = ArchiveWriter(file)
            manifest = await back_up(database, archive, progress)
        if name != files.STANDARD:
            file.seek(0)
            damages = await _checked(name, file, progress, verify=verify)
    verified = " Restored into a fresh database and compared: equal." if verify else ""
    seconds = time.monotonic() - started
    place = "standard output" if name == files.STANDARD else name
    return Report(
        f"Backed up {_counted(manifest)} to {place}: {archive.size:,} bytes, {seconds:.1f} s."
        + verified,
        damages,
    )


async def bring_back(
    settings: Settings, name: str, progress: Progress, *, keep_histories: bool
) -> Report:
    """Restore the file `name` into the settings' database, which has to be empty."""
    started = time.monotonic()
    place = _place(settings)
    with _explained(name, place), files.incoming(name) as file:
        incoming = Incoming(file)
        fill = _Filling(incoming, progress, keep_histories=keep_histories)
        if settings.is_sqlite:
            damages = await _into_file(settings, fill)
        else:
            damages = await fill(Database(settings.database))
    seconds = time.monotonic() - started
    what = f"{_counted(incoming.manifest)} as of {_moment(incoming)}"
    return Report(f"Restored {what} into {place}: {seconds:.1f} s.", damages)


async def rehearse(name: str, progress: Progress) -> Report:
    """Restore the file `name` into a database that is thrown away."""
    started = time.monotonic()
    with _explained(name, "a fresh database"), files.incoming(name) as file:
        incoming = Incoming(file)
        damages = await _rehearsed(incoming, tempfile.gettempdir(), progress)
    seconds = time.monotonic() - started
    what = f"{_counted(incoming.manifest)} as of {_moment(incoming)}"
    return Report(
        f"Restored {what} into a fresh database, which is gone again: equal to the backup, "
        f"{seconds:.1f} s.",
        damages,
    )


async def _checked(name: str, file: BinaryIO, progress: Progress, *, verify: bool) -> list[str]:
    """Read what was written; with `verify` restore it as well. Gives the damaged documents."""
    incoming = Incoming(file)
    if verify:
        return await _rehearsed(incoming, str(Path(name).parent), progress)
    rows = 0
    for shape, _, batch in incoming.batches(shapes_at(incoming.head.revision)):
        rows += len(batch)
        progress(f"reading back {shape.name}", rows)
    return []


async def _rehearsed(incoming: Incoming, folder: str, progress: Progress) -> list[str]:
    fill = _Filling(incoming, progress, keep_histories=True)
    with tempfile.TemporaryDirectory(prefix=".promptroom-", dir=folder) as inside:
        return await fill(fresh_sqlite(Path(inside) / "promptroom.db"))


class _Filling:
    """Fills one empty database from a backup, all or nothing."""

    def __init__(self, incoming: Incoming, progress: Progress, *, keep_histories: bool) -> None:
        self._incoming = incoming
        self._progress = progress
        self._keep_histories = keep_histories

    async def __call__(self, database: Database) -> list[str]:
        """Gives what is damaged in the backup's documents; closes `database`."""
        try:
            async with database.everywhere().transaction() as tx:  # everywhere: a backup is of all
                connection = await tx.connection()
                # A server that is started now waits before it looks at the schema.
                await locks.hold(tx, "migrations")
                await connection.run_sync(
                    restore, self._incoming, self._progress, keep_histories=self._keep_histories
                )
                return await damaged_documents(tx, self._progress)
        finally:
            await database.close()


async def _into_file(settings: Settings, fill: _Filling) -> list[str]:
    """Into a new SQLite file, which takes its place when all is well."""
    path = _path(settings)
    with _alone(settings), files.replacement(path) as partial:
        if _is_there(settings):
            await _check_empty(settings)
        damages = await fill(fresh_sqlite(partial))
        files.remove_log(path)
    return damages


@contextmanager
def _alone(settings: Settings) -> Generator[None, None, None]:
    """No server may open the database that is about to be replaced. Raises `DataInUse`."""
    lock = lock_data(settings.data_dir)
    try:
        yield
    finally:
        os.close(lock)


async def _check_empty(settings: Settings) -> None:
    database = Database(settings.database)
    try:
        async with database.everywhere().transaction() as tx:  # everywhere: a backup is of all
            await (await tx.connection()).run_sync(make_sure_it_is_empty)
    finally:
        await database.close()  # the last one folds the log into the file


@asynccontextmanager
async def _existing(settings: Settings) -> AsyncGenerator[Database, None]:
    """The database to back up; SQLite would make an empty one where none is."""
    database = Database(settings.database)
    try:
        if database.is_sqlite and not _is_there(settings):
            raise errors.BackupFailed("it is not there")
        yield database
    finally:
        await database.close()


_SENTENCES: dict[type[AppError], str] = {
    errors.BackupUnreadable: "{name} is no whole backup: {detail}. Nothing was kept of it.",
    errors.BackupTooNew: "{name} cannot be restored: {detail}.",
    errors.RestoreRefused: "Nothing was restored into {place}: {detail}. Name an empty database.",
    errors.RestoreFailed: "{name} was not restored into {place}: {detail}.",
    errors.BackupFailed: "Nothing was backed up from {place}: {detail}.",
}


@contextmanager
def _explained(name: str, place: str) -> Generator[None, None, None]:
    """Make every deliberate failure, and every failure of disk or database, one clear sentence."""
    name = "what was piped" if name == files.STANDARD else name
    try:
        yield
    except tuple(_SENTENCES) as error:
        said = _SENTENCES[type(error)].format(name=name, place=place, detail=error.detail)
        raise type(error)(said) from error
    except HelperFailed as error:
        said = f"Documents cannot be loaded here, their helper process dies: {error}."
        raise errors.RestoreFailed(said) from error
    except SQLAlchemyError as error:
        said = f"The database {place} does not do its part: {cause(error)}."
        raise errors.BackupFailed(said) from error
    except OSError as error:
        said = f"{name} cannot be read or written: {files.reason(error)}."
        raise errors.BackupFailed(said) from error


def _place(settings: Settings) -> str:
    """The database for messages, without its password."""
    if settings.is_sqlite:
        return str(_path(settings))
    # Host and name; a password may stand before the one and behind the other.
    return settings.database.rpartition("@")[2].partition("?")[0]


def _path(settings: Settings) -> Path:
    return Path(Database(settings.database).url.database or "")


def _is_there(settings: Settings) -> bool:
    return _path(settings).exists()


def _moment(incoming: Incoming) -> str:
    return f"{incoming.head.made_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _counted(manifest: Manifest) -> str:
    return f"{manifest.rows:,} rows of {len(manifest.tables)} tables"
