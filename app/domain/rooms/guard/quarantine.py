"""What made the library fail once and must not come back, in whatever bytes it is offered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.rooms.guard.draft import Verdict
from app.domain.rooms.models import Quarantined


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The poison of one document: its blocks, and the bytes themselves for pure deletions."""

    ranges: tuple[tuple[int, int, int], ...] = ()  # (client, start, end)
    hashes: frozenset[bytes] = frozenset()

    @classmethod
    def of(cls, rows: Iterable[Quarantined]) -> Quarantine:
        kept = list(rows)
        return cls(
            ranges=tuple((part[0], part[1], part[2]) for row in kept for part in row.ranges),
            hashes=frozenset(hashlib.sha256(row.update).digest() for row in kept),
        )

    def holds(self, verdict: Verdict, update: bytes) -> bool:
        """Whether `update` brings any of it back."""
        if not self.hashes:
            return False
        if hashlib.sha256(update).digest() in self.hashes:
            return True
        return any(
            client == other and start < other_end and other_start < end
            for client, start, end in verdict.ranges
            for other, other_start, other_end in self.ranges
        )
