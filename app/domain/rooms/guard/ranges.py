"""Sets of clocks kept as sorted ranges, four bytes a boundary: what is deleted, who wrote what."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Final

from app.domain.rooms.wire.encoding import LARGEST_CLOCK

Range = tuple[int, int]

_REBUILD_FROM = 32  # ranges added at once; one by one, each would move all that lie behind it


class RangeSet:
    """Disjoint half-open ranges that never touch each other."""

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts = array("I")
        self._ends = array("I")

    def __iter__(self) -> Iterator[Range]:
        return zip(self._starts, self._ends, strict=True)

    def __len__(self) -> int:
        return len(self._starts)

    def __contains__(self, clock: int) -> bool:
        index = bisect_right(self._ends, clock)
        return index < len(self._starts) and self._starts[index] <= clock

    def copy(self) -> RangeSet:
        """Another set of the same ranges."""
        other = RangeSet()
        other._starts, other._ends = self._starts[:], self._ends[:]
        return other

    def overlapping(self, start: int, end: int) -> int:
        """How many ranges lie at least partly in `start` to `end`."""
        return bisect_left(self._starts, end) - bisect_right(self._ends, start)

    def missing(self, start: int, end: int) -> list[Range]:
        """The parts of a range that are not in the set."""
        starts, ends = self._starts, self._ends
        found: list[Range] = []
        index = bisect_right(ends, start)
        while start < end:
            if index == len(starts) or starts[index] >= end:
                found.append((start, end))
                break
            if starts[index] > start:
                found.append((start, starts[index]))
            start = ends[index]
            index += 1
        return found

    def add(self, start: int, end: int) -> None:
        starts, ends = self._starts, self._ends
        first = bisect_left(ends, start)
        last = bisect_right(starts, end)
        if first < last:
            start = min(start, starts[first])
            end = max(end, ends[last - 1])
        starts[first:last] = array("I", (start,))
        ends[first:last] = array("I", (end,))

    def add_all(self, ranges: Sequence[Range]) -> None:
        """Add many ranges in time linear in the set and what is added."""
        if len(ranges) < _REBUILD_FROM:
            for start, end in ranges:
                self.add(start, end)
            return
        merged = sorted([*self, *ranges])
        self._starts, self._ends = array("I"), array("I")
        for start, end in merged:
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(end, self._ends[-1])
            else:
                self._starts.append(start)
                self._ends.append(end)


class Credits:
    """Who wrote the clocks of one client id, from 0 up; a clock is assigned once."""

    __slots__ = ("_actors", "_ends")

    def __init__(self) -> None:
        self._ends: list[int] = []
        self._actors: list[str] = []

    @property
    def end(self) -> int:
        return self._ends[-1] if self._ends else 0

    def extend(self, end: int, actor: str) -> None:
        """Credit everything up to `end` that nobody is credited with yet."""
        if end <= self.end:
            return
        if self._actors and self._actors[-1] == actor:
            self._ends[-1] = end
        else:
            self._ends.append(end)
            self._actors.append(actor)

    def since(self, clock: int, until: int = LARGEST_CLOCK) -> Iterator[tuple[int, int, str]]:
        """(start, end, actor) for the clocks from `clock` on, or up to `until`."""
        for index in range(bisect_right(self._ends, clock), len(self._ends)):
            start = max(self._ends[index - 1] if index else 0, clock)
            if start >= until:
                return
            yield start, min(self._ends[index], until), self._actors[index]


_IS_LOW: Final = bytes(0xDC <= high <= 0xDF for high in range(256))


def low_surrogates(text: str, clock: int) -> array[int]:
    """The clocks of the second halves of surrogate pairs in a text that begins at `clock`."""
    highs = text.encode("utf-16-le")[1::2]
    return array("I", compress(range(clock, clock + len(highs)), highs.translate(_IS_LOW)))


def holds(clocks: Sequence[int], clock: int) -> bool:
    """Whether a sorted sequence holds a value."""
    index = bisect_left(clocks, clock)
    return index < len(clocks) and clocks[index] == clock
