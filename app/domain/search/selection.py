"""What a list or a search comes to: which prompts, in which order, and the counts beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from app.domain.prompts.ports import Counts, Excerpt, Filters, FoundIds, Sort, Suggestion
from app.domain.search.analysis import Word
from app.domain.search.bits import Bits, union
from app.domain.search.catalog import ARCHIVED, LABELLED, Catalog
from app.domain.search.snippets import Piece, marked, pattern_of, snippet
from app.kit import cursor
from app.kit.cursor import InvalidCursor

DRAFT = "draft"  # in place of a label: prompts that no label is on


@dataclass(frozen=True, slots=True)
class Matched:
    """Whose words fit the query."""

    everywhere: Bits
    in_heads: Bits = 0  # in title or name; only for what nothing else ranks
    scores: Mapping[int, float] = field(default_factory=dict)  # of few


class Selection:
    """Implements `prompts.ports.Selection`. Pure: everything it needs was read before."""

    def __init__(
        self,
        catalog: Catalog,
        filters: Filters,
        matched: Matched | None,
        words: list[Word],
        suggestion: Suggestion | None = None,
    ) -> None:
        self._catalog = catalog
        self._filters = filters
        self._matched = matched
        self._conditions = _conditions(catalog, filters)
        if matched is not None:
            self._conditions["q"] = matched.everywhere
        self._found = self._base()
        self._pattern = pattern_of(words)
        self.suggestion = suggestion

    @property
    def count(self) -> int:
        return self._found.bit_count()

    @property
    def total(self) -> int:
        """In the workspace, but for the archived ones."""
        archived = self._catalog.with_facet(*ARCHIVED)
        return (self._catalog.everything & ~archived).bit_count()

    @property
    def is_search(self) -> bool:
        return self._pattern is not None

    @property
    def stamp(self) -> int:
        return self._catalog.stamp

    def edited_at(self, prompt_id: UUID) -> datetime | None:
        number = self._catalog.number_of(prompt_id)
        return None if number is None else self._catalog.edited_at(number)

    def marked(self, text: str) -> list[Piece]:
        return marked(text, self._pattern)

    def excerpt(self, text: str) -> Excerpt | None:
        """The line of `text` in which the query is found first."""
        found = snippet(text, self._pattern)
        return Excerpt(*found) if found else None

    def page(self, sort: Sort, after: str | None, limit: int) -> FoundIds:
        """Raises `InvalidCursor`."""
        order, goes_on, key = {
            "edited": (self._by_edited, self._after_edited, self._edited_key),
            "title": (self._by_title, self._after_title, self._title_key),
            "best": (self._by_rank, self._after_rank, self._rank_key),
        }[sort if self._matched is not None or sort != "best" else "edited"]
        numbers = order()
        if after is not None:
            numbers = goes_on(numbers, after)
        found = list(islice(numbers, limit + 1))
        ids = [self._catalog.prompt_id(number) for number in found[:limit]]
        more = cursor.encode(*key(found[limit - 1])) if len(found) > limit else None
        return FoundIds(ids, more)

    def counts(self, most: int) -> Counts:
        """Each with all conditions but its own kind's: how many it has, or would add."""
        catalog, chosen = self._catalog, self._filters
        whole = self._base(but="status")
        archived = catalog.with_facet(*ARCHIVED)
        tags = catalog.values("tag", self._base(but="tag"))
        models = catalog.values("model", self._base(but="model"))
        owners = catalog.values("owner", self._base(but="owner"))
        shown_tags = _first(tags, chosen.tags, most)
        return Counts(
            labels=_first(catalog.values("label", whole & ~archived), chosen.labels, most),
            drafts=(whole & ~archived & ~catalog.with_facet(*LABELLED)).bit_count(),
            archived=(whole & archived).bit_count(),
            tags=shown_tags,
            more_tags=max(0, len(tags) - len(shown_tags)),
            models=_first(models, chosen.models, most),
            owners=[
                (UUID(value), count) for value, count in _first(owners, self._own_people(), most)
            ],
        )

    def _own_people(self) -> list[str]:
        """The owners that are chosen, if they are any here: nobody learns others' names."""
        chosen = [str(one) for one in self._filters.owners]
        return [one for one in chosen if self._catalog.with_facet("owner", one)]

    def count_starred(self, prompt_ids: Iterable[UUID]) -> int:
        return (self._base(but="starred") & self._catalog.these(prompt_ids)).bit_count()

    def count_live(self, room_ids: Iterable[UUID]) -> int:
        return (self._base(but="live") & self._catalog.in_rooms(room_ids)).bit_count()

    def own_rooms(self, room_ids: Iterable[UUID]) -> list[UUID]:
        return [one for one in room_ids if self._catalog.has_room(one)]

    def folders(self) -> list[tuple[str, int]]:
        """Folders by name, and how many of what was found lie in each itself."""
        return sorted(self._catalog.values("folder", self._found))

    def _base(self, but: str = "") -> Bits:
        found = self._catalog.everything
        for name, bits in self._conditions.items():
            if name != but:
                found &= bits
        return found

    # Last edited first

    def _by_edited(self) -> Iterator[int]:
        return self._catalog.last_edited(self._found)

    def _after_edited(self, numbers: Iterator[int], after: str) -> Iterator[int]:
        moment, last = _position(after, "edited", datetime)
        of = self._catalog.number_of(last)
        return (n for n in numbers if self._catalog.edited_before(n, moment, of))

    def _edited_key(self, number: int) -> tuple[Any, ...]:
        return "edited", self._catalog.edited_at(number), self._catalog.prompt_id(number)

    # By title

    def _by_title(self) -> Iterator[int]:
        return self._catalog.by_title(self._found)

    def _after_title(self, numbers: Iterator[int], after: str) -> Iterator[int]:
        title, last = _position(after, "title", str)
        return (n for n in numbers if self._catalog.title_beyond(n, title, last))

    def _title_key(self, number: int) -> tuple[Any, ...]:
        return "title", self._catalog.title(number), self._catalog.prompt_id(number)

    # The best first

    def _by_rank(self) -> Iterator[int]:
        if self._matched is None:
            return self._by_edited()
        scores, by_edited = self._matched.scores, self._by_edited()
        if scores:
            return iter(sorted(by_edited, key=lambda n: -scores.get(n, 0.0)))
        # A word that thousands have says nothing of any of them, unless it is in the title.
        heads = self._found & self._matched.in_heads
        rest = self._found & ~heads
        return _chained(self._catalog.last_edited, heads, rest)

    def _after_rank(self, numbers: Iterator[int], after: str) -> Iterator[int]:
        """Behind the last row that was shown, wherever that is by now."""
        rank, last = _position(after, "best", int)
        ranked = list(numbers)
        of = self._catalog.number_of(last)
        at = ranked.index(of) if of in ranked else rank
        return iter(ranked[at + 1 :])

    def _rank_key(self, number: int) -> tuple[Any, ...]:
        rank = next(at for at, one in enumerate(self._by_rank()) if one == number)
        return "best", rank, self._catalog.prompt_id(number)


