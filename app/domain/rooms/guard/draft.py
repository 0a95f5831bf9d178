"""Tries one update against what is known of a document, without changing what is known.

Blocks are placed in the order in which Yjs would integrate them. What Yjs would keep pending is
either a gap (something earlier never arrived) or a knot that no honest client ties.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import chain
from typing import NamedTuple

from app.domain.rooms.guard.order import Order, Placed
from app.domain.rooms.guard.ranges import RangeSet, holds, low_surrogates
from app.domain.rooms.wire.encoding import utf16_length
from app.domain.rooms.wire.refusal import Gap, Refused
from app.domain.rooms.wire.updates import GC, Block, Deletes, Id, Section

Ranges = tuple[tuple[int, int, int], ...]
_new = tuple.__new__  # a third of the time of Placed(…)
_Waiting = dict[int, list[tuple[int, int, int, Section]]]


@dataclass(slots=True)
class Known:
    """What a document holds, by client id."""

    clocks: dict[int, int] = field(default_factory=dict)
    lows: dict[int, array[int]] = field(default_factory=dict)  # clocks of low surrogates, sorted
    deleted: dict[int, RangeSet] = field(default_factory=dict)
    gone: dict[int, RangeSet] = field(default_factory=dict)  # GC: nothing may refer to these
    order: Order = field(default_factory=Order)


class Bounds(NamedTuple):
    """How much one document takes; what is honest stays far below."""

    update_bytes: int = 4 << 20
    text_units: int = 2 << 20
    blocks: int = 50_000  # of one update; reading and checking them takes about 50 ms
    deletes: int = 200_000  # ranges of one update: a step 2 repeats all of a document's
    new_blocks: int = 8_000  # of one update, and below: what an apply in 50 ms can take in
    new_deletes: int = 20_000
    clients: int = 20_000  # of the document; 50,000 make every apply cost 2.7 ms
    new_clients: int = 512  # of one update: offline work over that many page loads


class Verdict(NamedTuple):
    """What an update adds to the document; ranges are (client, start clock, end clock)."""

    ranges: Ranges = ()
    deletes: Ranges = ()
    inserted: int = 0  # UTF-16 units of text
    inserted_bytes: int = 0  # the same in UTF-8
    removed: int = 0  # UTF-16 units that were visible, or are inserted by this very update
    buried: Ranges = ()  # new clocks that arrive deleted: their text was never sent
    gone: Ranges = ()  # those of them that arrive as GC
    lows: tuple[tuple[int, array[int]], ...] = ()  # low surrogates in the new text
    placed: tuple[Placed, ...] = ()  # where its blocks belong

    @property
    def is_new(self) -> bool:
        """False: the document has all of it, so acknowledge without a row in the journal."""
        return bool(self.ranges or self.deletes)


class Draft:
    """The document as it would be with the blocks placed so far.

    Only the order of the blocks is changed in place, to be rolled back or committed by the caller.
    Without bounds the update is trusted: it may be as large and as tangled as it likes.
    """

    __slots__ = (
        "_ahead", "_bounds", "_buried", "_bytes", "_deletes", "_gone", "_known", "_lows", "_placed",
        "_units", "_watch",
    )  # fmt: skip

    def __init__(self, known: Known, bounds: Bounds | None) -> None:
        self._known = known
        self._bounds = bounds
        self._watch = known.order.watch(known.deleted) if bounds else None
        self._placed: list[Placed] = []
        self._ahead: dict[int, int] = {}
        self._lows: dict[int, array[int]] = {}
        self._buried: dict[int, RangeSet] = {}
        self._gone: dict[int, RangeSet] = {}
        self._deletes: list[tuple[int, int, int]] = []
        self._units = self._bytes = 0

    def verdict(self) -> Verdict:
        clocks = self._known.clocks
        return Verdict(
            ranges=tuple((who, clocks.get(who, 0), end) for who, end in self._ahead.items()),
            deletes=tuple(self._deletes),
            inserted=self._units,
            inserted_bytes=self._bytes,
            removed=sum(end - start for _, start, end in self._deletes),
            buried=_flat(self._buried),
            gone=_flat(self._gone),
            lows=tuple(self._lows.items()),
            placed=tuple(self._placed),
        )

    def integrate(self, sections: list[Section]) -> None:
        """Place every block, each after those it refers to."""
        for section in sections:
            if section.clock > self._clock(section.client):
                raise Gap(section.client, section.clock - 1)
        waiting: _Waiting = {}  # by the client that is waited for, nearest clock first
        ready = [(section, 0) for section in sections]
        while ready:
            section, index = ready.pop()
            index, lacked = self._place_from(section, index)
            if lacked:
                entry = (lacked[1], section.client, index, section)
                heappush(waiting.setdefault(lacked[0], []), entry)
            heap, clock = waiting.get(section.client), self._clock(section.client)
            while heap and heap[0][0] < clock:
                _, _, index, section = heappop(heap)
                ready.append((section, index))
        if any(waiting.values()):
            self._refuse_stuck(waiting, sections)

    def delete(self, deletes: Deletes) -> None:
        """Delete ranges of what is known and placed; what is deleted already is nothing new."""
        for client, ranges in deletes:
            last = ranges[-1][1] - 1
            if last >= self._clock(client):
                raise Gap(client, last)
            deleted, buried = self._known.deleted.get(client), self._buried.get(client)
            has_pairs = client in self._known.lows or client in self._lows
            for start, end in ranges:
                if has_pairs:
                    self._check_boundary(client, start)
                    self._check_boundary(client, end)
                parts = deleted.missing(start, end) if deleted else [(start, end)]
                if buried:
                    parts = list(chain.from_iterable(buried.missing(*part) for part in parts))
                self._deletes += ((client, *part) for part in parts)
        if self._bounds and len(self._deletes) > self._bounds.new_deletes:
            raise Refused("too_many_new_deletes")

    def _clock(self, client: int) -> int:
        """The clock up to which a client's blocks are known or placed."""
        return self._ahead.get(client) or self._known.clocks.get(client, 0)

    def _place_from(self, section: Section, index: int) -> tuple[int, Id | None]:
        """Place blocks until the end, or until one refers to what is not there yet."""
        client, _, _, blocks = section
        known = self._known.clocks.get(client, 0)
        for at in range(index, len(blocks)):
            block = blocks[at]
            clock, end, _, origin, right, _ = block
            if origin:
                if self._lacks(client, clock, origin, origin[1] + 1):
                    return at, origin
                if origin == right:
                    raise Refused("origin_equal")
            if right and self._lacks(client, clock, right, right[1]):
                return at, right
            if end > known:
                self._place(client, block, max(clock, known))
            elif self._watch:
                self._watch.repeated += 1
        return len(blocks), None

    def _lacks(self, client: int, clock: int, neighbour: Id, boundary: int) -> bool:
        """Whether a neighbour is not there yet; refuses one that can never be referred to."""
        other, at = neighbour
        if other == client:
            if at >= clock:
                raise Refused("origin_ahead")
        elif at >= self._clock(other):
            return True
        known = self._known
        if known.lows or self._lows:
            self._check_boundary(other, boundary)
        if known.gone or self._gone:
            self._check_gone(other, at)
        return False

    def _place(self, client: int, block: Block, start: int) -> None:
        """Take what a block has from clock `start` on."""
        clock, end, kind, origin, right, text = block
        self._ahead[client] = end
        if start > clock:  # Yjs continues behind the last clock it knows
            self._check_gone(client, start - 1)
            text = _behind(text, start - clock) if text else text
        if kind != GC:
            origin = origin if start == clock else (client, start - 1)
            self._put(_new(Placed, (client, start, end, origin, right, None)))
        if text is None:
            self._bury(client, block, start)
            return
        # Of new text alone: who joins a document that held one before this rule repeats it.
        if self._bounds and "\0" in text:
            raise Refused("nul")
        self._units += end - start
        if text.isascii():
            self._bytes += end - start
            return
        self._bytes += len(text.encode())
        if len(text) != end - start:
            lows = low_surrogates(text, start)
            self._lows.setdefault(client, array("I")).extend(lows)

    def _put(self, block: Placed) -> None:
        """Find a block's place in the text."""
        left = self._known.order.place(block, self._watch)
        if self._bounds:
            self._placed.append(_new(Placed, (*block[:5], left)))
            if len(self._placed) > self._bounds.new_blocks:
                raise Refused("too_many_new_blocks")

    def _bury(self, client: int, block: Block, start: int) -> None:
        self._buried.setdefault(client, RangeSet()).add(start, block.end)
        if block.kind == GC:
            self._gone.setdefault(client, RangeSet()).add(start, block.end)

    def _check_boundary(self, client: int, clock: int) -> None:
        """Refuse a boundary before the second half of a surrogate pair."""
        for lows in (self._known.lows, self._lows):
            if client in lows and holds(lows[client], clock):
                raise Refused("split_pair")

    def _check_gone(self, client: int, clock: int) -> None:
        for gone in (self._known.gone, self._gone):
            if client in gone and clock in gone[client]:
                raise Refused("dead_origin")

    def _refuse_stuck(self, waiting: _Waiting, sections: list[Section]) -> None:
        ends = {section.client: section.end for section in sections}
        for client, heap in waiting.items():
            for clock, *_ in heap:
                if clock >= max(ends.get(client, 0), self._clock(client)):
                    raise Gap(client, clock)
        raise Refused("cycle")


def _behind(text: str, units: int) -> str:
    """What follows the first `units` UTF-16 units of a text."""
    if utf16_length(text) == len(text):
        return text[units:]
    try:
        return text.encode("utf-16-le")[2 * units :].decode("utf-16-le")
    except UnicodeDecodeError:
        raise Refused("split_pair") from None


def _flat(sets: dict[int, RangeSet]) -> Ranges:
    return tuple((client, *part) for client, ranges in sets.items() for part in ranges)
