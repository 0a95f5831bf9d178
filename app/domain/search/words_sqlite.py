"""SQLite's engine: an FTS5 table whose row ids are the shelf's number and the prompt's on it.

FTS5 walks through row ids in order and stops where a range ends, so that other workspaces' rows
are not even looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.search.words import HEAD, Document, Meaning, Query

_SHELF_BITS = 32
_NUMBER = (1 << _SHELF_BITS) - 1
_DELETE = "DELETE FROM search_words WHERE rowid = ?"
_INSERT = "INSERT INTO search_words(rowid, head, marks, about, body) VALUES (?, ?, ?, ?, ?)"
# One text instead of a row for each: a hundred thousand rows would take five times longer.
_NUMBERS = (
    "SELECT group_concat(rowid & 4294967295) FROM search_words"
    " WHERE search_words MATCH ? AND rowid BETWEEN ? AND ?"
)
_RANKED = (
    "SELECT rowid & 4294967295, -bm25(search_words, 10.0, 4.0, 2.0, 1.0) FROM search_words"
    " WHERE search_words MATCH ? AND rowid BETWEEN ? AND ?"
)


class SqliteWords:
    """Implements `words.Words`."""

    async def put(self, tx: AsyncSession, shelf: int, documents: Sequence[Document]) -> None:
        if not documents:
            return
        first, _ = _range(shelf)
        connection = await tx.connection()
        await connection.exec_driver_sql(_DELETE, [(first | one.number,) for one in documents])
        await connection.exec_driver_sql(_INSERT, [_row(first, one) for one in documents])

    async def numbers(
        self, tx: AsyncSession, shelf: int, query: Query, *, in_heads: bool = False
    ) -> Sequence[int]:
        match = _match(query, in_heads=in_heads)
        rows = await (await tx.connection()).exec_driver_sql(_NUMBERS, (match, *_range(shelf)))
        found: str | None = rows.scalar_one()
        return list(map(int, found.split(","))) if found else ()

    async def ranked(self, tx: AsyncSession, shelf: int, query: Query) -> Mapping[int, float]:
        match = _match(query, in_heads=False)
        rows = await (await tx.connection()).exec_driver_sql(_RANKED, (match, *_range(shelf)))
        return dict(map(tuple, rows))


def _range(shelf: int) -> tuple[int, int]:
    return shelf << _SHELF_BITS, (shelf << _SHELF_BITS) | _NUMBER


def _row(first: int, one: Document) -> tuple[int, str, str, str, str]:
    head = " ".join(HEAD + word for word in one.head)
    return (first | one.number, head, " ".join(one.marks), " ".join(one.about), " ".join(one.body))


def _match(query: Query, *, in_heads: bool) -> str:
    return " AND ".join(f"({_any_of(meaning, in_heads=in_heads)})" for meaning in query)


def _any_of(meaning: Meaning, *, in_heads: bool) -> str:
    """Words are letters and digits alone, so that quoting them is all they need."""
    parts = [f'"{HEAD}{word}"' for word in meaning.words]
    parts += [f'"{HEAD}{word}" *' for word in meaning.head_beginnings]
    if not in_heads:
        parts += [f'"{word}"' for word in meaning.words]
        parts += [f'"{word}" *' for word in meaning.beginnings]
    return " OR ".join(parts)