def _conditions(catalog: Catalog, filters: Filters) -> dict[str, Bits]:
    found = {"status": _of_status(catalog, filters)}
    for kind, values in (
        ("tag", filters.tags),
        ("model", filters.models),
        ("folder", [filters.folder] if filters.folder else []),
        ("owner", [str(one) for one in filters.owners]),
    ):
        if values:
            found[kind] = union([catalog.with_facet(kind, value) for value in values])
    if filters.starred is not None:
        found["starred"] = catalog.these(filters.starred)
    if filters.live is not None:
        found["live"] = catalog.in_rooms(filters.live)
    return found


def _of_status(catalog: Catalog, filters: Filters) -> Bits:
    """Archived prompts are there for who asks for them, whatever labels they had."""
    archived = catalog.with_facet(*ARCHIVED)
    if not filters.labels:
        return archived if filters.archived else ~archived
    with_label = union(
        [
            ~catalog.with_facet(*LABELLED) if name == DRAFT else catalog.with_facet("label", name)
            for name in filters.labels
        ]
    )
    return (with_label & ~archived) | (archived if filters.archived else 0)


def _first(
    counted: list[tuple[str, int]], chosen: Sequence[str], most: int
) -> list[tuple[str, int]]:
    """The most frequent values, and those behind them, or gone by now, that are chosen."""
    shown, rest = counted[:most], dict(counted[most:])
    there = {value for value, _ in shown}
    return shown + [
        (value, rest.get(value, 0)) for value in chosen if value not in there and value != DRAFT
    ]


def _chained(order: Callable[[Bits], Iterator[int]], *sets: Bits) -> Iterator[int]:
    for bits in sets:
        if bits:
            yield from order(bits)


def _position(after: str, kind: str, shape: type[Any]) -> tuple[Any, UUID]:
    """A cursor says how its list was ordered: in another one it would skip rows silently."""
    said, value, last = cursor.decode(after, tuple[str, shape, UUID])  # type: ignore[valid-type]
    if said != kind:
        raise InvalidCursor("This page marker belongs to a list in another order.")
    return value, last
