"""Answers in memory: bounded in bytes, found by address, dropped by prompt or by name.

Nothing here waits: whoever drops and whoever puts are on one event loop, and what was read before
a change is never put after it (see `news`).
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from prometheus_client import Gauge

from app.domain.releases.record import Record

MOST_BYTES = 64 * 1024 * 1024  # ten thousand prompts of 4 KB and room beside them
MOST_NOTHINGS = 4096  # remembered answers that nothing is there

KEPT = Gauge("promptroom_fetch_kept_bytes", "Answers kept in memory", multiprocess_mode="livesum")

K = TypeVar("K")
Key = tuple[UUID, str, bytes]  # workspace, name, canonical query


class Cache:
    """Least recently used answers go first."""

    def __init__(self, most_bytes: int = MOST_BYTES, most_nothings: int = MOST_NOTHINGS) -> None:
        self._most_bytes = most_bytes
        self._most_nothings = most_nothings
        self._records: OrderedDict[Key, Record] = OrderedDict()
        self._nothings: OrderedDict[Key, None] = OrderedDict()
        self._by_prompt: defaultdict[UUID, set[Key]] = defaultdict(set)
        self._by_name: defaultdict[tuple[UUID, str], set[Key]] = defaultdict(set)
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._records)

    def get(self, key: Key) -> Record | None:
        found = self._records.get(key)
        if found is not None:
            self._records.move_to_end(key)
        return found

    def is_nothing(self, key: Key) -> bool:
        """Whether it is known that nothing is released there."""
        return key in self._nothings

    def put(self, key: Key, record: Record) -> None:
        self.drop([key])
        if record.size > self._most_bytes // 8:
            return  # one giant must not push out all others
        self._records[key] = record
        self.bytes += record.size
        for prompt_id in record.made_of:
            self._by_prompt[prompt_id].add(key)
        for name in {key[1], *record.names}:
            self._by_name[key[0], name].add(key)
        while self.bytes > self._most_bytes:
            self.drop([next(iter(self._records))])
        KEPT.set(self.bytes)

    def put_nothing(self, key: Key) -> None:
        self._nothings[key] = None
        self._by_name[key[0], key[1]].add(key)
        if len(self._nothings) > self._most_nothings:
            self.drop([next(iter(self._nothings))])

    def changed(self, workspace_id: UUID, prompt_id: UUID, names: Iterable[str]) -> None:
        """Drop what is made of the prompt, or was asked for by one of the names."""
        self.drop(list(self._by_prompt.get(prompt_id, ())))
        for name in names:
            self.drop(list(self._by_name.get((workspace_id, name), ())))

    def forget(self, workspace_id: UUID) -> None:
        """Drop everything of a workspace."""
        for keys in (self._records, self._nothings):
            self.drop([key for key in keys if key[0] == workspace_id])

    def drop(self, keys: Iterable[Key]) -> None:
        for key in keys:
            record = self._records.pop(key, None)
            names = {key[1]}
            if record is not None:
                self.bytes -= record.size
                names |= set(record.names)
                for prompt_id in record.made_of:
                    _discard(self._by_prompt, prompt_id, key)
            elif self._nothings.pop(key, key) is key:
                continue  # neither
            for name in names:
                _discard(self._by_name, (key[0], name), key)
        KEPT.set(self.bytes)


def _discard(index: dict[K, set[Key]], where: K, key: Key) -> None:
    keys = index.get(where)
    if keys is not None:
        keys.discard(key)
        if not keys:
            del index[where]
