"""Line differences with the changed words marked, as rows for a table of one or two columns.

Rows are named tuples because there may be 200,000 of them: making a frozen dataclass costs
three times as much.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import NamedTuple

from app.kit.align import BUDGET, Match, matches

CONTEXT = 3  # unchanged lines left around a change
_WORD_BUDGET = 60_000  # steps for all hunks together: about 30 ms
_HUNK_LONGEST = 40_000  # characters on a side; beyond, lines are marked as a whole
_ALIKE = 0.35  # of a line's characters must have stayed, or it counts as another line
_TOKEN = re.compile(r"\w+|\s|[^\w\s]")
_WORD = re.compile(r"\w+")
_new = tuple.__new__  # a third of the time of Row(…), 200,000 times


class Span(NamedTuple):
    text: str
    changed: bool


class Line(NamedTuple):
    """One line on one side; numbers count from 1."""

    number: int
    spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


class Row(NamedTuple):
    """A line on either side of a table of two columns; None where a side has no line."""

    old: Line | None
    new: Line | None
    changed: bool


class Fold(NamedTuple):
    """Unchanged rows that are not shown at first."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    lines_added: int
    lines_removed: int
    words_added: int
    words_removed: int

    @property
    def is_empty(self) -> bool:
        return not (self.lines_added or self.lines_removed)


def rows(old: str, new: str) -> list[Row]:
    """Every line of both texts, side by side."""
    a, b = _lines(old), _lines(new)
    words = _Words()
    found: list[Row] = []
    i = j = 0
    for at_old, at_new, length in [*matches(a, b, BUDGET), (len(a), len(b), 0)]:
        found += _hunk(a, b, (i, at_old, j, at_new), words)
        found += _unchanged(a, (at_old, at_new, length))
        i, j = at_old + length, at_new + length
    return found


def folded(all_rows: Sequence[Row], context: int = CONTEXT) -> list[Row | Fold]:
    """`all_rows` with long unchanged runs replaced by how many lines they have."""
    found: list[Row | Fold] = []
    quiet: list[Row] = []
    for row in all_rows:
        if not row.changed:
            quiet.append(row)
            continue
        found += _fold(quiet, context if found else 0, context)
        quiet = []
        found.append(row)
    return found + _fold(quiet, context if found else 0, 0)


def inline(some_rows: Iterable[Row | Fold]) -> list[Row | Fold]:
    """The same for one column: in each changed run what went, then what came."""
    found: list[Row | Fold] = []
    removed: list[Row | Fold] = []
    added: list[Row | Fold] = []
    for row in some_rows:
        if isinstance(row, Row) and row.changed:
            removed += [Row(row.old, None, changed=True)] if row.old else []
            added += [Row(None, row.new, changed=True)] if row.new else []
        else:
            found += [*removed, *added, row]
            removed, added = [], []
    return [*found, *removed, *added]


def summary(all_rows: Iterable[Row]) -> Summary:
    """How much changed, in lines and in words."""
    changed = [row for row in all_rows if row.changed]
    old = [row.old for row in changed if row.old]
    new = [row.new for row in changed if row.new]
    return Summary(len(new), len(old), _changed_words(new), _changed_words(old))


def _changed_words(lines: Iterable[Line]) -> int:
    spans = (text for line in lines for text, changed in line.spans if changed)
    return len(_WORD.findall("\n".join(spans)))


def _lines(text: str) -> list[str]:
    return text.split("\n") if text else []


def _unchanged(lines: Sequence[str], match: Match) -> Iterator[Row]:
    at_old, at_new, length = match
    old = _whole(lines, at_old, at_old + length, changed=False)
    if at_old == at_new:
        return (_new(Row, (line, line, False)) for line in old)
    moved = at_new - at_old
    return (_new(Row, (line, _new(Line, (line[0] + moved, line[1])), False)) for line in old)


def _whole(lines: Sequence[str], start: int, end: int, *, changed: bool) -> list[Line]:
    """Some lines, each changed or unchanged as a whole; equal ones share what they can."""
    known: dict[str, tuple[Span, ...]] = {}
    found = []
    for number, line in enumerate(lines[start:end], start + 1):
        spans = known.get(line)
        if spans is None:
            spans = known[line] = (Span(line, changed),)
        found.append(_new(Line, (number, spans)))
    return found


def _fold(quiet: list[Row], before: int, after: int) -> list[Row | Fold]:
    hidden = len(quiet) - before - after
    if hidden < 2:  # a fold takes as much room as the line it would hide
        return list(quiet)
    return [
        *quiet[:before],
        Fold(tuple(quiet[before : len(quiet) - after])),
        *quiet[len(quiet) - after :],
    ]


