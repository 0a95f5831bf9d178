"""Rows for every table, made up from its columns: what a type can hold at its edges."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    String,
    Table,
    Uuid,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db import models as _tables  # noqa: F401  # registers every slice's tables
from app.db.backup.shape import LEFT_OUT
from app.db.base import Model, UtcDateTime

TABLES = [table for table in Model.metadata.sorted_tables if table.name not in LEFT_OUT]
Rows = dict[str, list[dict[str, Any]]]

_COUNT = 24
_TEXTS = (
    "",
    " ",
    "plain",
    "Ünïcödé 漢字 🧑‍🚀",
    "line\nline\r\n\ttab",
    "\\ \" ' ` \u2028 \ufeff",
    "null",
    '{"a": [1]}',
    "'; DROP TABLE users; --",
    "\x01\x7f",
    "a" * 4000,
)
_JSONS: tuple[Any, ...] = (
    {},
    [],
    {"z": 1, "a": {"b": [None, True, False, ""]}},
    [0, -1, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1],
    [0.0, -0.0, 1.0, 0.1, 1e16, 1.2345678901234567e18, 1e300, 5e-324, -1e-7],
    {"Ünïcödé": "漢字 🧑‍🚀", "": '\u2028\n\t\\"'},
    [[[[[[[["deep"]]]]]]]],
    {"temperature": 0.7, "max_tokens": 1024, "stop": ["\n"]},
)
_TIMES = (
    datetime(1, 1, 2, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2026, 11, 26, 12, 30, 15, 1, tzinfo=UTC),
    datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC),
)
_BETWEEN = {"share": (1, 9999)}  # of what a table's rule keeps within bounds: its ends
_BYTES = (b"", b"\x00", b"\xff" * 3, bytes(range(256)), b"\n" * 7)


def any_rows(dice: random.Random, *, nul: bool = False) -> Rows:
    """A few rows per table that obey its keys; `nul` = with the character PostgreSQL refuses."""
    found: Rows = {}
    for table in TABLES:
        found[table.name] = [_row(table, number, found, dice, nul) for number in range(_COUNT)]
    return found


async def put(connection: AsyncConnection, rows: Rows) -> None:
    for table in TABLES:
        await connection.execute(insert(table), rows[table.name])


async def everything(connection: AsyncConnection) -> Rows:
    """Every row of every table as Python values, read past the code for backups."""
    found: Rows = {}
    for table in TABLES:
        trees = [column.name for column in table.columns if isinstance(column.type, JSON)]
        rows = [dict(row) for row in (await connection.execute(select(table))).mappings()]
        for row in rows:
            row.update({name: _as_written(row[name]) for name in trees})
        # Sorted here: a database may order words in its own way.
        found[table.name] = sorted(rows, key=lambda row: _key(table, row))
    return found


def _as_written(tree: Any) -> Any:
    """PostgreSQL writes 1e16 out, and as an integer it is read again: the number is the same."""
    if isinstance(tree, dict):
        return {key: _as_written(inner) for key, inner in tree.items()}
    if isinstance(tree, list):
        return [_as_written(inner) for inner in tree]
    is_number = isinstance(tree, int | float) and not isinstance(tree, bool)
    return Decimal(repr(tree)) if is_number else tree


def _key(table: Table, row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[column.name]) for column in table.primary_key)


def _row(table: Table, number: int, found: Rows, dice: random.Random, nul: bool) -> dict[str, Any]:
    return {column.name: _value(column, number, found, dice, nul) for column in table.columns}


def _value(column: Column[Any], number: int, found: Rows, dice: random.Random, nul: bool) -> Any:
    if column.nullable and number % 3 == 0:
        return None
    for key in column.foreign_keys:
        target = key.column
        return found[target.table.name][number][target.name]
    if column.name in _BETWEEN:
        return dice.choice(_BETWEEN[column.name])
    make = next(make for kind, make in _MAKERS.items() if isinstance(column.type, kind))
    value = make(column, number, dice)
    return f"{value[:-1]}\0" if nul and isinstance(value, str) and value else value


def _text(column: Column[Any], number: int, dice: random.Random) -> str:
    length = getattr(column.type, "length", None) or 5000
    text = _TEXTS[number % len(_TEXTS)]
    # Keys need to differ, and a pair of surrogates is one character everywhere that counts.
    mark = f"{number}-{dice.randrange(10**6)}" if _is_key(column) else ""
    return f"{mark}{text}"[:length]


def _integer(column: Column[Any], number: int, dice: random.Random) -> int:
    bits = 63 if isinstance(column.type, BigInteger) else 31
    edges = (0, 1, -1, 2**bits - 1, -(2**bits), 2**31 - 1, -(2**31))
    return number * 1000 + dice.randrange(1000) if _is_key(column) else edges[number % len(edges)]


def _is_key(column: Column[Any]) -> bool:
    return bool(column.primary_key or column.unique)


_MAKERS: dict[type, Callable[[Column[Any], int, random.Random], Any]] = {
    Boolean: lambda column, number, dice: number % 2 == 0,
    Uuid: lambda column, number, dice: UUID(int=dice.getrandbits(128)),
    UtcDateTime: lambda column, number, dice: (
        _TIMES[number % len(_TIMES)]
        + timedelta(microseconds=dice.randrange(2)) * (number % len(_TIMES) < 4)
    ),
    LargeBinary: lambda column, number, dice: _BYTES[number % len(_BYTES)] + dice.randbytes(number),
    JSON: lambda column, number, dice: _JSONS[number % len(_JSONS)],
    String: _text,
    Integer: _integer,
}
