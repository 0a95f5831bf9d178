"""A document behind a gate: offers updates as a server would and checks everything a server relies on."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from pycrdt import Doc, Text

from tests.fuzz import wire
from tests.fuzz.documents import ANA, Scene, Writer

SLOW = 0.05  # seconds of CPU: what one apply may take
REPLACEMENT = "\ufffd"
IDLE, MAKING, CHECKING, APPLYING, READING, LOADING, EDITING, MERGING = range(8)
STAGES = ("idle", "making", "checking", "applying", "reading", "loading", "editing", "merging")


class FindingError(Exception):
    """An invariant broke; `kind` says which."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Open:
    """The gate that lets everything through: what a bare library does."""

    clocks: dict[int, int] = {}
    owners: dict[int, str] = {}

    def check(self, update: bytes, sender: str) -> None:
        return None

    def admit(self, verdict: Any, sender: str) -> None:
        return None

    def learn(self, update: bytes, owner: str | None) -> None:
        return None


def guarded() -> Any:
    """The application's gate."""
    from app.domain.rooms.guard.guard import Guard

    return Guard()


def refusals() -> tuple[type[Exception], ...]:
    """What the application's gate raises on purpose."""
    from app.domain.rooms.guard.guard import Gap, Refused

    return (Refused, Gap)


def utf16(text: str) -> int:
    return wire.units(text)


class Room:
    """One live document with its gate, its journal and one honest peer that lags behind."""

    def __init__(self, scene: Scene, gate: Callable[[], Any], stage: Callable[[int], None]) -> None:
        self.model = scene.model
        self.journal = [update for _, update in scene.arrivals]
        self.arrivals = list(scene.arrivals)
        self.doc = scene.doc()
        self.text = self.doc.get("text", type=Text)
        self.gate = gate()
        self.refusals = () if isinstance(self.gate, Open) else refusals()
        self.stage = stage
        for sender, update in scene.arrivals:
            self.gate.learn(update, sender)
        self.peer = Writer((self.model.of(ANA) or [4242])[0], ANA)
        self.seen = len(self.journal)
        for update in self.journal:
            self.peer.doc.apply_update(update)
        self.known_bad = False
        self.tally: Counter[str] = Counter()

    def offer(self, sender: str, update: bytes) -> bool:
        """Whether the update was let in; whatever was is applied and checked."""
        verdict = self._checked(sender, update)
        if verdict is False:
            return False
        before = (self.doc.get_state(), str(self.text))
        self.stage(APPLYING)
        self._timed("apply", lambda: self.doc.apply_update(update))
        self.gate.admit(verdict, sender)
        self.journal.append(update)
        self.arrivals.append((sender, update))
        self._authorship(verdict, sender)
        self.model.note(update, sender)
        self.verify(update)
        if verdict is not None:
            self._accounts(verdict, *before)
        return True

    def _checked(self, sender: str, update: bytes) -> Any:
        self.stage(CHECKING)
        before = (dict(self.gate.clocks), dict(self.gate.owners))
        try:
            verdict = self._timed("check", lambda: self.gate.check(update, sender))
        except self.refusals as refusal:
            self.tally[getattr(refusal, "reason", None) or type(refusal).__name__] += 1
            verdict = False
        if (self.gate.clocks, self.gate.owners) != before:
            raise FindingError("impure", "check changed the guard")
        return verdict

    def _timed(self, what: str, work: Callable[[], Any]) -> Any:
        start = time.thread_time()
        try:
            return work()
        finally:
            spent = time.thread_time() - start
            if spent > SLOW:
                self.tally[f"slow {what}"] += 1
                self.slow = (what, spent)

    def verify(self, update: bytes) -> None:
        """The text is readable, whole, and the same after a reload; the gate knows every clock."""
        self.stage(READING)
        text = str(self.text)
        state = self.doc.get_state()
        if len(self.text) != len(text.encode()):
            raise FindingError("length", "the text's length is not its bytes")
        if "\0" in text and self.refusals:
            raise FindingError("nul", "the text cannot be kept by every database")
        if REPLACEMENT in text and not self.known_bad:
            self.known_bad = any(REPLACEMENT.encode() in u for u in self.journal)
            if not self.known_bad:
                raise FindingError("replacement", "half a character became U+FFFD")
        self.stage(LOADING)
        fresh: Doc = Doc()
        reloaded = fresh.get("text", type=Text)
        fresh.apply_update(self.doc.get_update())
        if str(reloaded) != text:
            raise FindingError("diverged", f"live {text!r}, reloaded {str(reloaded)!r}")
        if self.refusals and wire.parse_state_vector(state) != self.gate.clocks:
            raise FindingError("clocks", f"{wire.parse_state_vector(state)} != {self.gate.clocks}")

    def _authorship(self, verdict: Any, sender: str) -> None:
        for client, start, end in getattr(verdict, "ranges", ()):
            if self.model.owners.get(client, sender) != sender:
                raise FindingError("authorship", f"{sender} wrote {client}:{start}-{end}")

    def _accounts(self, verdict: Any, state: bytes, text: str) -> None:
        old, new = (wire.parse_state_vector(s) for s in (state, self.doc.get_state()))
        grown = sorted((c, old.get(c, 0), k) for c, k in new.items() if k > old.get(c, 0))
        if sorted(verdict.ranges) != grown:
            raise FindingError("ranges", f"{sorted(verdict.ranges)} != {grown}")
        delta = utf16(str(self.text)) - utf16(text)
        if verdict.inserted - verdict.removed != delta:
            raise FindingError("sizes", f"+{verdict.inserted} -{verdict.removed} made {delta}")
        if not verdict.is_new and (grown or delta):
            raise FindingError("is_new", "something changed")

    def exercise(self) -> None:
        """Edit at both ends and in the middle, and encode: where some damage shows only later."""
        self.stage(EDITING)
        for at in (0, len(self.text) // 2, len(self.text)):
            self.text.insert(at, "xyz")
        del self.text[1:3]
        self.doc.get_update(b"\x00")
        self.text.clear()
        self.doc.get_update()

    def honest_turn(self, rng: random.Random) -> None:
        """An honest peer, maybe behind, edits: it must be let in, and all must end equal."""
        self.stage(EDITING)
        if rng.random() < 0.6:
            self.catch_up(rng)
        update = self.peer.edit(rng)
        if not self.offer(ANA, update):
            raise FindingError("refused", f"an honest edit: {update.hex()}")
        self.catch_up(rng)
        if str(self.peer.text) != str(self.text):
            raise FindingError("peer", f"live {self.text!s}, peer {self.peer.text!s}")

    def catch_up(self, rng: random.Random) -> None:
        """The peer receives what it lacks: message by message, or as one difference."""
        if rng.random() < 0.5:
            self.peer.doc.apply_update(self.doc.get_update(self.peer.doc.get_state()))
        else:
            for update in self.journal[self.seen :]:
                self.peer.doc.apply_update(update)
        self.seen = len(self.journal)

    def replay(self) -> None:
        """The journal, replayed in one transaction, gives the same text."""
        self.stage(MERGING)
        fresh: Doc = Doc()
        text = fresh.get("text", type=Text)
        with fresh.transaction():
            for update in self.journal:
                fresh.apply_update(update)
        if str(text) != str(self.text):
            raise FindingError("journal", f"live {self.text!s}, replayed {text!s}")
