"""One live document in memory: the CRDT and the guard that stands before it, always in step."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from pycrdt import Assoc, Doc, Text

from app.domain.rooms.guard.guard import Guard, Verdict
from app.domain.rooms.metrics import LIBRARY_FAILURES
from app.domain.rooms.room.crediting import Splice, Writers, edits
from app.kit.edits import Edit, applied, between

ROOT = "text"
T = TypeVar("T")
Plan = Callable[[str], Sequence[Edit]]  # the edits of a text, in order


class LibraryFailed(Exception):
    """The CRDT library raised or panicked; the document may be half changed: load it anew."""


def guarded(call: Callable[[], T]) -> T:
    """Run `call` into the library. Its panics are BaseExceptions, which nothing else catches."""
    try:
        return call()
    except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        LIBRARY_FAILURES.inc()
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
        for author, changes in edits(old, text, between(old, text), writers, actor):
            if done := self._edit(partial(self._splice, changes), author):
                parts.append((author, *done))
        return parts

    def revise(self, plan: Plan, actor: str) -> tuple[bytes, Verdict] | None:
        """Make the edits that `plan` gives for the text as it is now, and no others."""
        old = self.text
        changes = plan(old)
        for _, splices in edits(old, applied(old, changes), changes, (), actor):
            return self._edit(partial(self._splice, splices), actor)
        return None

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
