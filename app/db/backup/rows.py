"""Rows as lines of text: JSON arrays, typed by their table's columns, exact in both directions.

Bytes are base64, times RFC 3339 in UTC to the microsecond, JSON is text within text, so that its
`null` differs from a value that is missing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, select

from app.db.backup.errors import BackupUnreadable
from app.db.backup.shape import TableShape

Row = tuple[Any, ...]  # values in the order of the shape's columns

_FEW = 64  # rows at a time where one may have megabytes: what is held in memory
_MANY = 1000

_PYTHON: Mapping[str, Any] = {
    "uuid": UUID,
    "text": str,
    "integer": Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)],
    "boolean": bool,
    "time": Annotated[datetime, msgspec.Meta(tz=True)],
    "bytes": bytes,
    "json": str,
}
_encoder = msgspec.json.Encoder()
_sorting = msgspec.json.Encoder(order="deterministic")
_exactly = msgspec.json.Decoder(float_hook=Decimal)


class RowCodec:
    """One table's rows to lines and back."""

    def __init__(self, shape: TableShape) -> None:
        self.shape = shape
        kinds = list(shape.kinds.values())
        typed = [
            _PYTHON[kind] | None if nullable else _PYTHON[kind]
            for kind, nullable in zip(kinds, shape.is_nullable, strict=True)
        ]
        self._decoder = msgspec.json.Decoder(tuple[tuple(typed)])  # type: ignore[misc]
        self._json = [index for index, kind in enumerate(kinds) if kind == "json"]

    def encode(self, row: Row) -> bytes:
        return _encoder.encode(row) + b"\n"

    def content(self, row: Row) -> bytes:
        """The same for equal rows, however a database keeps JSON.

        PostgreSQL sorts the keys of an object and writes out powers of ten.
        """
        if not self._json:
            return self.encode(row)
        plain = list(row)
        for index in self._json:
            if plain[index] is not None:
                plain[index] = _plain(_exactly.decode(plain[index]))
        return _sorting.encode(plain) + b"\n"

    def decode(self, data: bytes, where: str) -> list[Row]:
        """The rows in a member. Raises `BackupUnreadable` naming line and column."""
        if not data.endswith(b"\n"):
            raise BackupUnreadable(f"{where} ends in the middle of a line")
        found = []
        for number, line in enumerate(data[:-1].split(b"\n"), 1):
            try:
                found.append(self._decode(line))
            except (msgspec.DecodeError, ValueError, RecursionError) as error:
                raise BackupUnreadable(f"{where}, line {number}: {self._said(error)}") from error
        return found

    def _decode(self, line: bytes) -> Row:
        row: Row = self._decoder.decode(line)
        for index in self._json:
            if row[index] is not None:
                msgspec.json.decode(row[index])  # what a page could not read must not come in
        return row

    def _said(self, error: Exception) -> str:
        """The library's sentence with the column's name for its number."""
        said = str(error)
        for index, name in enumerate(self.shape.kinds):
            said = said.replace(f"`$[{index}]", f"`{name}")
        return said


class Tally:
    """Counts a table's rows and adds up what is in them, in order."""

    def __init__(self, shape: TableShape) -> None:
        self.shape = shape
        self.rows = 0
        self._codec = RowCodec(shape)
        self._sum = hashlib.sha256()

    def add(self, rows: Sequence[Row]) -> None:
        self.rows += len(rows)
        for row in rows:
            self._sum.update(self._codec.content(row))

    @property
    def sha256(self) -> str:
        return self._sum.hexdigest()


def stored_rows(connection: Connection, shape: TableShape) -> Iterator[Row]:
    """The table's rows in the order of its key, which is the same in both databases."""
    statement = select(*shape.columns).order_by(*_order(connection, shape))
    few = _FEW if "bytes" in shape.kinds.values() else _MANY
    found = connection.execute(statement, execution_options={"yield_per": few})
    for row in found:
        yield tuple(row)


def _order(connection: Connection, shape: TableShape) -> Iterable[Any]:
    for column in shape.table.primary_key:
        # A database's own order of words depends on where it was installed.
        is_words = shape.kinds[column.name] == "text" and connection.dialect.name == "postgresql"
        yield column.collate("C") if is_words else column


def _plain(value: Any) -> Any:
    """`value` with each number spelled the one way that both databases agree on."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return msgspec.Raw(_spelled(Decimal(value)).encode())
    return value


def _spelled(number: Decimal) -> str:
    """Digits and a power of ten, however long: written out, 1e-9999999 would fill the memory."""
    sign, digits, exponent = number.as_tuple()
    written = "".join(map(str, digits))
    kept = written.rstrip("0")
    if not kept:
        return "0"
    return f"{'-' if sign else ''}{kept}e{int(exponent) + len(written) - len(kept)}"
