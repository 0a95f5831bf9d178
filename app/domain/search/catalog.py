"""A workspace's prompts in memory: who is in which facet, and in which order.  Pure.

Only what a list is narrowed, counted and ordered by, about 500 bytes a prompt. The database says
what has changed since; what was found is read from there.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from app.domain.search.bits import (
    Bits,
    bits_of,
    in_order,
    members,
    union,
    with_number,
    without_number,
)
from app.domain.search.vocabulary import Vocabulary

FEW = 2000  # that many are sorted; more are picked out of all in their order
_PLACES = 24  # bits of an order's number that say which prompt it is
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Facet = tuple[str, str]  # kind and value, as in ("tag", "refund")

KINDS = ("label", "tag", "model", "owner", "folder")
ARCHIVED: Facet = ("archived", "")
LABELLED: Facet = ("labelled", "")  # has any label; the others are drafts


class Row(NamedTuple):
    """An entry as the catalogue keeps it."""

    number: int
    stamp: int
    prompt_id: UUID
    edited_at: datetime
    title: str
    facets: tuple[Facet, ...]
    room_id: UUID


def facets_of(
    *,
    folder: str,
    model: str,
    owner_id: UUID | None,
    tags: Iterable[str],
    labels: Iterable[str],
    is_archived: bool,
) -> tuple[Facet, ...]:
    found: list[Facet] = [("tag", tag) for tag in tags]
    found += [("label", label) for label in labels]
    if labels:
        found.append(LABELLED)
    if folder:
        found.append(("folder", folder))
    if model:
        found.append(("model", model))
    if owner_id is not None:
        found.append(("owner", str(owner_id)))
    if is_archived:
        found.append(ARCHIVED)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Kept:
    stamp: int
    edited: int  # its place in the order: microseconds, then its number
    title: str
    facets: tuple[Facet, ...]


class Catalog:
    """Everything a list needs to know beforehand. Never mixes two workspaces: each has its own."""

    def __init__(self) -> None:
        self.stamp = -1
        self.last_term = 0
        self.vocabulary = Vocabulary()
        self._ids: list[bytes] = []
        self._numbers: dict[bytes, int] = {}
        self._rooms: dict[bytes, int] = {}
        self._kept: list[_Kept | None] = []
        self._bits: dict[Facet, Bits] = {}
        self._all: Bits = 0
        self._by_edited: list[int] = []
        self._by_title: list[int] | None = None  # made when asked for
        self._facet_names: dict[Facet, Facet] = {}  # each once in memory

    def __len__(self) -> int:
        return len(self._by_edited)

    @property
    def size(self) -> int:
        """Above every number."""
        return len(self._kept)

    # Keeping up

    def take(self, rows: Sequence[Row], stamp: int) -> None:
        """What the database has, or has changed; an older row never replaces a newer one."""
        if not self._by_edited:
            self._fill(rows)
        else:
            for row in rows:
                self._replace(row)
        self.stamp = max(self.stamp, stamp)

    def _fill(self, rows: Sequence[Row]) -> None:
        groups: dict[Facet, list[int]] = {}
        for row in rows:
            kept = self._keep(row)
            for facet in kept.facets:
                groups.setdefault(facet, []).append(row.number)
        size = len(self._kept)
        self._bits = {facet: bits_of(numbers, size) for facet, numbers in groups.items()}
        self._all = bits_of((row.number for row in rows), size)
        self._by_edited = sorted(kept.edited for kept in self._kept if kept is not None)
        self._by_title = None

    def _replace(self, row: Row) -> None:
        before = self._kept[row.number] if row.number < len(self._kept) else None
        if before is not None:
            if before.stamp >= row.stamp:
                return
            self._forget(row.number, before)
        kept = self._keep(row)
        for facet in kept.facets:
            self._bits[facet] = with_number(self._bits.get(facet, 0), row.number)
        self._all = with_number(self._all, row.number)
        insort(self._by_edited, kept.edited)
        if before is None or before.title != kept.title:
            self._by_title = None

    def _keep(self, row: Row) -> _Kept:
        missing = row.number + 1 - len(self._kept)
        if missing > 0:
            self._kept += [None] * missing
            self._ids += [b""] * missing
        facets = tuple(self._facet_names.setdefault(facet, facet) for facet in row.facets)
        kept = _Kept(row.stamp, _edited(row.edited_at, row.number), row.title.lower(), facets)
        self._kept[row.number] = kept
        self._ids[row.number] = row.prompt_id.bytes
        self._numbers[row.prompt_id.bytes] = row.number
        self._rooms[row.room_id.bytes] = row.number
        return kept

    def _forget(self, number: int, kept: _Kept) -> None:
        for facet in kept.facets:
            left = without_number(self._bits[facet], number)
            if left:
                self._bits[facet] = left
            else:
                del self._bits[facet]
        del self._by_edited[bisect_left(self._by_edited, kept.edited)]

    # Asking

    @property
    def everything(self) -> Bits:
        return self._all

    def with_facet(self, kind: str, value: str) -> Bits:
        """Folders hold what lies in the folders below them, too."""
        if kind == "folder":
            below = f"{value}/"
            return union(
                [
                    bits
                    for (one, name), bits in self._bits.items()
                    if one == "folder" and (name == value or name.startswith(below))
                ]
            )
        return self._bits.get((kind, value), 0)

    def values(self, kind: str, base: Bits) -> list[tuple[str, int]]:
        """How many of `base` each value is on, the most frequent first."""
        counted = [
            (value, (bits & base).bit_count())
            for (one, value), bits in self._bits.items()
            if one == kind
        ]
        return sorted(
            ((value, count) for value, count in counted if count), key=lambda one: (-one[1], one[0])
        )

    def prompt_id(self, number: int) -> UUID:
        return UUID(bytes=self._ids[number])

    def number_of(self, prompt_id: UUID) -> int | None:
        return self._numbers.get(prompt_id.bytes)

    def these(self, prompt_ids: Iterable[UUID]) -> Bits:
        known = (self._numbers.get(prompt_id.bytes) for prompt_id in prompt_ids)
        return bits_of((number for number in known if number is not None), self.size)

    def in_rooms(self, room_ids: Iterable[UUID]) -> Bits:
        known = (self._rooms.get(room_id.bytes) for room_id in room_ids)
        return bits_of((number for number in known if number is not None), self.size)

    def has_room(self, room_id: UUID) -> bool:
        return room_id.bytes in self._rooms

    def is_open(self, number: int) -> bool:
        """Whether it is there and not archived."""
        kept = self._kept[number] if number < len(self._kept) else None
        return kept is not None and ARCHIVED not in kept.facets

    def edited_at(self, number: int) -> datetime:
        microseconds = self._known(number).edited >> _PLACES
        return datetime.fromtimestamp(microseconds / 1_000_000, UTC).replace(
            microsecond=microseconds % 1_000_000
        )

    def title(self, number: int) -> str:
        return self._known(number).title

    def last_edited(self, bits: Bits) -> Iterator[int]:
        """The members, the last edited first."""
        if bits.bit_count() <= FEW:
            return iter(sorted(members(bits), key=lambda n: -self._known(n).edited))
        mask = (1 << _PLACES) - 1
        return in_order(bits, (one & mask for one in reversed(self._by_edited)))

    def by_title(self, bits: Bits) -> Iterator[int]:
        if bits.bit_count() <= FEW:
            return iter(sorted(members(bits), key=self._title_order))
        if self._by_title is None:
            self._by_title = sorted(members(self._all), key=self._title_order)
        return in_order(bits, self._by_title)

    def _title_order(self, number: int) -> tuple[str, bytes]:
        return self._known(number).title, self._ids[number]

    def _known(self, number: int) -> _Kept:
        kept = self._kept[number]
        if kept is None:
            raise KeyError(number)
        return kept

    def edited_before(self, number: int, moment: datetime, of: int | None) -> bool:
        """Whether a list by time goes on with `number` after a row of `moment` that is `of`."""
        return self._known(number).edited < _edited(moment, of or 0)

    def title_beyond(self, number: int, title: str, prompt_id: UUID) -> bool:
        return self._title_order(number) > (title, prompt_id.bytes)


def _edited(moment: datetime, number: int) -> int:
    since = moment - _EPOCH
    microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return (microseconds << _PLACES) | number
