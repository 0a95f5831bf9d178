"""What two sequences have in common, in bounded time: the engine under `diff`.

Patience first (items that occur once on each side are safe anchors and cost n log n), Myers'
greedy search between the anchors. The search has a budget: when it is spent, what is left
counts as changed. The answer is then coarser than it could be, never wrong and never late;
difflib alone takes minutes where many lines repeat.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

Match = tuple[int, int, int]  # start in the old, start in the new, length
Box = tuple[int, int, int, int]  # start and end in the old, start and end in the new

BUDGET = 150_000  # steps of the search: about 60 ms


class Budget:
    """Steps that several searches may share."""

    def __init__(self, steps: int) -> None:
        self.left = steps


Finder = Callable[[Sequence[str], Sequence[str], Box, Budget], Iterator[Match]]


def matches(old: Sequence[str], new: Sequence[str], budget: int | Budget = BUDGET) -> list[Match]:
    """Runs of equal items as (old start, new start, length), in order, none adjacent."""
    left = Budget(budget) if isinstance(budget, int) else budget
    whole = (0, len(old), 0, len(new))
    return list(_joined(_between(old, new, whole, left, _patience)))


def shortest(old: Sequence[str], new: Sequence[str], budget: Budget) -> list[Match]:
    """The same without anchors, for items that mean little by themselves, such as letters."""
    whole = (0, len(old), 0, len(new))
    return list(_joined(_between(old, new, whole, budget, _searched)))


def _joined(found: Iterator[Match]) -> Iterator[Match]:
    current: Match | None = None
    for match in found:
        if current and (current[0] + current[2], current[1] + current[2]) == match[:2]:
            current = (current[0], current[1], current[2] + match[2])
            continue
        if current:
            yield current
        current = match
    if current:
        yield current


def _between(
    old: Sequence[str],
    new: Sequence[str],
    box: Box,
    budget: Budget,
    find: Finder,
) -> Iterator[Match]:
    """Matches inside `box`: its common beginning, what `find` finds, its common end."""
    i, i_end, j, j_end = box
    head = 0
    while i + head < i_end and j + head < j_end and old[i + head] == new[j + head]:
        head += 1
    tail = 0
    room = min(i_end - i, j_end - j) - head
    while tail < room and old[i_end - 1 - tail] == new[j_end - 1 - tail]:
        tail += 1
    if head:
        yield i, j, head
    inner = (i + head, i_end - tail, j + head, j_end - tail)
    if inner[0] < inner[1] and inner[2] < inner[3]:
        yield from find(old, new, inner, budget)
    if tail:
        yield i_end - tail, j_end - tail, tail


def _patience(old: Sequence[str], new: Sequence[str], box: Box, budget: Budget) -> Iterator[Match]:
    """Anchors, and between them the search. Not patience again: nested it would be quadratic."""
    i, j = box[0], box[2]
    for at_old, at_new in _anchors(old, new, box):
        yield from _between(old, new, (i, at_old, j, at_new), budget, _searched)
        yield at_old, at_new, 1
        i, j = at_old + 1, at_new + 1
    yield from _between(old, new, (i, box[1], j, box[3]), budget, _searched)


def _anchors(old: Sequence[str], new: Sequence[str], box: Box) -> list[tuple[int, int]]:
    """Items that occur once on either side, as the longest sequence that keeps both orders."""
    i, i_end, j, j_end = box
    in_old, in_new = Counter(old[i:i_end]), Counter(new[j:j_end])
    place = {new[n]: n for n in range(j, j_end) if in_new[new[n]] == 1}
    pairs = [(n, place[old[n]]) for n in range(i, i_end) if in_old[old[n]] == 1 and old[n] in place]
    return longest_increasing(pairs)


def longest_increasing(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of `pairs` (sorted by the first) that rises in the second, too."""
    ends: list[int] = []  # the smallest last value of a run of each length
    holders: list[int] = []  # which pair that is
    before: list[int] = []  # each pair's predecessor in its run
    for index, (_, value) in enumerate(pairs):
        length = bisect_left(ends, value)
        before.append(holders[length - 1] if length else -1)
        ends[length : length + 1] = [value]
        holders[length : length + 1] = [index]
    run: list[tuple[int, int]] = []
    at = holders[-1] if holders else -1
    while at >= 0:
        run.append(pairs[at])
        at = before[at]
    return run[::-1]


def _searched(old: Sequence[str], new: Sequence[str], box: Box, budget: Budget) -> Iterator[Match]:
    """Myers' greedy shortest edit within the box, or nothing once the budget is spent."""
    i, i_end, j, j_end = box
    n, m = i_end - i, j_end - j
    furthest = {1: 0}  # how far (in the old) each diagonal has come
    trail: list[dict[int, int]] = []
    for edits in range(n + m + 1):
        if budget.left <= 0:
            return
        trail.append(dict(furthest))
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (
                diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1]
            )
            x = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
            y = x - diagonal
            start = x
            while x < n and y < m and old[i + x] == new[j + y]:
                x, y = x + 1, y + 1
            budget.left -= 1 + x - start
            furthest[diagonal] = x
            if x >= n and y >= m:
                yield from _walked_back(trail, n, m, i, j)
                return


def _walked_back(trail: list[dict[int, int]], n: int, m: int, i: int, j: int) -> Iterator[Match]:
    found: list[Match] = []
    x, y = n, m
    for edits in range(len(trail) - 1, -1, -1):
        furthest, diagonal = trail[edits], x - y
        down = diagonal == -edits or (
            diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1]
        )
        before = diagonal + 1 if down else diagonal - 1
        from_x = furthest[before]
        middle = from_x if down else from_x + 1
        if edits == 0:
            middle = 0
        if x > middle:
            found.append((i + middle, j + middle - diagonal, x - middle))
        x, y = from_x, from_x - before
    return iter(found[::-1])
