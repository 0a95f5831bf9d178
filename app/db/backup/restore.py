"""The whole way from a backup to a database of this release, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, exists, literal, select, text
from sqlalchemy import inspect as inspector_of

from app.db import migrate
from app.db.backup.errors import BackupTooNew, RestoreFailed, RestoreRefused
from app.db.backup.incoming import Incoming
from app.db.backup.load import Change, compare, load
from app.db.backup.patience import take_your_time
from app.db.backup.progress import Progress
from app.db.backup.rows import Row
from app.db.backup.shape import TableShape, shapes_at
from app.db.base import Model
from app.kit.ids import new_id

# Whoever appends to a journal has to know this number, or could never write again.
_NUMBER = """
UPDATE documents SET seq = greatest(
  seq, upto_seq, (SELECT max(seq) FROM room_journal WHERE document_id = documents.id)
) FROM room_snapshots WHERE document_id = documents.id
"""
_MOMENT = 13  # characters of a UUIDv7 that tell when


def restore(
    connection: Connection, incoming: Incoming, progress: Progress, *, keep_histories: bool
) -> None:
    """Fill an empty database. The caller commits; whatever raises must undo everything.

    `keep_histories` is for a move, when no client can know more than the backup. Raises
    `RestoreRefused`, `RestoreFailed`, `BackupTooNew`, `BackupUnreadable`.
    """
    take_your_time(connection)
    revision = incoming.head.revision
    if not migrate.knows(revision):
        raise BackupTooNew(
            f"it was made by Promptroom {incoming.head.promptroom} with schema {revision}, which "
            "this release does not know. Restore it with that release or a newer one"
        )
    make_sure_it_is_empty(connection)
    migrate.move_to(connection, revision)
    shapes = shapes_at(revision)
    change = _as_they_are if keep_histories else _beginning_anew()
    loaded = load(connection, shapes, incoming, change, progress)
    _check_foreign_keys(connection)
    compare(connection, loaded, progress)
    migrate.upgrade_on(connection)
    _number_documents(connection)


def make_sure_it_is_empty(connection: Connection) -> None:
    """Not one row of ours; the schema may be there already. Raises `RestoreRefused`."""
    revision = migrate.current_on(connection)
    if revision and not migrate.knows(revision):
        raise RestoreRefused(f"its schema {revision!r} is of a newer release than this one")
    there = set(inspector_of(connection).get_table_names())
    if not revision:
        if strangers := sorted(there & Model.metadata.tables.keys()):
            raise RestoreRefused(f"it holds a table {strangers[0]!r} that is none of Promptroom's")
        return
    shapes = [shape for shape in shapes_at(revision) if shape.name in there]
    _lock(connection, shapes)
    for shape in shapes:
        statement = select(exists(select(literal(1)).select_from(shape.table)))
        if connection.execute(statement).scalar_one():
            raise RestoreRefused(f"it holds data already, for instance in {shape.name}")


def _as_they_are(_shape: TableShape, rows: Sequence[Row]) -> Sequence[Row]:
    return rows


def _beginning_anew() -> Change:
    """Gives each document's history a new name, as if it had begun at this moment.

    Browsers that were open, or offline, may hold edits that the backup has never heard of, some
    of them by other people. A client that finds its history under the old name offers what it
    has, and is shut out for what is not its own; under a new one it starts afresh, and puts
    aside what it had not sent.
    """
    moment = str(new_id())[:_MOMENT]

    def change(shape: TableShape, rows: Sequence[Row]) -> Sequence[Row]:
        if "epoch" not in shape.kinds:
            return rows
        at = list(shape.kinds).index("epoch")
        return [(*row[:at], moment + row[at][_MOMENT:], *row[at + 1 :]) for row in rows]

    return change


def _lock(connection: Connection, shapes: list[TableShape]) -> None:
    """Against a server that was started on the empty database meanwhile; SQLite has its own."""
    if connection.dialect.name == "postgresql" and shapes:
        names = ", ".join(connection.dialect.identifier_preparer.quote(s.name) for s in shapes)
        connection.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))


def _number_documents(connection: Connection) -> None:
    """On PostgreSQL a document knows the number of its journal's last row; SQLite's do not."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(_NUMBER))


def _check_foreign_keys(connection: Connection) -> None:
    """PostgreSQL has checked each row as it came; SQLite was told not to, for speed."""
    if connection.dialect.name != "sqlite":
        return
    broken = connection.execute(text("PRAGMA foreign_key_check")).first()
    if broken is not None:
        raise RestoreFailed(
            f"a row of {broken[0]} refers to a row of {broken[2]} that is not there"
        )
