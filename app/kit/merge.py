"""An edit of a text that others have changed meanwhile: three-way, and nobody's words are lost.

The caller read `base` and wants `content`; `live` is what has become of `base`. What was changed
between base and content is looked up in live: there the caller's words are put in, and only
characters of base are taken out. A change whose place is not there any more is not guessed at.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence

from app.kit.align import Budget, Match, matches, shortest
from app.kit.edits import LONGEST_BLOCK, WORDS, Edit, between, common_ends

_STEPS = 200_000  # of the search for what stands, at all levels together: about 80 ms
_BOX_STEPS = 20  # of them for each place that is looked into: there can be a hundred thousand
_ALIKE = 0.8  # of a changed word has to have stayed, or its letters are those of another word
_PASSES = 8  # what is left out makes room around others; texts can be made that need thousands
_AROUND = 24  # characters on either side of a change, by which its place is known
_STANDS = 0.5  # of them, or of what is to be replaced, has to be there still


def merged(base: str, content: str, live: str) -> list[Edit] | None:
    """The edits of `live`, in order, that do to it what was done to `base`.

    None when one of them has lost its place: then none of them is to be made.
    """
    if content in (base, live):
        return []
    wanted = list(between(base, content))
    if base == live:
        return wanted
    theirs = set(between(base, live))
    kept = _Kept(base, live)
    found: list[Edit] = []
    for edit in wanted:
        if edit in theirs:  # others have made the very same change: once is enough
            continue
        if not kept.knows(edit):
            return None
        found += kept.moved(edit)
    return list(_joined(found))


def _joined(edits: Sequence[Edit]) -> Iterator[Edit]:
    """In order, those that touch as one."""
    parts: list[str] = []  # put together once: a hundred thousand may touch
    begin = stop = -1
    for start, end, added in edits:
        if start > stop:
            if begin >= 0:
                yield begin, stop, "".join(parts)
            begin, stop, parts = start, end, []
        stop = max(stop, end)
        parts.append(added)
    if begin >= 0:
        yield begin, stop, "".join(parts)


class _Kept:
    """The characters of base that stand in live, and where."""

    def __init__(self, base: str, live: str) -> None:
        self._base, self._live = base, live
        self._runs = _without_chance(_found(base, live), len(base), len(live))
        self._starts = [start for start, _, _ in self._runs]
        self._last = 0  # where the change before went: the next is not before it

    def knows(self, edit: Edit) -> bool:
        """Whether the place of a change is still there."""
        start, end, added = edit
        if added and _solid(self._base[start:end]):
            return self._stands(((start, end),))
        around = ((start - _AROUND, start), (end, end + _AROUND))
        return self._stands(around) or (start < end and self._stands(((start, end),)))

    def moved(self, edit: Edit) -> Iterator[Edit]:
        """The change, as edits of live: what comes, then what goes of base."""
        start, end, added = edit
        parts = list(self._parts(start, end))
        if added:
            place = parts[0][0] if parts else self._place(start)
            self._last = max(self._last, place)
            yield self._last, self._last, added
        for first, last in parts:
            self._last = last
            yield first, last, ""

    def _place(self, at: int) -> int:
        """Where what stands at `at` of base goes, if others have written at the same place."""
        left, right = self._left(at), self._right(at)
        if at == len(self._base):  # at the end of all that is there by now
            return right
        if at == 0:
            return left
        return right if self._splits(left) and not self._splits(right) else left

    def _splits(self, at: int) -> bool:
        """Whether text put in there would cut a word in two."""
        return 0 < at < len(self._live) and self._live[at - 1 : at + 1].isalnum()

    def _left(self, at: int) -> int:
        """Behind the last character that stands and was before `at`."""
        index = bisect_left(self._starts, at) - 1
        if index < 0:
            return 0
        start, there, length = self._runs[index]
        return there + min(length, at - start)

    def _right(self, at: int) -> int:
        """Before the first character that stands and was not before `at`."""
        index = bisect_right(self._starts, at) - 1
        if index >= 0 and at < self._runs[index][0] + self._runs[index][2]:
            return self._runs[index][1] + at - self._runs[index][0]
        return self._runs[index + 1][1] if index + 1 < len(self._runs) else len(self._live)

    def _parts(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Where base[start:end] stands in live, in pieces."""
        for at in range(max(0, bisect_right(self._starts, start) - 1), len(self._runs)):
            first, there, length = self._runs[at]
            if first >= end:
                return
            low, high = max(start, first), min(end, first + length)
            if low < high:
                yield there + low - first, there + high - first

    def _stands(self, ranges: Sequence[tuple[int, int]]) -> bool:
        """Whether enough of these parts of base is there; spaces do not count, nor does nothing."""
        size = there = 0
        for start, end in ranges:
            low, high = max(0, start), min(len(self._base), end)
            size += _solid(self._base[low:high])
            there += sum(_solid(self._live[a:b]) for a, b in self._parts(low, high))
        return there >= size * _STANDS


