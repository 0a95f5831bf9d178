"""Two who want the same unique value at the same moment: one gets it, the other is told so.

Services look first and insert then, because looking gives the better answer. Between the two,
another transaction may insert the same; only the database's constraint sees that. PostgreSQL lets
the second wait for the first and then refuses its row; here the refusal becomes the very error
that the service raises when it looks in time, so nobody can tell how close it was. On SQLite, which
admits one writing transaction at a time, it cannot happen.

`tests/architecture/uniques.py` says of every unique constraint who may run into it.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.schema import ColumnCollectionConstraint

from app.errors import AppError


async def claim(
    tx: AsyncSession, columns: tuple[InstrumentedAttribute[Any], ...], taken: AppError
) -> None:
    """Flush. Raises `taken` if somebody has the values of these unique columns by now.

    The transaction is lost then; who wants to go on flushes inside `tx.begin_nested()`.
    """
    with claiming(columns, taken):
        await tx.flush()


@contextmanager
def claiming(
    columns: tuple[InstrumentedAttribute[Any], ...], taken: AppError
) -> Generator[None, None, None]:
    """The same for a block that inserts by itself."""
    try:
        yield
    except IntegrityError as error:
        if not _is_about(error, columns):
            raise
        raise taken from error


def _is_about(error: IntegrityError, columns: tuple[InstrumentedAttribute[Any], ...]) -> bool:
    table = columns[0].class_.__table__
    names = [column.key for column in columns]
    told = getattr(error.orig, "__cause__", None)  # asyncpg's own error, which names the constraint
    if (constraint := getattr(told, "constraint_name", None)) is not None:
        return bool(constraint == _constraint(table, names))
    listed = ", ".join(f"{table.name}.{name}" for name in names)
    return str(error.orig) == f"UNIQUE constraint failed: {listed}"


def _constraint(table: Table, names: list[str]) -> str:
    for one in table.constraints:
        if isinstance(one, ColumnCollectionConstraint) and one.columns.keys() == names:
            return str(one.name)
    raise LookupError(f"{table.name} has no constraint on {names}")