@dataclass(slots=True)
class _Words:
    """What is left for marking words, over all hunks of one comparison."""

    budget: int = _WORD_BUDGET


def _hunk(
    a: Sequence[str], b: Sequence[str], box: tuple[int, int, int, int], words: _Words
) -> Iterator[Row]:
    """Rows for lines that differ: like lines face each other, with their words marked."""
    i, i_end, j, j_end = box
    old, new = a[i:i_end], b[j:j_end]
    small = max(sum(map(len, old)), sum(map(len, new))) <= _HUNK_LONGEST
    if old and new and small and words.budget > 0:
        yield from _marked(_Side(old), _Side(new), (i, j), words)
        return
    removed = _whole(a, i, i_end, changed=True)
    added = _whole(b, j, j_end, changed=True)
    yield from (_new(Row, (*pair, True)) for pair in zip_longest(removed, added))


def _marked(old: _Side, new: _Side, start: tuple[int, int], words: _Words) -> Iterator[Row]:
    """The same with words marked in lines that are alike."""
    kept = matches(old.tokens, new.tokens, words.budget)
    size = len(old.tokens) + len(new.tokens)
    # An estimate is enough: a comparison's cost grows with what did not match.
    words.budget -= size + (size - 2 * sum(length for _, _, length in kept)) * 8
    for at_old, at_new in _facing(old, new, kept):
        yield Row(
            None if at_old is None else Line(start[0] + at_old + 1, old.spans(at_old)),
            None if at_new is None else Line(start[1] + at_new + 1, new.spans(at_new)),
            changed=True,
        )


class _Side:
    """One side of a hunk as words, and which of them the other side has, too."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.tokens: list[str] = []
        self.line_of: list[int] = []
        self.first: list[int] = []  # each line's first token; one more entry for the end
        for number, line in enumerate(lines):
            tokens = [*_TOKEN.findall(line), "\n"]
            self.first.append(len(self.tokens))
            self.tokens += tokens
            self.line_of += [number] * len(tokens)
        self.first.append(len(self.tokens))
        self.kept = [False] * len(self.tokens)
        self.faces: set[int] = set()  # lines that face a like one; only their words are marked

    def spans(self, number: int) -> tuple[Span, ...]:
        if number not in self.faces:
            return (Span(self.lines[number], changed=True),)
        words = range(self.first[number], self.first[number + 1] - 1)
        return tuple(
            Span("".join(self.tokens[at] for at in run), changed=not kept)
            for kept, run in groupby(words, key=self.kept.__getitem__)
        )


def _facing(old: _Side, new: _Side, kept: list[Match]) -> Iterator[tuple[int | None, int | None]]:
    """Which line of the old stands beside which of the new, top to bottom."""
    common = [(at_old + n, at_new + n) for at_old, at_new, length in kept for n in range(length)]
    shared: Counter[tuple[int, int]] = Counter()
    for at_old, at_new in common:
        shared[old.line_of[at_old], new.line_of[at_new]] += len(old.tokens[at_old].strip())
    pairs = _likest(old, new, shared)
    old.faces, new.faces = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    chosen = set(pairs)
    for at_old, at_new in common:
        if (old.line_of[at_old], new.line_of[at_new]) in chosen:
            old.kept[at_old] = new.kept[at_new] = True
    i = j = 0
    for line_old, line_new in pairs:
        yield from _unlike(i, line_old, j, line_new)
        yield line_old, line_new
        i, j = line_old + 1, line_new + 1
    yield from _unlike(i, len(old.lines), j, len(new.lines))


def _likest(old: _Side, new: _Side, shared: Counter[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pairs of lines that are alike enough, rising on both sides."""
    pairs: list[tuple[int, int]] = []
    for pair, size in sorted(shared.items()):
        longer = max(len(old.lines[pair[0]].strip()), len(new.lines[pair[1]].strip()))
        if not size or size < _ALIKE * longer:
            continue
        if pairs and (pairs[-1][0] == pair[0] or pairs[-1][1] >= pair[1]):
            if size <= shared[pairs[-1]]:
                continue
            pairs.pop()
        pairs.append(pair)
    return pairs


def _unlike(i: int, i_end: int, j: int, j_end: int) -> Iterator[tuple[int | None, int | None]]:
    """Lines without a like one still share rows, to keep the table short."""
    for n in range(max(i_end - i, j_end - j)):
        yield (i + n if i + n < i_end else None), (j + n if j + n < j_end else None)
