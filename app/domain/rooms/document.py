"""One live document in memory: the CRDT and the guard that stands before it, always in step."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

from pycrdt import Assoc, Doc, Text

from app.domain.rooms.crediting import Splice, Writers, edits
from app.domain.rooms.guard import Guard, Verdict
from app.kit.align import Budget, matches

ROOT = "text"
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_LINE_STEPS = 60_000  # of the search for lines that stay: about 25 ms
_WORD_STEPS = 120_000  # the same for words, of all changed lines together: about 50 ms
T = TypeVar("T")


class LibraryFailed(Exception):
    """The CRDT library raised or panicked; the document may be half changed: load it anew."""


def guarded(call: Callable[[], T]) -> T:
    """Run `call` into the library. Its panics are BaseExceptions, which nothing else catches."""
    try:
        return call()
    except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise LibraryFailed(f"{type(error).__name__}: {error}"[:200]) from error


class LiveDocument:
    """A document whose every byte has passed the guard."""

    def __init__(self, client: int | None = None) -> None:
        """`client` writes what `rewrite` writes; by chance, unless it has to be the same again."""
        self.guard = Guard()
        self._client = secrets.randbits(32) if client is None else client
        self.guard.bind(self._client, "server")
        # Yjs clients have 32-bit ids; the library's own default may be longer.
        self._doc: Doc[Text] = Doc(client_id=self._client)
        self._text = self._doc.get(ROOT, type=Text)
        self._encoded = 0  # bytes of updates taken in

    @property
    def text(self) -> str:
        return guarded(lambda: str(self._text))

    @property
    def size(self) -> int:
        """About how many bytes of memory this takes: measured, a small one 110 KiB."""
        return 110 * 1024 + 8 * self._encoded

    @property
    def state_vector(self) -> bytes:
        return guarded(self._doc.get_state)

    def state(self, since: bytes | None = None) -> bytes:
        """The whole state as one update, or what a holder of state vector `since` lacks."""
        return guarded(lambda: self._doc.get_update(since) if since else self._doc.get_update())

    def position(self, index: int) -> dict[str, Any]:
        """Before the character `index` of the text, as the JSON of a Yjs relative position."""
        text = self.text
        if index >= len(text):  # the library panics there; to Yjs no item is the end
            return {"type": None, "tname": ROOT, "assoc": 0}
        at = len(text[:index].encode())
        found = guarded(lambda: self._text.sticky_index(at, Assoc.AFTER).to_json())
        return {"type": None, "tname": None, "item": found["item"], "assoc": 0}

    def text_sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def apply(self, update: bytes) -> None:
        """Apply bytes that the guard has accepted. Raises `LibraryFailed`."""
        guarded(lambda: self._doc.apply_update(update))
        self._encoded += len(update)

    def follow(self, update: bytes, actor: str, clients: Iterable[int]) -> Verdict:
        """Take in a row of the log. Raises `LibraryFailed`, or `Refused` and `Gap` for damage."""
        verdict = self.guard.follow(update, actor, clients)
        self.apply(update)
        return verdict

    def apply_all(self, updates: list[bytes], before: Callable[[int], None]) -> None:
        """Apply trusted bytes in one transaction; `before` hears the index of each in turn."""

        def apply_all() -> None:
            with self._doc.transaction():
                for index, update in enumerate(updates):
                    before(index)
                    self._doc.apply_update(update)

        guarded(apply_all)

    def learn(self, updates: list[tuple[bytes, str | None]]) -> None:
        """Teach the guard; pure Python, so a large history may be learned in a thread."""
        for update, actor in updates:
            self.guard.learn(update, actor)
            self._encoded += len(update)

    def trust(self, authors: list[tuple[int, int, int, str]]) -> None:
        """Say who wrote which (client, start, end); from the table, before learning."""
        for client, start, end, actor in authors:
            if client not in self.guard.owners:
                self.guard.bind(client, actor)
            self.guard.credit(client, start, end, actor)

    def authors(self) -> list[tuple[int, int, int, str]]:
        """Who wrote what, as (client, start, end, actor), merged."""
        return [
            (client, start, end, actor)
            for client in self.guard.clocks
            for start, end, actor in self.guard.attribution(client)
        ]

    def rewrite(self, text: str, actor: str) -> tuple[bytes, Verdict] | None:
        """Edit the text into `text` as a forward edit; returns its update, None if equal.

        Only the differing runs are touched, so cursors, anchors and others' edits in progress
        keep their places. The blocks are the server's, credited to `actor`.
        """
        parts = self.rewrite_for(text, actor, ())
        return parts[0][1:] if parts else None

    def rewrite_for(
        self, text: str, actor: str, writers: Writers
    ) -> list[tuple[str, bytes, Verdict]]:
        """The same for a text that `writers` wrote: each one's words are credited to them."""
        old = self.text
        parts = []
        for author, changes in edits(old, text, changed_runs(old, text), writers, actor):
            if done := self._edit(partial(self._splice, changes), author):
                parts.append((author, *done))
        return parts

    def _splice(self, changes: list[Splice]) -> None:
        for start, removed, added in changes:
            if removed:
                del self._text[start : start + removed]
            if added:
                self._text.insert(start, added)

    def append(self, text: str, actor: str) -> None:
        """Write `text` at the end."""
        self._edit(lambda: self._text.insert(len(self._text), text), actor)

    def _edit(self, edit: Callable[[], None], actor: str) -> tuple[bytes, Verdict] | None:
        captured: list[bytes] = []

        def run() -> None:
            subscription = self._doc.observe(lambda event: captured.append(event.update))
            try:
                with self._doc.transaction():
                    edit()
            finally:
                self._doc.unobserve(subscription)  # an observed document is never freed

        guarded(run)
        if not captured:
            return None
        return captured[0], self.guard.learn(captured[0], actor)

    def retold(self) -> LiveDocument:
        """A new document with the same text and authors and no history before them.

        Its blocks have other ids, so it belongs to a new epoch: never merge it with this one.
        """
        units = self.text.encode("utf-16-le")
        spans = self.guard.spans()
        if sum(count for count, _ in spans) * 2 != len(units):
            spans = [(len(units) // 2, "server")]  # authors are not worth a wrong text
        fresh, at = LiveDocument(), 0
        for count, actor in spans:
            fresh.append(units[at : at + 2 * count].decode("utf-16-le"), actor)
            at += 2 * count
        return fresh

    @classmethod
    def from_state(cls, state: bytes) -> LiveDocument:
        """What a newcomer makes of `state`."""
        document = cls()
        document.apply(state)
        return document

    @classmethod
    def of(cls, text: str, actor: str) -> LiveDocument:
        """A new document that holds `text`, written by `actor`."""
        document = cls()
        document.rewrite(text, actor)
        return document


def changed_runs(old: str, new: str) -> Iterator[tuple[int, int, str]]:
    """Changed runs of `old` as (start, end, replacement) in code points, in order.

    In bounded time, whatever the texts: the loop that serves everybody waits. Where it would take
    longer, more counts as changed than has.
    """
    head = _common_prefix(old, new)
    tail = _common_prefix(old[head:][::-1], new[head:][::-1])
    before, after = old[head : len(old) - tail], new[head : len(new) - tail]
    a, b = before.splitlines(keepends=True), after.splitlines(keepends=True)
    position, i, j, budget = head, 0, 0, Budget(_WORD_STEPS)
    for at_old, at_new, length in [*matches(a, b, _LINE_STEPS), (len(a), len(b), 0)]:
        removed, added = "".join(a[i:at_old]), "".join(b[j:at_new])
        yield from _within_lines(position, removed, added, budget)
        i, j = at_old + length, at_new + length
        position += len(removed) + sum(map(len, a[at_old:i]))


def _within_lines(
    position: int, removed: str, added: str, budget: Budget
) -> Iterator[tuple[int, int, str]]:
    """Narrow a changed block to its changed words, so that the others keep their authors."""
    a, b = _WORDS.findall(removed), _WORDS.findall(added)
    i = j = 0
    for at_old, at_new, length in [*matches(a, b, budget), (len(a), len(b), 0)]:
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
