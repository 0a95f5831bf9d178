"""What every table shares: constraint names, ids, and time that always carries its zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import JSON, DateTime, Dialect, MetaData, TypeDecorator
from sqlalchemy.orm import DeclarativeBase

# Named constraints can be dropped by a later migration; `column_0_N` names all their columns.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time. SQLite keeps no zone, so it is stored as UTC and given back as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a naive datetime says nothing about when")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class AsGiven(JSON):
    """JSON with the keys of objects in the order in which they were given.

    On PostgreSQL that is `json`; `jsonb` would sort them. And a value that differs in that order
    alone is another value, which has to be written.
    """

    def compare_values(self, x: Any, y: Any) -> bool:
        return x is y or (x == y and msgspec.json.encode(x) == msgspec.json.encode(y))


Json = AsGiven()


class Model(DeclarativeBase):
    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {datetime: UtcDateTime(), dict[str, Any]: Json, list[Any]: Json}


def is_modelled(name: str | None, kind: str, _parents: object) -> bool:
    """Whether a table has a model: each engine keeps the words of the search index its own way."""
    return kind != "table" or not (name or "").startswith("search_words")
