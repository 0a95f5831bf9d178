"""A room's document in this program: what is typed here, and what the server has of it on disk."""

from __future__ import annotations

import re
import secrets
from collections import deque
from difflib import SequenceMatcher
from typing import Any

from pycrdt import Assoc, Doc, Text, merge_updates

ROOT = "text"
_WORDS = re.compile(r"\w+|\s|[^\w\s]")


class Replica:
    """One epoch of a document. Every edit has a number; numbers go on over epochs."""

    def __init__(self, epoch: str | None = None) -> None:
        self.epoch = epoch
        # Yjs clients have ids of 32 bits; the library's own may be longer.
        self.client = secrets.randbits(32)
        self._doc: Doc[Text] = Doc(client_id=self.client)
        self._text = self._doc.get(ROOT, type=Text)
        self._sure: Doc[Text] = Doc()  # without what is not acknowledged
        self._sure_text = self._sure.get(ROOT, type=Text)
        self._unsent: list[bytes] = []
        self._unsaved: deque[tuple[int, bytes]] = deque()

    @property
    def text(self) -> str:
        return str(self._text)

    @property
    def state(self) -> bytes:
        return self._doc.get_state()

    def edit(self, number: int, start: int, end: int, added: str) -> None:
        """Replace text[start:end] (code points)."""
        text, captured = self.text, list[bytes]()
        at = len(text[:start].encode())
        size = len(text[start:end].encode())
        subscription = self._doc.observe(lambda event: captured.append(event.update))
        try:
            with self._doc.transaction():
                if size:
                    del self._text[at : at + size]
                if added:
                    self._text.insert(at, added)
        finally:
            self._doc.unobserve(subscription)  # an observed document is never freed
        self._unsent += captured
        self._unsaved.extend((number, update) for update in captured)

    def receive(self, update: bytes) -> None:
        self._doc.apply_update(update)
        self._sure.apply_update(update)

    def take(self) -> bytes:
        """What was not sent yet, as one update; nothing if there is none."""
        unsent, self._unsent = self._unsent, []
        if len(unsent) < 2:
            return unsent[0] if unsent else b""
        return merge_updates(*unsent)

    def since(self, state: bytes) -> bytes:
        """What a holder of `state` lacks; with it everything is sent."""
        self._unsent = []
        return self._doc.get_update(state)

    def saved(self, number: int) -> None:
        """The server has the edits up to `number` on disk."""
        while self._unsaved and self._unsaved[0][0] <= number:
            self._sure.apply_update(self._unsaved.popleft()[1])

    def position(self, index: int) -> dict[str, Any]:
        """Before the character `index`, as the JSON of a Yjs relative position."""
        text = self.text
        if index >= len(text):  # the library panics there; to Yjs no item is the end
            return {"type": None, "tname": ROOT, "assoc": 0}
        at = len(text[:index].encode())
        found = self._text.sticky_index(at, Assoc.AFTER).to_json()
        return {"type": None, "tname": None, "item": found["item"], "assoc": 0}

    def take_over(self, old: Replica, number: int) -> None:
        """Make here the edits that only `old` has, whose history the server has replaced."""
        sure, mine = str(old._sure_text), old.text  # another one of us
        for start, end, added in reversed(moved(sure, mine, self.text)):
            self.edit(number, start, end, added)


Change = tuple[int, int, str]


def changes(old: str, new: str) -> list[Change]:
    """What makes `new` of `old`: start and end of what goes, and what comes."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    before, after = old[head : len(old) - tail], new[head : len(new) - tail]
    a, b = _WORDS.findall(before), _WORDS.findall(after)
    found, at = list[Change](), head
    for kind, i, i_end, j, j_end in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        end = at + sum(map(len, a[i:i_end]))
        if kind != "equal":
            found.append((at, end, "".join(b[j:j_end])))
        at = end
    return found


def moved(base: str, mine: str, live: str) -> list[Change]:
    """The changes from `base` to `mine` where they belong in `live`, in order.

    Only characters of base go; what comes goes behind what it stood behind.
    """
    gone, at = [True] * len(base), list(range(len(base) + 1))
    blocks = [(0, 0, len(base))] if base == live else _same(base, live)
    end = 0
    for start, there, size in blocks:
        at[end:start] = [at[end - 1] + 1 if end else 0] * (start - end)
        for step in range(size):
            at[start + step], gone[start + step] = there + step, False
        end = start + size
    at[end:] = [at[end - 1] + 1 if end else 0] * (len(base) + 1 - end)
    found: list[Change] = []
    for start, stop, added in changes(base, mine):
        going = [at[one] for one in range(start, stop) if not gone[one]]
        behind = at[start - 1] + 1 if start and not gone[start - 1] else at[start]
        place = going[0] if going else behind
        found.append((place, place, added))
        for one in going:
            first, last, come = found[-1]
            joins = last == one
            found[-1:] = [(first, one + 1, come)] if joins else [found[-1], (one, one + 1, "")]
    return found


def _same(old: str, new: str) -> list[tuple[int, int, int]]:
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return [(one.a, one.b, one.size) for one in blocks if one.size]


def _common(a: str, b: str) -> int:
    length = min(len(a), len(b))
    return next((at for at in range(length) if a[at] != b[at]), length)
