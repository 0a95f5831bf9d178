"""The line in which a word was found, with the word marked.  Pure.

Marked pieces, not HTML: the template escapes each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.search.analysis import Word, fold

WIDTH = 160  # letters around the first hit
BEFORE = 48


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    is_hit: bool = False


def pattern_of(words: Sequence[Word]) -> re.Pattern[str] | None:
    """Finds the words in folded text: short ones where a word begins, others anywhere."""
    parts = [
        _as_written(word.text) if word.is_dense or word.is_open else rf"\b{_as_written(word.text)}"
        for word in sorted(words, key=lambda word: -len(word.text))
    ]
    return re.compile("|".join(parts)) if parts else None


def _as_written(word: str) -> str:
    return re.escape(word).replace("ss", "(?:ss|ß)")


def marked(text: str, pattern: re.Pattern[str] | None) -> list[Piece]:
    """All of `text`, its hits marked."""
    if pattern is None:
        return [Piece(text)]
    return _pieces(text, fold(text), pattern)


def snippet(text: str, pattern: re.Pattern[str] | None) -> tuple[list[Piece], int] | None:
    """The surroundings of the first hit and its line, counted from 1; None without a hit."""
    folded = fold(text)
    hit = pattern.search(folded) if pattern else None
    if pattern is None or hit is None:
        return None
    start = text.rfind("\n", 0, hit.start()) + 1
    if hit.start() - start > BEFORE:
        start = _word_start(text, hit.start() - BEFORE)
    end = text.find("\n", hit.end())
    end = min(len(text) if end < 0 else end, start + WIDTH)
    pieces = _pieces(text[start:end], folded[start:end], pattern)
    if start > 0 and text[start - 1] != "\n":
        pieces.insert(0, Piece("…"))
    if end < len(text) and text[end] != "\n":
        pieces.append(Piece("…"))
    return pieces, text.count("\n", 0, hit.start()) + 1


def _word_start(text: str, at: int) -> int:
    space = text.find(" ", at, at + BEFORE)
    return at if space < 0 else space + 1


def _pieces(text: str, folded: str, pattern: re.Pattern[str]) -> list[Piece]:
    found, end = [], 0
    for hit in pattern.finditer(folded):
        if hit.start() > end:
            found.append(Piece(text[end : hit.start()]))
        found.append(Piece(text[hit.start() : hit.end()], is_hit=True))
        end = hit.end()
    if end < len(text):
        found.append(Piece(text[end:]))
    return found
