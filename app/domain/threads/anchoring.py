"""Where in a text the words of a thread are: offsets, quote and context instead of positions.

Browsers know better while a room is open: they resolve Yjs positions, which move with every edit.
Here is what is left for everything else: pages without JavaScript, versions, differences, REST.
Pure. Whatever the texts are, the work is bounded.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from app.domain.prompts.policy import is_storable
from app.domain.threads.errors import AnchorInvalid
from app.kit.align import matches

QUOTE_LONGEST = 10_000  # characters
CONTEXT = 64  # characters kept on either side
_TOO_LONG = f"Select at most {QUOTE_LONGEST:,} characters."
POSITION_LONGEST = 128  # bytes; Yjs needs about twenty

_MOST_HITS = 200  # occurrences of a quote that are compared
_NEARBY = 30_000  # characters around the old place in which lost words are looked for
_MOST_GUESSES = 4  # places that are compared word by word
_STEPS = 12_000  # of each comparison: about 5 ms
_EFFORT = 8_000_000  # characters looked through for lost words, for all threads of a text together
_SURE = 16  # characters that have to be the same before chance is ruled out
_ALIKE = 0.5  # of what a span said and what it says now

_WIDE = re.compile("[\U00010000-\U0010ffff]")
# Words; letters of scripts without spaces one by one.
_TOKEN = re.compile(r"[぀-ヿ㐀-鿿가-힯]|[^\W぀-ヿ㐀-鿿가-힯]+|[^\w\s]")
_EDGE = 20  # characters right beside a span, by which it is found whatever became of it


class Span(NamedTuple):
    """A stretch of text in UTF-16 units, as browsers count."""

    start: int
    end: int


class Anchored(Protocol):
    """What is known of a span: an `Anchor`, or a thread."""

    @property
    def quote(self) -> str: ...
    @property
    def prefix(self) -> str: ...
    @property
    def suffix(self) -> str: ...
    @property
    def start(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a thread is put on; without a quote the whole prompt.

    `positions` are two encoded Yjs relative positions, valid in the document of `epoch`. They are
    kept and given back as they are: nothing here reads them.
    """

    quote: str = ""
    prefix: str = ""
    suffix: str = ""
    start: int | None = None
    end: int | None = None
    positions: tuple[bytes, bytes] | None = None
    epoch: str = ""


def checked(anchor: Anchor) -> Anchor:
    """With no more context than is kept. Raises `AnchorInvalid` for what cannot be kept."""
    problem = ""
    if len(anchor.quote) > QUOTE_LONGEST:
        problem = _TOO_LONG
    elif not anchor.quote and (anchor.start is not None or anchor.positions):
        problem = "Select some words, or none for the whole prompt."
    elif not is_storable(anchor.quote + anchor.prefix + anchor.suffix):
        problem = "Leave out NUL characters and halves of surrogate pairs."
    elif not _is_span(anchor.start, anchor.end) or len(anchor.epoch) > 36:
        problem = "The span begins with 0 or later, and ends behind its beginning."
    elif any(not 0 < len(one) <= POSITION_LONGEST for one in anchor.positions or ()):
        problem = f"A position has from 1 to {POSITION_LONGEST} bytes."
    if problem:
        raise AnchorInvalid({"anchor": problem})
    return trimmed(anchor) if anchor.quote else Anchor()


def trimmed(anchor: Anchor) -> Anchor:
    """With no more context than is kept: looking for more of it would cost more, too.

    Raises `AnchorInvalid` for a quote that is too long.
    """
    if len(anchor.quote) > QUOTE_LONGEST:
        raise AnchorInvalid({"anchor": _TOO_LONG})
    return replace(anchor, prefix=anchor.prefix[-CONTEXT:], suffix=anchor.suffix[:CONTEXT])


def _is_span(start: int | None, end: int | None) -> bool:
    if start is None or end is None:
        return start is end
    return 0 <= start < end < 2**31