def _solid(text: str) -> int:
    """How many characters it has that are not space."""
    return len("".join(text.split()))


def _found(base: str, live: str) -> list[Match]:
    """Runs of base that stand in live: whole lines, between them words, between them letters."""
    head, tail = common_ends(base, live)
    middle = (head, len(base) - tail, head, len(live) - tail)
    budget = Budget(_STEPS)
    inner = _level(base, live, middle, budget, 0) if middle[0] < middle[1] else ()
    ends = ((0, 0, head), *inner, (len(base) - tail, len(live) - tail, tail))
    return [run for run in ends if run[2]]


_SPLITS: Sequence[Callable[[str], list[str]]] = (
    lambda text: text.splitlines(keepends=True),
    WORDS.findall,
)


def _level(
    base: str, live: str, box: tuple[int, int, int, int], budget: Budget, depth: int
) -> Iterator[Match]:
    i, i_end, j, j_end = box
    if i == i_end or j == j_end or budget.left < 0:
        return
    budget.left -= _BOX_STEPS
    if depth and i_end - i + j_end - j > LONGEST_BLOCK:
        return
    if depth == len(_SPLITS):
        yield from _letters(base, live, box, budget)
        return
    a, b = _SPLITS[depth](base[i:i_end]), _SPLITS[depth](live[j:j_end])
    n = m = 0
    for at_old, at_new, length in [*matches(a, b, budget), (len(a), len(b), 0)]:
        if length and "".join(a[at_old : at_old + length]).isspace():
            continue  # there is one everywhere: its neighbours say whether it is the same
        i_next, j_next = i + sum(map(len, a[n:at_old])), j + sum(map(len, b[m:at_new]))
        yield from _level(base, live, (i, i_next, j, j_next), budget, depth + 1)
        size = sum(map(len, a[at_old : at_old + length]))
        if size:
            yield i_next, j_next, size
        i, j, n, m = i_next + size, j_next + size, at_old + length, at_new + length


def _letters(
    base: str, live: str, box: tuple[int, int, int, int], budget: Budget
) -> Iterator[Match]:
    """Within words: where somebody typed into them. Other words have letters in common, too."""
    i, i_end, j, j_end = box
    found = shortest(base[i:i_end], live[j:j_end], budget)
    if sum(length for _, _, length in found) < _ALIKE * (i_end - i):
        return
    yield from ((i + at_old, j + at_new, length) for at_old, at_new, length in found)


def _without_chance(runs: list[Match], base_end: int, live_end: int) -> list[Match]:
    """Without what stands alone amid words that were replaced on both sides of it.

    Two sentences share a "the" without being the same sentence.
    """
    for _ in range(_PASSES):
        before, runs = runs, []
        old, new = 0, 0
        for at, run in enumerate(before):
            start, there, length = run
            following = before[at + 1] if at + 1 < len(before) else (base_end, live_end, 0)
            replaced = min(start - old, there - new)
            then = min(following[0] - start - length, following[1] - there - length)
            if length > min(replaced, then):
                runs.append(run)
                old, new = start + length, there + length
        if len(runs) == len(before):
            break
    return runs
