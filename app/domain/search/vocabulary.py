"""The words that a workspace's prompts have had: what a query's word may stand for.  Pure.

In memory because PostgreSQL may not use a trigram index behind a wall (its operators could leak
rows, as it sees it), and because looking through a megabyte of words takes a millisecond.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice

from app.domain.search.analysis import Word

MOST_MEANINGS = 40  # words that one word of a query stands for, its own among them
MOST_COMPARED = 600  # words that a misspelt one is held against
FARTHEST = 2  # letters wrong in a word that is still understood


class Vocabulary:
    """Words, each once, in a text with one to a line."""

    def __init__(self) -> None:
        self._lines = "\n"
        self._ordered: list[str] = []
        self._known: set[str] = set()

    def __len__(self) -> int:
        return len(self._known)

    def add(self, words: Iterable[str]) -> None:
        new = [word for word in dict.fromkeys(words) if word not in self._known]
        if not new:
            return
        self._known.update(new)
        self._lines += "\n".join(new) + "\n"
        self._ordered.extend(new)
        self._ordered.sort()  # nearly sorted already: one pass

    def meanings(self, word: Word) -> list[str]:
        """The words that `word` stands for: itself, longer ones, those it stands inside of."""
        if not word.is_open:
            return [word.text] if word.text in self._known else []
        found = self.beginning(word.text, MOST_MEANINGS)
        if len(found) < MOST_MEANINGS and not word.is_dense:
            others = (one for one in self._holding(word.text) if not one.startswith(word.text))
            found += islice(others, MOST_MEANINGS - len(found))
        return found

    def beginning(self, start: str, most: int) -> list[str]:
        """Words that begin with `start`, the shortest first when there are not too many."""
        at = bisect_left(self._ordered, start)
        found = []
        for word in self._ordered[at : at + most]:
            if not word.startswith(start):
                break
            found.append(word)
        return sorted(found, key=len)

    def goes_on(self, start: str) -> bool:
        """Whether more words begin with `start` than a query can name one by one."""
        return len(self.beginning(start, MOST_MEANINGS)) == MOST_MEANINGS

    def _holding(self, part: str) -> Iterator[str]:
        """Words with `part` in them. A plain search: a pattern takes twenty times longer."""
        lines, at = self._lines, -1
        while (at := lines.find(part, at + 1)) >= 0:
            start, end = lines.rfind("\n", 0, at) + 1, lines.find("\n", at)
            yield lines[start:end]
            at = end

    def nearest(self, text: str) -> list[str]:
        """Words that may have been meant by a misspelt one, the likeliest first.

        Two letters may be wrong; then one of three parts of the word is right, which finds them.
        """
        if len(text) < 3:
            return []
        allowed = 1 if len(text) < 5 else FARTHEST
        compared = self._sharing_a_part(text, allowed)
        scored = [
            (away, word[0] != text[0], abs(len(word) - len(text)), word)
            for word in compared
            if (away := distance(text, word, allowed)) <= allowed
        ]
        return [word for *_, word in sorted(scored)]

    def _sharing_a_part(self, text: str, allowed: int) -> set[str]:
        size = -(-len(text) // (allowed + 1))
        parts = {text[at : at + size] for at in range(0, len(text), size)}
        found: set[str] = set()
        shortest, longest = len(text) - allowed, len(text) + allowed
        for part in parts:
            for word in self._holding(part):
                if shortest <= len(word) <= longest:
                    found.add(word)
                if len(found) >= MOST_COMPARED:
                    return found
        return found


def distance(a: str, b: str, most: int) -> int:
    """Letters to change, add, drop or swap from `a` to `b`; `most` + 1 = more than `most`."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        before, last, row = row, before, [i, *([0] * len(b))]
        for j, other in enumerate(b, 1):
            row[j] = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                row[j] = min(row[j], last[j - 2] + 1)
        if min(row) > most:
            return most + 1
    return row[-1]
