"""What happened to the messages of a chat prompt between two texts: added, moved, another role.

The lines of a moved message show as removed here and added there; this says what it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from app.domain.prompts import template
from app.kit.align import longest_increasing

MOST = 40  # messages on a side; comparing each with each takes at most 30 ms then
_LONGEST = 20_000  # characters of all messages to look at; a text may be 2 MiB
_MOST_LINES = 20_000  # of a text; finding its messages takes about 20 ms then
_ALIKE = 0.5  # of the longer one's words must be in both, or it is another message

Kind = Literal["added", "removed", "moved", "role"]


@dataclass(frozen=True, slots=True)
class Change:
    """Positions count from 1; None where a side does not have the message."""

    kind: Kind
    role: str  # now; of a removed one, then
    before: int | None
    after: int | None
    role_before: str = ""


_Message = tuple[str, str]  # role, content
_Pair = tuple[int, int]


def changes(old: str, new: str) -> list[Change]:
    """In the order of the new text, what was removed first; none for texts of one message."""
    if "{{" not in old + new or max(old.count("\n"), new.count("\n")) > _MOST_LINES:
        return []
    a, b = _messages(old), _messages(new)
    if max(len(a), len(b)) > MOST or (len(a) == len(b) == 1 and a[0][0] == b[0][0]):
        return []
    pairs = _pairs(a, b)
    kept = set(longest_increasing(pairs))
    gone = set(range(len(a))) - {i for i, _ in pairs}
    found = [Change("removed", a[i][0], i + 1, None) for i in sorted(gone)]
    partner = {j: i for i, j in pairs}
    for j, (role, _) in enumerate(b):
        found += _of(a, role, j, partner.get(j), kept)
    return found


def _of(
    a: Sequence[_Message], role: str, j: int, i: int | None, kept: set[_Pair]
) -> Iterator[Change]:
    if i is None:
        yield Change("added", role, None, j + 1)
        return
    if (i, j) not in kept:
        yield Change("moved", role, i + 1, j + 1)
    if a[i][0] != role:
        yield Change("role", role, i + 1, j + 1, a[i][0])


def _messages(text: str) -> list[_Message]:
    return [(one.role, one.content) for one in template.messages_of(text)]


def _pairs(a: Sequence[_Message], b: Sequence[_Message]) -> list[_Pair]:
    """Which message became which, by their words; in the order of the old text."""
    bags_a, bags_b = _bags(a), _bags(b)
    scored = sorted(
        (-score, abs(i - j), i, j)
        for i, j in product(range(len(a)), range(len(b)))
        if (score := _alike(a[i], b[j], bags_a[i], bags_b[j])) >= _ALIKE
    )
    chosen: dict[int, int] = {}
    used: set[int] = set()
    for _, _, i, j in scored:
        if i not in chosen and j not in used:
            chosen[i] = j
            used.add(j)
    return sorted(chosen.items())


def _bags(messages: Sequence[_Message]) -> list[Counter[str]]:
    room = _LONGEST
    found = []
    for _, content in messages:
        found.append(Counter(content[:room].split()))
        room = max(0, room - len(content))
    return found


def _alike(one: _Message, other: _Message, words: Counter[str], others: Counter[str]) -> float:
    """From 0 to 2: the same words, in the same role rather than in another."""
    is_same_role = 0.5 if one[0] == other[0] else 0.0
    if one[1] == other[1]:
        return 1.5 + is_same_role
    longer = max(words.total(), others.total())
    shared = (words & others).total() / longer if longer else 0.0
    return shared + is_same_role if shared >= _ALIKE else 0.0
