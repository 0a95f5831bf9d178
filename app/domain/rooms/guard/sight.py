"""What the author of a block must have seen when writing it.

Nobody refers to what they have not seen, and whoever has seen a block has seen what it refers to.
So every reference to a block of another client is logged in the order of arrival, once for each
time that a client's knowledge of another grows. Read backwards from its end the log yields a
vector clock in one pass: whatever could bring a block into view has arrived after that block.
For the same reason the pass may stop where the oldest block in question arrived.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from itertools import starmap
from typing import Final

from app.domain.rooms.guard.ranges import RangeSet
from app.domain.rooms.wire.refusal import Refused

SCANS: Final = 50_000  # steps of conflict resolution in the library: about 5 ms
WALKS: Final = 200_000  # steps of looking for what lies between: about 30 ms
SCAN: Final = 10  # as many of these is a step of conflict resolution here


class Sights:
    """References between the clients of a document, in the order of arrival."""

    __slots__ = ("_clocks", "_ends", "_who", "_whom", "count")

    def __init__(self) -> None:
        self.count = 0
        self._who = array("q")
        self._clocks = array("I")  # with this clock `who` referred
        self._whom = array("q")
        self._ends = array("I")  # to the clock before this one

    def note(self, who: int, clock: int, whom: int, end: int) -> None:
        self._who.append(who)
        self._clocks.append(clock)
        self._whom.append(whom)
        self._ends.append(end)
        self.count += 1

    def forget(self, count: int) -> None:
        """Take back all but the first `count` notes."""
        if count < self.count:
            del self._who[count:], self._clocks[count:], self._whom[count:], self._ends[count:]
            self.count = count

    def widen(self, view: dict[int, int], floor: int) -> None:
        """Complete a vector clock by all that its blocks refer to, from note `floor` on."""
        notes = zip(
            reversed(self._who[floor:]),
            reversed(self._clocks[floor:]),
            reversed(self._whom[floor:]),
            reversed(self._ends[floor:]),
            strict=True,
        )
        seen = view.get
        for who, clock, whom, end in notes:
            if clock >= seen(who, 0):
                continue
            if end > seen(whom, 0):
                view[whom] = end

    def widens(self, view: dict[int, int], since: int) -> bool:
        """Whether notes from `since` on say more than a complete vector clock holds."""
        seen = view.get
        return any(
            self._clocks[at] < seen(self._who[at], 0) and self._ends[at] > seen(self._whom[at], 0)
            for at in range(since, self.count)
        )


class Watch:
    """Looks at the blocks of one update, and counts what placing them costs."""

    __slots__ = ("_deleted", "_scans", "_sights", "_views", "_walks", "repeated")

    def __init__(self, sights: Sights, deleted: Mapping[int, RangeSet]) -> None:
        self.repeated = 0  # blocks of the update that are known: the library splits runs for them
        self._sights = sights
        self._deleted = deleted
        self._scans, self._walks = SCANS, WALKS
        # By client: its vector clock, the floor of that, and the notes that it accounts for.
        self._views: dict[int, tuple[dict[int, int], int, int]] = {}

    def scan(self, passed: list[tuple[int, int, int]]) -> None:
        """Pay for a way over some runs, which the library may hold in several pieces."""
        self.walk(SCAN * len(passed))
        if not self._deleted and not self.repeated:
            self._scans -= len(passed)
        else:
            self._scans -= sum(starmap(self._pieces, passed))
        if self._scans < 0:
            raise Refused("too_tangled")

    def _pieces(self, client: int, start: int, end: int) -> int:
        deleted = self._deleted.get(client)
        cuts = self.repeated + (deleted.overlapping(start, end) if deleted else 0)
        return min(end - start, 1 + 2 * cuts)

    def walk(self, steps: int) -> None:
        """Pay for work of our own."""
        self._walks -= steps
        if self._walks < 0:
            raise Refused("too_tangled")

    def view(self, client: int, clock: int, floor: int) -> dict[int, int]:
        """What the author of the block at `clock` has seen of all that came after `floor`."""
        sights = self._sights
        now = sights.count
        view, lowest, known = self._views.get(client, ({}, now, now))
        view[client] = clock + 1
        self.walk(now - known)
        if floor < lowest or sights.widens(view, known):
            lowest = min(floor, lowest)
            self.walk(now - lowest)
            sights.widen(view, lowest)
        self._views[client] = view, lowest, now
        return view
