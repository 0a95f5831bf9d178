"""Reads a backup into an empty schema of the same revision, and compares what arrived."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, insert
from sqlalchemy.exc import DBAPIError, StatementError

from app.db.backup.errors import BackupUnreadable, RestoreFailed
from app.db.backup.incoming import Incoming
from app.db.backup.progress import Progress
from app.db.backup.rows import Row, Tally, stored_rows
from app.db.backup.shape import TableShape

Change = Callable[[TableShape, Sequence[Row]], Sequence[Row]]


def load(
    connection: Connection,
    shapes: Sequence[TableShape],
    incoming: Incoming,
    change: Change,
    progress: Progress,
) -> list[Tally]:
    """Insert all rows, each batch as `change` gives it back; sums of what went in, by table.

    The caller commits, or rolls back when anything raises.
    """
    loaded = {shape.name: Tally(shape) for shape in shapes}
    for shape, where, batch in incoming.batches(shapes):
        rows = change(shape, batch)
        names = list(shape.kinds)
        if connection.dialect.name == "postgresql":
            _check_nul(shape, where, rows)
        try:
            connection.execute(
                insert(shape.table), [dict(zip(names, row, strict=True)) for row in rows]
            )
        except (DBAPIError, StatementError) as error:
            raise BackupUnreadable(
                f"the database refuses a row of {where}: {cause(error)}"
            ) from error
        loaded[shape.name].add(rows)
        progress(shape.name, loaded[shape.name].rows)
    return list(loaded.values())


def compare(connection: Connection, loaded: Sequence[Tally], progress: Progress) -> None:
    """Read everything back. Raises `RestoreFailed` if it is not what went in."""
    for expected in loaded:
        found = Tally(expected.shape)
        for row in stored_rows(connection, expected.shape):
            found.add([row])
        if (found.rows, found.sha256) != (expected.rows, expected.sha256):
            raise RestoreFailed(
                f"{expected.shape.name} came out different from what went in: {found.rows:,} rows "
                f"of {expected.rows:,}"
            )
        progress(f"comparing {expected.shape.name}", found.rows)


def _check_nul(shape: TableShape, where: str, rows: Sequence[Row]) -> None:
    """PostgreSQL's own refusal would not say which of a thousand rows it means."""
    words = [(at, name) for at, (name, kind) in enumerate(shape.kinds.items()) if kind == "text"]
    for number, row in enumerate(rows, 1):
        for at, name in words:
            if row[at] is not None and "\x00" in row[at]:
                raise BackupUnreadable(
                    f"{where}, line {number}: `{name}` holds the character NUL, which PostgreSQL "
                    "cannot keep"
                )


def cause(error: Exception) -> str:
    """The driver's own first line, without the statement around it."""
    said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return said.splitlines()[0]
