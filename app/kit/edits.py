"""Where two texts differ, as edits of the one that make the other; counted in code points.

In bounded time, whatever the texts: the loop that serves everybody waits. Where it would take
longer, more counts as changed than has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from app.kit.align import Budget, matches

Edit = tuple[int, int, str]  # start and end of what goes, and what comes

WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_LINE_STEPS = 60_000  # of the search for lines that stay: about 25 ms
_WORD_STEPS = 120_000  # the same for words, of all changed lines together: about 50 ms
_MOST_PLACES = 5_000  # of changed lines; what follows them is changed as a whole
LONGEST_BLOCK = 256 * 1024  # characters of changed lines in which words are looked for: 100 ms
_PLACE_STEPS = 20  # that each part of a line which stays takes from the words' budget


def between(old: str, new: str) -> Iterator[Edit]:
    """What makes `new` of `old`, in order: changed words, but for what they begin and end with."""
    for start, end, added in _by_words(old, new):
        head, tail = common_ends(old[start:end], added)
        yield start + head, end - tail, added[head : len(added) - tail]


def _by_words(old: str, new: str) -> Iterator[Edit]:
    head, tail = common_ends(old, new)
    head, tail = _whole_words(old, new, head), _whole_words(old[::-1], new[::-1], tail)
    before, after = old[head : len(old) - tail], new[head : len(new) - tail]
    a, b = before.splitlines(keepends=True), after.splitlines(keepends=True)
    position, i, j, budget = head, 0, 0, Budget(_WORD_STEPS)
    for at_old, at_new, length in [*matches(a, b, _LINE_STEPS)[:_MOST_PLACES], (len(a), len(b), 0)]:
        removed, added = "".join(a[i:at_old]), "".join(b[j:at_new])
        yield from _within_lines(position, removed, added, budget)
        i, j = at_old + length, at_new + length
        position += len(removed) + sum(map(len, a[at_old:i]))


def _whole_words(old: str, new: str, head: int) -> int:
    """Less of a common beginning, so that it does not end within a word of either."""
    while head > 0 and _is_word(old, head - 1) and (_is_word(old, head) or _is_word(new, head)):
        head -= 1
    return head


def _is_word(text: str, at: int) -> bool:
    return at < len(text) and (text[at].isalnum() or text[at] == "_")


def applied(text: str, edits: Iterable[Edit]) -> str:
    """What `edits`, which are in order, make of `text`."""
    parts, at = [], 0
    for start, end, added in edits:
        parts += [text[at:start], added]
        at = end
    return "".join([*parts, text[at:]])


def common_ends(a: str, b: str) -> tuple[int, int]:
    """How many characters both begin with, and how many of the others both end with."""
    head = _common_prefix(a, b)
    return head, _common_prefix(a[head:][::-1], b[head:][::-1])


def _within_lines(position: int, removed: str, added: str, budget: Budget) -> Iterator[Edit]:
    """Narrow a changed block to its changed words, so that the others keep their authors."""
    if len(removed) + len(added) > LONGEST_BLOCK:
        yield position, position + len(removed), added
        return
    a, b = WORDS.findall(removed), WORDS.findall(added)
    i = j = 0
    kept = matches(a, b, budget)[: max(0, budget.left) // _PLACE_STEPS]
    budget.left -= _PLACE_STEPS * len(kept)
    for at_old, at_new, length in [*kept, (len(a), len(b), 0)]:
        # A space stays only beside a word that stays: one of another place is not the same space.
        if length and "".join(a[at_old : at_old + length]).isspace():
            continue
        gone, come = "".join(a[i:at_old]), "".join(b[j:at_new])
        if gone or come:
            yield position, position + len(gone), come
        i, j = at_old + length, at_new + length
        position += len(gone) + sum(map(len, a[at_old:i]))


def _common_prefix(a: str, b: str) -> int:
    length = min(len(a), len(b))
    low, high = 0, length
    while low < high:  # slices compare at memory speed; bisecting keeps it linear
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