class Wording:
    """A text in which anchors are looked up."""

    def __init__(self, text: str) -> None:
        self.text = text
        # Characters of two units, by index, and where the units of each begin.
        self._wide = [] if text.isascii() else [found.start() for found in _WIDE.finditer(text)]
        self._wide_units = [at + number for number, at in enumerate(self._wide)]
        self._effort = _EFFORT

    @property
    def length(self) -> int:
        """In UTF-16 units."""
        return len(self.text) + len(self._wide)

    def anchor(self, start: int, end: int) -> Anchor | None:
        """The anchor of a span in UTF-16 units; None when it is none of this text."""
        if not 0 <= start < end <= self.length:
            return None
        at, to = self._index(start), self._index(end)
        if (self._units(at), self._units(to)) != (start, end):  # inside of a character
            return None
        before, after = self.text[max(0, at - CONTEXT) : at], self.text[to : to + CONTEXT]
        return Anchor(self.text[at:to], before, after, start, end)

    def span(self, anchor: Anchored) -> Span | None:
        """Where the anchor's words are; None when they are gone, or it is on the whole prompt."""
        if not anchor.quote:
            return None
        near = self._near(anchor)
        found = self._found(anchor, near)
        return self.units(*found) if found else None

    def exact(self, anchor: Anchored) -> Span | None:
        """Where these very words are; of several places the one that fits best, be it by chance."""
        at = self._best(anchor, self._near(anchor))
        return None if at is None else self.units(at, at + len(anchor.quote))

    def spans(self, anchors: Iterable[Anchored]) -> list[Span | None]:
        """Of each, in order."""
        return [self.span(one) for one in anchors]

    def units(self, start: int, end: int) -> Span:
        """A span of characters in UTF-16 units."""
        return Span(self._units(start), self._units(end))

    def _units(self, index: int) -> int:
        return index + bisect_left(self._wide, index)

    def _index(self, units: int) -> int:
        return units - bisect_left(self._wide_units, units)

    def _near(self, anchor: Anchored) -> int:
        return self._index(min(max(0, anchor.start or 0), self.length))

    def _found(self, anchor: Anchored, near: int) -> tuple[int, int] | None:
        at, length = self._best(anchor, near), len(anchor.quote)
        if at is not None and length >= _SURE:
            return at, at + length
        if edges := self._between_edges(anchor, near):
            said = self.text[edges[0] : edges[1]]
            if (inner := said.find(anchor.quote)) >= 0:  # written beside it, not in it
                return edges[0] + inner, edges[0] + inner + length
            return edges if _is_alike(anchor.quote, said) else None  # they were replaced
        if at is not None and self._is_among(anchor, at):
            return at, at + length
        return self._alike(anchor, near)

    # The same words

    def _best(self, anchor: Anchored, near: int) -> int | None:
        return max(
            self._hits(anchor.quote, near),
            key=lambda at: (self._context(anchor, at), -abs(at - near)),
            default=None,
        )

    def _hits(self, quote: str, near: int) -> list[int]:
        """Where the quote is: all around the old place, and where it is first in the text."""
        low = max(0, near - _NEARBY)
        around = _found(self.text, quote, low, near + _NEARBY + len(quote))
        return around or list(_found(self.text, quote, 0, len(self.text)))

    def _context(self, anchor: Anchored, at: int) -> int:
        """How many characters next to an occurrence are what they were."""
        to = at + len(anchor.quote)
        before = self.text[max(0, at - CONTEXT) : at]
        after = self.text[to : to + CONTEXT]
        return _common(before[::-1], anchor.prefix[::-1]) + _common(after, anchor.suffix)

    def _is_among(self, anchor: Anchored, at: int) -> bool:
        """Whether an occurrence of a short quote stands where it stood."""
        if len(anchor.quote) + self._context(anchor, at) >= _SURE:
            return True
        to = at + len(anchor.quote)
        around = (
            (anchor.prefix, self.text[max(0, at - CONTEXT) : at]),
            (anchor.suffix, self.text[to : to + CONTEXT]),
        )
        context = len(anchor.prefix.strip()) + len(anchor.suffix.strip())
        alike = sum(_same(was, now) for was, now in around)
        return alike >= min(2 * _SURE, context * _ALIKE)

    # Words that were edited

    def _between_edges(self, anchor: Anchored, near: int) -> tuple[int, int] | None:
        """What is between the characters that stood right beside the quote, if both are there."""
        before, after = anchor.prefix[-_EDGE:], anchor.suffix[:_EDGE]
        if min(len(before.strip()), len(after.strip())) < _SURE // 2:
            return None
        low, room = max(0, near - _NEARBY), 3 * len(anchor.quote) + 2 * CONTEXT
        pairs = []
        for hit in _found(self.text, before, low, near + _NEARBY, 12):
            start = hit + len(before)
            end = self.text.find(after, start, start + room + len(after))
            if end >= 0:
                pairs.append((start, end))
        return min(pairs, key=lambda pair: abs(pair[0] - near), default=None)

    def _alike(self, anchor: Anchored, near: int) -> tuple[int, int] | None:
        if self._effort <= 0:
            return None
        for low, high in self._guesses(anchor, near)[:_MOST_GUESSES]:
            if found := self._compared(anchor, low, high):
                return found
        return None

    def _guesses(self, anchor: Anchored, near: int) -> list[tuple[int, int]]:
        """Stretches where pieces of the quote are, those with most of them and near ones first."""
        low, high = max(0, near - _NEARBY), near + _NEARBY
        length = len(anchor.quote)
        hits = [
            (hit - offset, hit - offset + length)
            for piece, offset in _pieces(anchor)
            for hit in self._piece_hits(piece, low, high)
        ]
        groups: list[list[tuple[int, int]]] = []
        for hit in sorted(hits):  # edits have moved the pieces, but not far from each other
            if groups and hit[0] - groups[-1][-1][0] <= length // 2 + CONTEXT:
                groups[-1].append(hit)
            else:
                groups.append([hit])
        groups.sort(key=lambda group: (-len(group), abs(group[0][0] - near)))
        return [(group[0][0], min(group[-1][1], group[0][0] + 3 * length)) for group in groups]

    def _piece_hits(self, piece: str, low: int, high: int) -> list[int]:
        self._effort -= min(high, len(self.text)) - low
        hits = _found(self.text, piece, low, high, 12)
        if not hits and len(piece) >= _SURE and self._effort > 0:
            self._effort -= len(self.text)
            hits = _found(self.text, piece, 0, len(self.text), 4)
        return hits

    def _compared(self, anchor: Anchored, low: int, high: int) -> tuple[int, int] | None:
        """The words of the quote, and what lies between them, within a stretch of text."""
        length, slack = len(anchor.quote), len(anchor.quote) // 4 + 2 * CONTEXT
        low = max(0, low - slack)
        old = _tokens(anchor.prefix + anchor.quote + anchor.suffix)
        new = _tokens(self.text[low : high + slack])
        begin = len(anchor.prefix)
        inside = [
            place
            for number, place in _places(old, new)
            if begin <= old[number][0] and old[number][0] < begin + length
        ]
        if not inside:
            return None
        start, end = low + new[inside[0]][0], low + new[inside[-1]][0] + len(new[inside[-1]][1])
        return (start, end) if _is_alike(anchor.quote, self.text[start:end]) else None


