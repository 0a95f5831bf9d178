"""Who wrote what of a text: its blocks as they stood at one moment, to be walked in a thread.

Taking them is a copy of a few arrays, cheap enough for the loop that serves sockets; walking
them costs about a microsecond for each run of text and need not happen there.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from app.domain.rooms.guard.ranges import Credits, RangeSet

MOST_RUNS: Final = 100_000  # a text in more pieces than this is nobody's; walking it takes 0.2 s


class Run(NamedTuple):
    """Visible text that one client id wrote in one go; clocks are UTF-16 units."""

    client: int
    start: int
    end: int
    actor: str  # "" = no table knows

    def goes_on(self, client: int, clock: int, actor: str) -> bool:
        """Whether text that begins at `clock` is as if its author had written on."""
        return self.end == clock and self.client == client and self.actor == actor


class Columns(NamedTuple):
    """A list of runs as `Order` keeps it: the first entry is its head, and closes it, too."""

    who: array[int]
    starts: array[int]
    ends: array[int]
    following: array[int]


class Blocks:
    """The blocks of a document at one moment.

    Credits are shared with the live document, which goes on: a clock is assigned once, so what
    is asked about the clocks of that moment never changes.
    """

    __slots__ = ("_columns", "_credits", "_deleted")

    def __init__(
        self, columns: Columns, deleted: Mapping[int, RangeSet], credits_: Mapping[int, Credits]
    ) -> None:
        self._columns = columns
        self._deleted = {client: ranges.copy() for client, ranges in deleted.items()}
        self._credits = credits_

    def __len__(self) -> int:
        """How many runs there are, those of deleted text, too."""
        return len(self._columns.who) - 1

    def runs(self) -> list[Run]:
        """The visible text from its start to its end; empty when it is in too many pieces."""
        found: list[Run] = []
        if len(self) > MOST_RUNS:
            return found
        for client, start, end in self._visible():
            for first, last, actor in self._credits[client].since(start, end):
                if found and found[-1].goes_on(client, first, actor):
                    found[-1] = found[-1]._replace(end=last)
                else:
                    found.append(Run(client, first, last, actor))
        return found

    def _visible(self) -> Iterator[tuple[int, int, int]]:
        who, starts, ends, following = self._columns
        run = following[0]
        while run:
            client, start, end = who[run], starts[run], ends[run]
            deleted = self._deleted.get(client)
            for part in deleted.missing(start, end) if deleted else ((start, end),):
                yield client, *part
            run = following[run]
