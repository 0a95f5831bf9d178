"""Which prompts say nearly the same, and which tags those have.  Pure.

A text is asked for by its most telling words, each of which weighs what it tells (the idf of BM25:
a word that every prompt has tells nothing). How much of that weight another prompt has finds the
candidates; how many runs of three words both share decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import log
from typing import TypeVar

T = TypeVar("T")

MOST_ASKED = 40  # words of a text that are looked up, about 1 ms each among 10,000 prompts
LEAST_ASKED = 6  # a text with fewer is too short to say the same as another
NEIGHBOURS = 12  # whose tags are looked at
MOST_SIMILAR = 3
MOST_TAGS = 3
_SHORTEST = 4  # letters of a word that tells anything; scripts without spaces have pairs
_FEW = 500  # prompts: a word that more have, and more than one in twenty, tells too little
_COMMON = 20
_CANDIDATE = 0.5  # of the weight: below, texts hardly share half of their runs
_NEIGHBOUR = 0.25
_SAME = 0.5  # of all runs
_AGREED = 0.4  # of the neighbours' weight, for a tag
_RUN = 3  # words, or letters
_SAME_TITLE = 0.65  # Refund triage and Refund triage assistant are, and Refund letter is not
_SAME_WORD = 0.9  # where one of them is a single word, which says little
TITLES = 60  # that share a word with one, and are held against it


def telling(words: Iterable[str]) -> list[str]:
    """The words to look up: the longest, which are the rarest as a rule."""
    known = {word for word in words if len(word) >= _SHORTEST or not word.isascii()}
    return sorted(known, key=lambda word: (-len(word), word))[:MOST_ASKED]


def shares(
    found: Mapping[str, Sequence[int]], size: int, itself: int | None
) -> list[tuple[int, float]]:
    """Prompts by number with how much of the words' weight each has, the most first."""
    total, scores = 0.0, defaultdict[int, float](float)
    most = max(_FEW, size // _COMMON)
    for numbers in found.values():
        if len(numbers) > most:
            continue
        others = len(numbers) - (itself in numbers)
        weight = log(1 + (size - others + 0.5) / (others + 0.5))
        total += weight
        for number in numbers:
            scores[number] += weight
    if itself is not None:
        scores.pop(itself, None)
    ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    return [(number, score / total) for number, score in ranked if score >= _NEIGHBOUR * total]


def candidates(ranked: Sequence[tuple[int, float]]) -> list[int]:
    """Those among the neighbours that may say the same."""
    return [number for number, share in ranked[:NEIGHBOURS] if share >= _CANDIDATE]


def resemblance(a: Sequence[str], b: Sequence[str]) -> float:
    """Of all runs of three words that two texts have, the part that both have."""
    mine, theirs = _runs(a), _runs(b)
    return len(mine & theirs) / len(mine | theirs) if mine or theirs else 0.0


def similar(asked: Sequence[str], others: Mapping[T, Sequence[str]]) -> list[tuple[T, int]]:
    """Those whose words say nearly the same, with how many per cent, the most first."""
    parts = [(key, resemblance(asked, words)) for key, words in others.items()]
    same = [(key, round(100 * part)) for key, part in parts if part >= _SAME]
    return sorted(same, key=lambda one: -one[1])[:MOST_SIMILAR]


def title_likeness(a: Sequence[str], b: Sequence[str]) -> float:
    """How much of two titles' words is spelled alike, whatever their order: 0 to 1.

    By runs of three letters, so that a slip or an ending does not make another word of it.
    """
    mine, theirs = _letters(a), _letters(b)
    both = len(mine & theirs)
    return 2 * both / (len(mine) + len(theirs)) if both else 0.0


def similar_titles(asked: Sequence[str], others: Mapping[T, Sequence[str]]) -> list[tuple[T, int]]:
    """Those that are called nearly the same, with how many per cent, the most first."""
    parts = [(key, title_likeness(asked, words), len(words)) for key, words in others.items()]
    same = [
        (key, round(100 * part))
        for key, part, count in parts
        if part >= (_SAME_TITLE if min(count, len(asked)) > 1 else _SAME_WORD)
    ]
    return sorted(same, key=lambda one: -one[1])[:MOST_SIMILAR]


def _letters(words: Iterable[str]) -> set[str]:
    padded = (f" {word} " for word in words)
    return {word[at : at + _RUN] for word in padded for at in range(max(1, len(word) - _RUN + 1))}


def fitting_tags(
    neighbours: Iterable[tuple[float, Sequence[str]]], own: Iterable[str]
) -> list[str]:
    """Tags that the neighbours agree on, by (share, tags) of each; not those there already."""
    weights, votes, total = defaultdict[str, float](float), defaultdict[str, int](int), 0.0
    for share, tags in neighbours:
        total += share
        for tag in tags:
            weights[tag] += share
            votes[tag] += 1
    present = set(own)
    agreed = [
        tag
        for tag, weight in weights.items()
        if weight >= _AGREED * total and votes[tag] > 1 and tag not in present
    ]
    return sorted(agreed, key=lambda tag: (-weights[tag], tag))[:MOST_TAGS]


def _runs(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + _RUN]) for at in range(max(1, len(words) - _RUN + 1))}
