"""Bringing back words that several people wrote: one edit in the name of each of them.

A block is credited as a whole to who stands beside its update in the log. So words that come
back cannot arrive in one update when they were not all one person's.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from app.kit.utf16 import pieces

Writers = Sequence[tuple[int, str]]  # UTF-16 units and their actor, from the start of a text
Splice = tuple[int, int, str]  # start and how much goes, in bytes of UTF-8; what comes


class _Piece(NamedTuple):
    size: int  # bytes of UTF-8
    text: str  # what comes; "" for what is there already
    actor: str  # "" for what is there already
    goes: bool


def edits(
    old: str, new: str, changes: Iterable[tuple[int, int, str]], writers: Writers, actor: str
) -> Iterator[tuple[str, list[Splice]]]:
    """Each author's part of making `old` into `new`, and `actor`'s, who removes, too, at last.

    `changes` are (start, end, replacement) of `old` in code points, in order. The splices of one
    part are in the order in which to make them: from the end of the text.
    """
    pieces = list(_pieces(old, changes, _Authors(new, writers, actor)))
    others = dict.fromkeys(piece.actor for piece in pieces if piece.actor not in ("", actor))
    done = {""}
    for author in (*others, actor):
        if splices := list(_splices(pieces, author, done, removes=author == actor)):
            yield author, splices
        done.add(author)


def _splices(
    pieces: Sequence[_Piece], author: str, done: set[str], *, removes: bool
) -> Iterator[Splice]:
    at = sum(piece.size for piece in pieces if piece.actor in done)
    for piece in reversed(pieces):
        if piece.actor in done:
            at -= piece.size
        if piece.goes and removes:
            yield at, piece.size, ""
        elif piece.actor == author:
            yield at, 0, piece.text


def _pieces(
    old: str, changes: Iterable[tuple[int, int, str]], authors: _Authors
) -> Iterator[_Piece]:
    """What stays, goes and comes, in the order of the text."""
    at, at_new = 0, 0
    for start, end, added in changes:
        if start > at:
            yield _there(old[at:start], goes=False)
            at_new += start - at
        if end > start:
            yield _there(old[start:end], goes=True)
        for text, author in authors.split(added, at_new):
            yield _Piece(len(text.encode()), text, author, goes=False)
        at, at_new = end, at_new + len(added)
    if at < len(old):
        yield _there(old[at:], goes=False)


def _there(text: str, *, goes: bool) -> _Piece:
    return _Piece(len(text.encode()), "", "", goes)


class _Authors:
    """Who wrote which code points of a text; one person all when `writers` fit another text."""

    def __init__(self, text: str, writers: Writers, actor: str) -> None:
        known = pieces(text, [units for units, _ in writers])
        lengths = [len(text)] if known is None else map(len, known)
        self._ends = list(accumulate(lengths))
        self._names = [actor] if known is None else [author or actor for _, author in writers]

    def split(self, added: str, at: int) -> Iterator[tuple[str, str]]:
        """A part of the text, which begins at code point `at`, by who wrote it."""
        start, end = at, at + len(added)
        while start < end:
            index = bisect_right(self._ends, start)
            last = min(self._ends[index], end)
            yield added[start - at : last - at], self._names[index]
            start = last
