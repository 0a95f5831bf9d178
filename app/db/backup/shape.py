"""The tables of a schema's revision, as its migrations make them, in the order of foreign keys.

Asked of a throw-away database rather than of the models, because a backup of an older release has
an older schema; and of the migrations rather than of the database in use, because an operator may
keep tables of their own beside ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    Uuid,
    cast,
    create_engine,
    text,
    type_coerce,
    types,
)
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.types import TypeEngine

from app.db import migrate
from app.db.backup.errors import BackupFailed
from app.db.base import UtcDateTime

# Which job ran when is a server's own affair: it says nothing about the data, is there as soon as
# a server has been started, and it must not keep a database from counting as empty. The search
# index is made of the other tables, whose rows announce themselves to it as they come in. To the
# log of changes, too: a restored database begins one of its own, or programs would go on from a
# number that meant something else.
LEFT_OUT = frozenset(
    {"worker_jobs", "changes"}
    | {"search_shelves", "search_entries", "search_terms", "search_queue"}
)


class _StoredJson(TypeDecorator[str]):
    """JSON as the database spells it: read into values, `null` and no value would be the same.

    Cast to `json`, which keeps the order of keys; a column of an older schema is `jsonb`, and the
    database casts it once more.
    """

    impl = JSON
    cache_ok = True

    def bind_expression(self, bindparam: BindParameter[str]) -> ColumnElement[Any]:
        return cast(type_coerce(bindparam, Text()), JSON())

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return cast(column, Text())


# How a column of each kind is spoken to, whichever database holds it.
_TYPES: Mapping[str, TypeEngine[Any]] = {
    "uuid": Uuid(),
    "text": Text(),
    "integer": BigInteger(),
    "boolean": Boolean(),
    "time": UtcDateTime(),
    "bytes": LargeBinary(),
    "json": Text().with_variant(_StoredJson(), "postgresql"),
}


@dataclass(frozen=True)
class TableShape:
    """A table that rows are read from or written to."""

    table: Table
    kinds: Mapping[str, str]  # by column, in their order

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def columns(self) -> list[Column[Any]]:
        return list(self.table.columns)

    @property
    def is_nullable(self) -> list[bool]:
        return [bool(column.nullable) for column in self.columns]


@cache
def shapes_at(revision: str) -> tuple[TableShape, ...]:
    """The tables that `revision` has; parents before the rows that refer to them."""
    engine = create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            migrate.upgrade_on(connection, revision)
            found = MetaData()
            found.reflect(connection, only=_plain_tables(connection))
    finally:
        engine.dispose()
    return tuple(_shape(table) for table in found.sorted_tables)


def _plain_tables(connection: Connection) -> list[str]:
    """Not the ones that a search index keeps behind itself: those are made of the others."""
    listed = connection.execute(text("PRAGMA main.table_list")).mappings()
    return [
        row["name"]
        for row in listed
        if row["type"] == "table"
        and row["name"] not in LEFT_OUT
        and not row["name"].startswith(("sqlite_", "alembic_"))
    ]


def _shape(found: Table) -> TableShape:
    kinds = {column.name: kind_of(column) for column in found.columns if column.computed is None}
    columns: list[Column[Any]] = [
        Column(
            name,
            _TYPES[kind],
            primary_key=found.c[name].primary_key,
            nullable=found.c[name].nullable,
        )
        for name, kind in kinds.items()
    ]
    return TableShape(Table(found.name, MetaData(), *columns), kinds)


def kind_of(column: Column[Any]) -> str:
    """Which of the kinds a SQLite column is. Raises `BackupFailed` for one that has none yet."""
    match column.type:
        case types.Boolean():
            return "boolean"
        case types.Integer():
            return "integer"
        case types.DateTime():
            return "time"
        case types.LargeBinary():
            return "bytes"
        case types.JSON():
            return "json"
        case types.CHAR(length=32) | types.Uuid():
            return "uuid"  # as SQLAlchemy keeps them here; no text of ours has a fixed length
        case types.String():
            return "text"
    raise BackupFailed(f"{column} is of a type that no backup can hold yet: {column.type!r}")
