"""Words of a text and of a query, the same for both engines.  Pure.

The engines are given these words ready-made. So they agree to the letter, "Größe" is found as
"grosse" is typed on whichever database, and scripts without spaces are found by pairs of letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

LONGEST = 48  # letters of a word that count
QUERY_LONGEST = 200
MOST_WORDS = 8  # of a query
FOUND_INSIDE = 3  # letters, from which a word is found inside another one
TEXT_LONGEST = 200_000  # letters of a prompt that are indexed; a long book chapter

# Scripts that write without spaces: Thai to Khmer, kana, Chinese.
_DENSE = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    r"\U00020000-\U0003ffff"
)
_SIGNS = r"\u2190-\u2bff\U0001f000-\U0001faff"  # arrows to emoji, one word each
_RUN = re.compile(rf"[{_DENSE}]+|[{_SIGNS}]|[^\W_{_DENSE}{_SIGNS}]+")
_DENSE_RUN = re.compile(rf"[{_DENSE}]+")
_SIGN = re.compile(rf"[{_SIGNS}]")
_KEPT = 20_000  # folded letters to remember: every script in use, but not all of Unicode


class _Folding(dict[int, str]):
    """Each letter without case and accents. One for one, so that places in a text stay right."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        bare = "".join(
            part
            for part in unicodedata.normalize("NFKD", letter)
            if not unicodedata.combining(part)
        ).lower()
        folded = bare if len(bare) == 1 else letter.lower()
        if len(folded) != 1:
            folded = letter
        if len(self) < _KEPT:
            self[code] = folded
        return folded


_FOLDING = _Folding()


def fold(text: str) -> str:
    """`text` without case and accents, letter for letter."""
    return text.translate(_FOLDING)


def words(text: str) -> Iterator[str]:
    """The words of `text`, in order, as they are indexed."""
    for run in _RUN.findall(fold(unicodedata.normalize("NFC", text))):
        if _DENSE_RUN.match(run):
            yield from _pairs(run)
            yield run[-1]  # so that a single letter is always the beginning of some word
        else:
            yield _spelled(run)


def _spelled(run: str) -> str:
    """As it is indexed: who cannot type ß writes ss."""
    return run.replace("ß", "ss")[:LONGEST]


def _pairs(run: str) -> Iterable[str]:
    return map("".join, pairwise(run))


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a query. What it stands for besides itself depends on its length and script."""

    text: str
    is_dense: bool = False  # of a script without spaces, or a sign

    @property
    def is_open(self) -> bool:
        """Whether it stands for words that go on, anywhere in a prompt."""
        return len(self.text) == 1 if self.is_dense else len(self.text) >= FOUND_INSIDE

    @property
    def begins_titles(self) -> bool:
        """Too short to look everywhere for what goes on: in titles and names alone."""
        return not self.is_dense and len(self.text) < FOUND_INSIDE


def query_words(query: str) -> list[Word]:
    """The words of a query, each once; [] when there is nothing to look for."""
    found: dict[str, Word] = {}
    for run in _RUN.findall(fold(unicodedata.normalize("NFC", query[:QUERY_LONGEST]))):
        if _DENSE_RUN.match(run):
            parts = [Word(part, is_dense=True) for part in _pairs(run)]
            for word in parts or [Word(run, is_dense=True)]:
                found.setdefault(word.text, word)
        else:
            word = Word(_spelled(run), is_dense=bool(_SIGN.match(run)))
            found.setdefault(word.text, word)
    return list(found.values())[:MOST_WORDS]