def _found(text: str, piece: str, low: int, high: int, most: int = _MOST_HITS) -> list[int]:
    """Occurrences within a stretch of text, some of them when there are many."""
    hits: list[int] = []
    at = text.find(piece, low, high)
    while at >= 0 and len(hits) < most:
        hits.append(at)
        at = text.find(piece, at + 1, high)
    return hits


def _pieces(anchor: Anchored) -> Iterator[tuple[str, int]]:
    """Pieces to look for, with how far behind the quote's beginning each is."""
    quote = anchor.quote
    size = max(6, min(_SURE, len(quote) // 3))
    if len(quote) <= size:
        yield quote, 0
    else:
        step = max(size, len(quote) // 8)
        for at in range(0, len(quote) - size + 1, step):
            yield quote[at : at + size], at
    before, after = anchor.prefix[-_SURE:], anchor.suffix[:_SURE]
    if len(before.strip()) >= size:
        yield before, -len(before)
    if len(after.strip()) >= size:
        yield after, len(quote)


def _tokens(text: str) -> list[tuple[int, str]]:
    """Words and signs, and where they are."""
    return [(found.start(), found[0]) for found in _TOKEN.finditer(text)]


def _places(old: list[tuple[int, str]], new: list[tuple[int, str]]) -> Iterator[tuple[int, int]]:
    """Which token of the new text each one of the old is, by number."""
    before, after = [word for _, word in old], [word for _, word in new]
    for at_old, at_new, length in matches(before, after, _STEPS):
        for number in range(length):
            yield at_old + number, at_new + number


def _same(was: str, now: str) -> int:
    """How many characters of words and signs are still there."""
    old = _tokens(was)
    return sum(len(old[number][1]) for number, _ in _places(old, _tokens(now)))


def _is_alike(was: str, now: str) -> bool:
    """Whether enough is left of what was said; of a word or two, letter by letter."""
    if len(was) <= CONTEXT:
        same, total = 2 * sum(length for _, _, length in matches(was, now, _STEPS)), len(was + now)
    else:
        same = 2 * _same(was, now)
        total = sum(len(word) for _, word in _tokens(was) + _tokens(now))
    return same > _ALIKE * total


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
