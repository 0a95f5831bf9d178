"""The order of a document's blocks: where Yjs puts each, and whether its author can mean that.

Text is kept as runs in a linked list, in columns of numbers instead of objects. A run is a stretch
of one client's clocks that stands together, each unit behind the one before it; it is split where
another block comes between. Concurrent blocks are ordered as the list algorithm of Yjs (YATA)
does. Deleted text keeps its place; blocks that were given up (GC) have none.

An honest author puts a block between two neighbours that stand side by side for them. Others may
since have put something between, but nothing that the author has seen: `crossed` and `seen_between`
name what breaks this, and what keeps it is in the same order for everybody, whatever comes first.

Blocks are tried in place: between `begin` and `rollback` or `commit` every change is logged with
what undoes it. A block between two neighbours that stand side by side needs no trial; `adjoins`
says so without a change.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from app.domain.rooms.guard.blame import Columns
from app.domain.rooms.guard.ranges import RangeSet
from app.domain.rooms.guard.sight import Sights, Watch
from app.domain.rooms.wire.refusal import Refused
from app.domain.rooms.wire.updates import Id

_NOWHERE: Final = (-1, 0)  # in place of the neighbour that a block at an end of the text lacks
_HEAD: Final = 0  # the number of the run before the first one, which is also behind the last one


class Placed(NamedTuple):
    """A new block and the unit that it stands behind, None if it comes first."""

    client: int
    start: int
    end: int
    origin: Id | None
    right: Id | None
    left: Id | None


class _Line:
    """One client's runs by clock, and up to where it has referred to other clients' clocks."""

    __slots__ = ("runs", "seen", "starts")

    def __init__(self) -> None:
        self.starts = array("I")
        self.runs = array("I")
        self.seen: dict[int, int] = {}


class Order:
    """The runs of one document."""

    def __init__(self) -> None:
        self._who = array("q", (-1,))
        self._starts = array("I", (0,))
        self._ends = array("I", (0,))
        self._origins = array("q", (-1,))
        self._origin_clocks = array("I", (0,))
        self._rights = array("q", (-1,))
        self._right_clocks = array("I", (0,))
        self._stamps = array("I", (0,))  # how many notes there were when the run arrived
        self._next = array("I", (_HEAD,))
        self._lines: dict[int, _Line] = {}
        self._sights = Sights()
        self._undo: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
        self._is_trial = False
        self._before = 0, 0  # runs and notes at the beginning of the trial

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        """(client, start, end) of every run in the order of the text, also of deleted text."""
        who, starts, ends, following = self._who, self._starts, self._ends, self._next
        run = following[_HEAD]
        while run != _HEAD:
            yield who[run], starts[run], ends[run]
            run = following[run]

    def columns(self) -> Columns:
        """The list as it stands, which later changes do not touch."""
        return Columns(self._who[:], self._starts[:], self._ends[:], self._next[:])

    def begin(self) -> None:
        self._is_trial = True
        self._before = len(self._who), self._sights.count

    def commit(self) -> None:
        self._is_trial = False
        self._undo.clear()

    def rollback(self) -> None:
        """Take back everything since `begin`."""
        while self._undo:
            change, what = self._undo.pop()
            change(*what)
        size, noted = self._before
        if len(self._who) > size:
            for column in (self._who, self._starts, self._ends, self._origins, self._rights):
                del column[size:]
            for column in (self._origin_clocks, self._right_clocks, self._stamps, self._next):
                del column[size:]
        self._sights.forget(noted)
        self._is_trial = False

    def watch(self, deleted: Mapping[int, RangeSet]) -> Watch:
        """Somebody to look at the blocks of one update that is not trusted."""
        return Watch(self._sights, deleted)

    def adjoins(self, left: Id, right: Id | None) -> bool:
        """Whether nothing stands between two units, or behind the last one; both are known."""
        client, clock = left
        line = self._lines[client]
        run = line.runs[bisect_right(line.starts, clock) - 1]
        if clock + 1 < self._ends[run]:
            return right == (client, clock + 1)
        run = self._next[run]
        if run == _HEAD or right is None:
            return run == _HEAD and right is None
        return self._who[run] == right[0] and self._starts[run] == right[1]

    def put(self, placed: Placed) -> None:
        """Put a block where it is known to belong."""
        run = self._clean_end(placed.left)
        if self._continues(placed, run):
            self._extend(run, placed.end)
        else:
            self._refer(placed)
            self._insert(placed, run)

    def place(self, block: Placed, watch: Watch | None) -> Id | None:
        """Put a block where Yjs does; the unit in front of it. Without a watch all is taken."""
        stop = self._clean_start(block.right)
        left = run = self._clean_end(block.origin)
        is_continued = self._continues(block, run)
        if not is_continued:
            self._refer(block)
        if self._next[run] != stop:
            # What continues a run has seen nothing more than that run, which was looked at.
            if watch and not is_continued:
                self._look(block, self._between(run, stop, watch), watch)
            run = self._scan(block, run, stop, watch)
        unit = block.origin if run == left else (self._who[run], self._ends[run] - 1)
        if is_continued and run == left:
            self._extend(run, block.end)
        else:
            self._insert(block, run)
        return unit

    def _between(self, left: int, stop: int, watch: Watch) -> list[int]:
        following = self._next
        found: list[int] = []
        run = following[left]
        while run != stop:
            if run == _HEAD:
                raise Refused("crossed")
            found.append(run)
            run = following[run]
        watch.walk(len(found))
        return found

    def _look(self, block: Placed, between: list[int], watch: Watch) -> None:
        """Refuse a block whose author has seen what stands between its neighbours."""
        stamps, who, starts = self._stamps, self._who, self._starts
        floor = min([stamps[run] for run in between])
        seen = watch.view(block.client, block.start, floor).get
        for run in between:
            if starts[run] < seen(who[run], 0):
                raise Refused("seen_between")

    def _scan(self, block: Placed, left: int, stop: int, watch: Watch | None) -> int:
        """The run that a block goes behind: the conflict resolution of YATA, run by run."""
        who, origins, clocks, following = self._who, self._origins, self._origin_clocks, self._next
        client, right = block.client, block.right
        origin, clock = block.origin or _NOWHERE
        passed: set[int] = set()
        conflicting: set[int] = set()
        run = following[left]
        while run not in (stop, _HEAD):
            passed.add(run)
            conflicting.add(run)
            if origins[run] == origin and clocks[run] == clock:
                is_before = who[run] < client
                if not is_before and self._right(run) == right:
                    break
            elif origins[run] >= 0 and (parent := self._find(origins[run], clocks[run])) in passed:
                is_before = parent not in conflicting
            else:
                break
            if is_before:
                left = run
                conflicting.clear()
            run = following[run]
        if watch:
            watch.scan([(who[run], self._starts[run], self._ends[run]) for run in passed])
        return left

    def _find(self, client: int, clock: int) -> int:
        line = self._lines[client]
        return line.runs[bisect_right(line.starts, clock) - 1]

    def _clean_end(self, unit: Id | None) -> int:
        """The run that ends with a unit, split from what follows."""
        if unit is None:
            return _HEAD
        line, clock = self._lines[unit[0]], unit[1]
        at = bisect_right(line.starts, clock) - 1
        run = line.runs[at]
        if clock + 1 < self._ends[run]:
            self._split(line, at, clock + 1)
        return run

    def _clean_start(self, unit: Id | None) -> int:
        """The run that begins with a unit, split from what precedes."""
        if unit is None:
            return _HEAD
        line, clock = self._lines[unit[0]], unit[1]
        at = bisect_right(line.starts, clock) - 1
        run = line.runs[at]
        return run if self._starts[run] == clock else self._split(line, at, clock)

    def _split(self, line: _Line, at: int, clock: int) -> int:
        """Split a run into what is before a clock and the rest, whose number is returned."""
        run = line.runs[at]
        client = self._who[run]
        right = self._right(run) or _NOWHERE
        rest = self._append((client, clock, self._ends[run]), (client, clock - 1), right)
        self._stamps[rest] = self._stamps[run]
        self._next[rest] = self._next[run]
        self._next[run] = rest
        self._ends[run] = clock
        line.starts.insert(at + 1, clock)
        line.runs.insert(at + 1, rest)
        if self._is_trial:
            self._undo.append((self._join, (line, at)))
        return rest

    def _continues(self, block: Placed, run: int) -> bool:
        """Whether a block is as if its author had typed on at the end of a run."""
        client, start, _, origin, right, _ = block
        return (
            self._ends[run] == start
            and self._who[run] == client
            and origin == (client, start - 1)
            and self._right(run) == right
        )

    def _right(self, run: int) -> Id | None:
        client = self._rights[run]
        return None if client < 0 else (client, self._right_clocks[run])

    def _extend(self, run: int, end: int) -> None:
        if self._is_trial:
            self._undo.append((self._ends.__setitem__, (run, self._ends[run])))
        self._ends[run] = end

    def _insert(self, block: Placed, run: int) -> None:
        """Put a block behind a run, as a run of its own."""
        client, start, end, origin, right, _ = block
        new = self._append((client, start, end), origin or _NOWHERE, right or _NOWHERE)
        self._next[new] = self._next[run]
        self._next[run] = new
        line = self._lines[client]
        line.starts.append(start)
        line.runs.append(new)
        if self._is_trial:
            self._undo.append((self._remove, (line, run)))

    def _append(self, clocks: tuple[int, int, int], origin: Id, right: Id) -> int:
        """A new run, not in the list yet."""
        new = len(self._who)
        self._who.append(clocks[0])
        self._starts.append(clocks[1])
        self._ends.append(clocks[2])
        self._origins.append(origin[0])
        self._origin_clocks.append(origin[1])
        self._rights.append(right[0])
        self._right_clocks.append(right[1])
        self._stamps.append(self._sights.count)
        self._next.append(_HEAD)
        return new

    def _refer(self, block: Placed) -> None:
        """Note what a block's author has seen more than before."""
        client, start, _, origin, right, _ = block
        line = self._lines.get(client)
        if line is None:
            line = self._lines[client] = _Line()
            if self._is_trial:
                self._undo.append((self._lines.pop, (client,)))
        for unit in (origin, right):
            if unit is None or unit[0] == client:
                continue
            whom, clock = unit
            before = line.seen.get(whom, 0)
            if clock >= before:
                line.seen[whom] = clock + 1
                self._sights.note(client, start, whom, clock + 1)
                if self._is_trial:
                    self._undo.append((line.seen.__setitem__, (whom, before)))

    def _join(self, line: _Line, at: int) -> None:
        """Undo a split."""
        run, rest = line.runs[at], line.runs[at + 1]
        self._ends[run] = self._ends[rest]
        self._next[run] = self._next[rest]
        del line.starts[at + 1], line.runs[at + 1]

    def _remove(self, line: _Line, run: int) -> None:
        """Undo an insertion behind a run."""
        self._next[run] = self._next[self._next[run]]
        del line.starts[-1], line.runs[-1]
