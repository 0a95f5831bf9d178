"""What was fetched, and what is known about how true it still is. Thread-safe, without sockets."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, Literal

from app.sdk.rollouts import are_for, stand_in
from app.sdk.types import Freshness, Prompt

State = Literal["starting", "live", "polling", "stale"]
MOST_ENTRIES = 10_000
# Another worker than the one that told of a change may answer us, and hear of it later: it compares
# with the database every second. So we look again until we see the version that we were told of.
_LOOKS = (0.0, 0.05, 0.2, 0.6, 1.5)


@dataclass(frozen=True, slots=True)
class Key:
    """What is asked for: a label or a version, and for whom."""

    name: str
    label: str | None
    version: int | None = None
    sticky: str = ""  # one key of all that get the same

    @property
    def query(self) -> dict[str, str | int]:
        if self.version is not None:
            # What it includes may split all the same.
            asked: dict[str, str | int] = {"version": self.version}
        else:
            asked = {"label": self.label or "production"}
        return asked | ({"key": self.sticky} if self.sticky else {})

    @property
    def address(self) -> Key:
        """For whomever."""
        return replace(self, sticky="") if self.sticky else self


# Where a label stands, and how it splits: candidate and percent.
Expected = tuple[int | None, tuple[int, float] | None]


@dataclass(slots=True)
class Entry:
    key: Key
    prompt: Prompt
    is_outdated: bool = False  # a change was told and not fetched yet
    is_confirmed: bool = True  # by the server, since this process began
    looks: list[float] = field(default_factory=list)  # when to ask again, soonest first
    failures: int = 0
    expected: Expected | None = None  # what the change spoke of


class Cache:
    """Prompts by what was asked for."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: dict[Key, Entry] = {}
        self._sides: dict[Key, tuple[Entry, ...]] = {}  # of an address
        self._lock = Lock()
        self._heard_at = clock()
        self._error = ""
        self.state: State = "starting"
        self.changes = 0  # how often something was said to have changed

    def after_fork(self) -> None:
        """In a child nobody holds the lock, and nobody listens yet."""
        self._lock = Lock()
        if self.state != "stale":
            self.state = "starting"
        self.look_at_all(is_outdated=False)

    @property
    def freshness(self) -> Freshness:
        return Freshness(self.state, self._clock() - self._heard_at, self._error)

    def heard(self, state: State | None = None) -> None:
        """The server spoke."""
        self._heard_at = self._clock()
        if state is not None:
            self.state, self._error = state, ""

    def lost(self, error: str) -> None:
        self.state, self._error = "stale", error

    def _find(self, key: Key) -> Entry | None:
        """What this key is known to get."""
        sides = self._sides.get(key.address, ())
        return next((one for one in sides if are_for(one.prompt.rollouts, key.sticky)), None)

    def get(self, key: Key) -> Prompt | None:
        """The prompt as far as it is known; None = ask the server."""
        entry = self._find(key)
        if entry is None or not (entry.is_confirmed or self.state == "stale"):
            return None
        if entry.is_outdated or not entry.is_confirmed or self.state == "stale":
            return replace(entry.prompt, is_stale=True)
        return entry.prompt

    def last_known(self, key: Key) -> Prompt | None:
        entry = self._find(key)
        return replace(entry.prompt, is_stale=True) if entry is not None else None

    def etag(self, key: Key) -> str:
        entry = self._entries.get(key)
        return entry.prompt.etag if entry is not None else ""

    def put(self, key: Key, prompt: Prompt | None, changes: int) -> Prompt | None:
        """The server's answer (None = what we have is current) to a question asked at `changes`.

        If something changed meanwhile nobody knows which side of it the answer is from.
        """
        if prompt is not None and key not in self._entries:
            key = replace(key, sticky=stand_in(prompt.rollouts, key.sticky))
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                if prompt is None:
                    return None
                self._make_room()
                entry = self._entries[key] = Entry(key, prompt)
            if prompt is not None:
                entry.prompt = prompt
            self._sort(entry)
            entry.is_confirmed, entry.failures = True, 0
            if changes != self.changes:
                entry.looks = entry.looks or [self._clock()]
            elif entry.expected in (None, _stands(entry.prompt)) or not entry.looks:
                if entry.expected is not None:
                    entry.looks = []
                entry.is_outdated, entry.expected = False, None
            return entry.prompt

    def drop(self, key: Key) -> None:
        """It is not released any more: nobody shall get it, on whichever side."""
        with self._lock:
            for entry in self._sides.pop(key.address, ()):
                self._entries.pop(entry.key, None)

    def changed(self, change: dict[str, Any]) -> None:
        """What the stream said."""
        names = {change.get("name"), change.get("old_name")} - {None}
        now = self._clock()
        with self._lock:
            self.changes += 1
            for entry in self._entries.values():
                if not _concerns(entry, change, names):
                    continue
                entry.is_outdated = True
                entry.looks = [now + later for later in _LOOKS]
                is_told = change.get("kind") == "label.moved" and not entry.prompt.includes
                entry.expected = _told(change) if is_told else None

    def look_at_all(self, *, is_outdated: bool) -> None:
        """Everything is to be compared with the server, at once."""
        now = self._clock()
        with self._lock:
            self.changes += 1
            for entry in self._entries.values():
                entry.is_outdated |= is_outdated
                entry.looks = [now]
                entry.failures = 0

    def failed(self, key: Key, wait: float) -> None:
        """It could not be asked; again after `wait` seconds."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                entry.failures += 1
                entry.looks = [self._clock() + wait]

    def failures(self, key: Key) -> int:
        entry = self._entries.get(key)
        return entry.failures if entry is not None else 0

    def due(self) -> tuple[list[Key], float]:
        """What to ask for now, and in how many seconds to look here again."""
        now = self._clock()
        due: list[Key] = []
        following = now + 60
        with self._lock:
            for entry in self._entries.values():
                if entry.looks and entry.looks[0] <= now:
                    entry.looks.pop(0)
                    due.append(entry.key)
                if entry.looks:
                    following = min(following, entry.looks[0])
        return due, max(0.0, following - now)

    def prompts(self) -> list[tuple[Key, Prompt]]:
        with self._lock:
            return [(entry.key, entry.prompt) for entry in self._entries.values()]

    def remember(self, key: Key, prompt: Prompt) -> None:
        """From an earlier process: served only when the server is away."""
        with self._lock:
            if key not in self._entries:
                self._entries[key] = Entry(key, prompt, is_confirmed=False)
                self._sort(self._entries[key])

    def _sort(self, entry: Entry) -> None:
        """Among the sides of its address; another one that became the same goes."""
        kept = [entry]
        for other in self._sides.get(entry.key.address, ()):
            if other is entry:
                continue
            if other.prompt.rollouts == entry.prompt.rollouts:
                self._entries.pop(other.key, None)
            else:
                kept.append(other)
        self._sides[entry.key.address] = tuple(kept)

    def _forget(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        left = tuple(one for one in self._sides.get(key.address, ()) if one is not entry)
        if left:
            self._sides[key.address] = left
        else:
            self._sides.pop(key.address, None)

    def _make_room(self) -> None:
        if len(self._entries) >= MOST_ENTRIES:
            self._forget(next(iter(self._entries)))


def _told(change: dict[str, Any]) -> Expected:
    split = change.get("rollout") or None
    return change.get("version"), (split["version"], split["percent"]) if split else None


def _stands(prompt: Prompt) -> Expected:
    """Of a prompt that includes none: what its label says."""
    if not prompt.rollouts:
        return prompt.version, None
    own = prompt.rollouts[0]
    return own.version, (own.candidate, own.percent)


def _concerns(entry: Entry, change: dict[str, Any], names: set[Any]) -> bool:
    prompt = entry.prompt
    is_included = any(one.name in names for one in prompt.includes)
    is_this = prompt.id == str(change.get("id")) or entry.key.name in names
    if not is_this or is_included:
        return is_included
    is_move = change.get("kind") in ("label.moved", "label.removed")
    other_label = is_move and entry.key.label != change.get("label") and not prompt.includes
    return not other_label
