"""PostgreSQL's engine: a table of text search vectors under a GIN index.

It stands behind no wall: PostgreSQL does not use a text index behind one, since the operator might
leak what it compares. So each vector holds its shelf's own word, which every query asks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.search.words import HEAD, Document, Meaning, Query

_PUT = """
INSERT INTO search_words (shelf, number, words) VALUES ($1, $2, $3::text::tsvector)
ON CONFLICT (shelf, number) DO UPDATE SET words = excluded.words
"""
_NUMBERS = """
SELECT array_agg(number) FROM search_words WHERE words @@ $1::text::tsquery AND shelf = $2
"""
_RANKED = """
SELECT number, {} FROM search_words WHERE words @@ $1::text::tsquery AND shelf = $2
"""
# Word by word and added up: of words together it counts how far apart they are, which between a
# title and a text means nothing.
_RANK = "ts_rank('{{0.1, 0.25, 0.5, 1}}', words, ${}::text::tsquery)"
_PLACES = 16383  # the last place in a text that a vector can name
_MOST_PLACES = 3  # of one word that are named: more hardly change its rank


class PostgresWords:
    """Implements `words.Words`."""

    async def put(self, tx: AsyncSession, shelf: int, documents: Sequence[Document]) -> None:
        if documents:
            rows = [(shelf, one.number, _vector(shelf, one)) for one in documents]
            await (await tx.connection()).exec_driver_sql(_PUT, rows)

    async def numbers(
        self, tx: AsyncSession, shelf: int, query: Query, *, in_heads: bool = False
    ) -> Sequence[int]:
        asked = _query(shelf, query, in_heads=in_heads)
        rows = await (await tx.connection()).exec_driver_sql(_NUMBERS, (asked, shelf))
        return rows.scalar_one() or ()

    async def ranked(self, tx: AsyncSession, shelf: int, query: Query) -> Mapping[int, float]:
        each = [_any_of(meaning, in_heads=False) for meaning in query]
        sum_ = " + ".join(_RANK.format(number) for number in range(3, 3 + len(each)))
        asked = (_query(shelf, query, in_heads=False), shelf, *each)
        rows = await (await tx.connection()).exec_driver_sql(_RANKED.format(sum_), asked)
        return dict(map(tuple, rows))


def _shelf_word(shelf: int) -> str:
    return f"'#{shelf}'"


def _vector(shelf: int, one: Document) -> str:
    """As PostgreSQL reads it. Words are letters and digits alone, so quotes are all they need."""
    parts = [_shelf_word(shelf)]
    parts += _weighted((HEAD + word for word in one.head), "A")
    places: dict[str, list[str]] = {}
    for words, weight in ((one.marks, "B"), (one.about, "C"), (one.body, "D")):
        for place, word in enumerate(words, 1):
            named = places.setdefault(word, [])
            if len(named) < _MOST_PLACES:
                named.append(f"{min(place, _PLACES)}{weight}")
    return " ".join([*parts, *(f"'{word}':{','.join(named)}" for word, named in places.items())])


def _weighted(words: Iterable[str], weight: str) -> list[str]:
    return [f"'{word}':{min(place, _PLACES)}{weight}" for place, word in enumerate(words, 1)]


def _query(shelf: int, query: Query, *, in_heads: bool) -> str:
    parts = [f"({_any_of(meaning, in_heads=in_heads)})" for meaning in query]
    return " & ".join([_shelf_word(shelf), *parts])


def _any_of(meaning: Meaning, *, in_heads: bool) -> str:
    parts = [f"'{HEAD}{word}'" for word in meaning.words]
    parts += [f"'{HEAD}{word}':*" for word in meaning.head_beginnings]
    if not in_heads:
        parts += [f"'{word}'" for word in meaning.words]
        parts += [f"'{word}':*" for word in meaning.beginnings]
    return " | ".join(parts)
