"""Who wrote what of a text, and with which version it came.

Kept with each version and checkpoint, because the live document forgets: its attribution is by
block, and a new epoch begins with new blocks. Each is made from the one before: text that is
there now and was in the last version came with whatever that says, since deleted text never
comes back under the same clocks.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import msgspec

from app.domain.rooms.guard.blame import Run
from app.kit.utf16 import pieces

UNKNOWN = 0  # the version of text that was there before such things were noted


class Part(NamedTuple):
    """Visible text that one client id wrote in one go."""

    client: int
    start: int
    end: int
    actor: str  # "" = nobody knows
    number: int  # the version that first had it


class Span(NamedTuple):
    """The same for people: neighbours of one author and version are one."""

    units: int
    actor: str
    number: int


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    actors: list[str]
    clients: list[int]
    parts: list[tuple[int, int, int, int, int]]  # client and actor by index, start, size, number


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Stored)


@dataclass(frozen=True, slots=True)
class Blame:
    parts: Sequence[Part]

    def spans(self) -> list[Span]:
        found: list[Span] = []
        for _, start, end, actor, number in self.parts:
            units = end - start
            if found and found[-1][1:] == (actor, number):
                units += found.pop().units
            found.append(Span(units, actor, number))
        return found

    def writers(self) -> list[tuple[int, str]]:
        """As `Rooms.rewrite` takes them."""
        return [(end - start, actor) for _, start, end, actor, _ in self.parts]

    def encoded(self) -> bytes:
        actors = {actor: at for at, actor in enumerate(dict.fromkeys(p.actor for p in self.parts))}
        clients = {one: at for at, one in enumerate(dict.fromkeys(p.client for p in self.parts))}
        rows = [
            (clients[client], actors[actor], start, end - start, number)
            for client, start, end, actor, number in self.parts
        ]
        return zlib.compress(_encoder.encode(_Stored(list(actors), list(clients), rows)), 1)


NOTHING = Blame(())


def decoded(stored: bytes | None) -> Blame:
    if stored is None:
        return NOTHING
    found = _decoder.decode(zlib.decompress(stored))
    actors, clients = found.actors, found.clients
    return Blame(
        [
            Part(clients[client], start, start + size, actors[actor], number)
            for client, actor, start, size, number in found.parts
        ]
    )


def made(
    runs: Iterable[Run], number: int, before: Blame | None, clocks: Mapping[int, int]
) -> Blame:
    """The blame of what will be version `number`.

    `before` is the version before it and `clocks` its state vector. Text of older epochs, which
    counts other clocks, came with nobody knows what: `before` is none and `number` is UNKNOWN.
    """
    known = _Numbers(before.parts if before else ())
    return Blame(
        [
            Part(run.client, start, end, run.actor, came)
            for run in runs
            for start, end, came in known.split(run, clocks.get(run.client, 0), number)
        ]
    )


class _Numbers:
    """With which version the text of the version before came, by client and clock."""

    def __init__(self, parts: Iterable[Part]) -> None:
        by_client: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for part in parts:
            by_client[part.client].append((part.start, part.end, part.number))
        self._parts = {client: sorted(listed) for client, listed in by_client.items()}

    def split(self, run: Run, clock: int, number: int) -> Iterator[tuple[int, int, int]]:
        """Parts of a run with their version; what lies behind `clock` is new in `number`."""
        start, old_end = run.start, min(run.end, clock)
        listed = self._parts.get(run.client, [])
        at = max(0, bisect_right(listed, (start, run.end, number)) - 1)
        while start < old_end:
            while at < len(listed) and listed[at][1] <= start:
                at += 1
            if at == len(listed) or listed[at][0] > start:
                end = min(old_end, listed[at][0]) if at < len(listed) else old_end
                yield start, end, UNKNOWN
            else:
                end = min(old_end, listed[at][1])
                yield start, end, listed[at][2]
            start = end
        if start < run.end:
            yield start, run.end, number


def told(text: str, blame: Blame) -> list[tuple[str, Span]]:
    """The text in pieces with who wrote each; a blame of another text names nobody."""
    spans = blame.spans()
    found = pieces(text, [span.units for span in spans])
    if found is None:
        return [(text, Span(0, "", UNKNOWN))] if text else []
    return list(zip(found, spans, strict=True))


class Lines:
    """Who wrote most of a line of a text; asked of the few lines that somebody looks at."""

    def __init__(self, text: str, blame: Blame) -> None:
        known = told(text, blame)
        self._spans = [span for _, span in known]
        self._ends = list(accumulate(len(piece) for piece, _ in known))
        self._starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]

    @property
    def is_known(self) -> bool:
        return any(span.actor for span in self._spans)

    def whose(self, number: int, ranges: Iterable[tuple[int, int]] | None = None) -> Span | None:
        """Of the line with this number, from 1, or of some ranges of it in code points.

        The version is the one that most of that author's part is of.
        """
        first, last = self._starts[number - 1], self._starts[number] - 1
        written: Counter[tuple[str, int]] = Counter()
        for start, end in ranges if ranges is not None else ((0, last - first),):
            self._add(written, first + start, first + end)
        people: Counter[str] = Counter()
        for (actor, _), size in written.items():
            people[actor] += size
        if not people:
            return None
        most, size = people.most_common(1)[0]
        number = max((n, came) for (actor, came), n in written.items() if actor == most)[1]
        return Span(size, most, number)

    def _add(self, written: Counter[tuple[str, int]], start: int, end: int) -> None:
        at = bisect_right(self._ends, start)
        while start < end and at < len(self._ends):
            until = min(self._ends[at], end)
            span = self._spans[at]
            written[span.actor, span.number] += until - start
            start, at = until, at + 1
