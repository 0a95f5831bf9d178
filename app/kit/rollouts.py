"""Which of two versions a sticky key gets while a label splits. Pure; in words: docs/rollouts.md.

The same key gets the same side for as long as a rollout runs, in every worker and after every
restart, because nothing but the key and the rollout's seed decides. A larger share takes keys from
the standing version and gives none back.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

BUCKETS = 10_000


def bucket(seed: str, key: str) -> int:
    """0 to 9,999: SHA-256 of `seed:key` in UTF-8, its first eight bytes as a number, modulo."""
    digest = hashlib.sha256(f"{seed}:{key}".encode(errors="replace")).digest()
    return int.from_bytes(digest[:8], "big") % BUCKETS


@dataclass(frozen=True, slots=True)
class Rollout:
    """What a label gives to some instead of the version that it stands on."""

    version: int  # the candidate
    share: int  # of 10,000 buckets, the lowest ones
    seed: str  # random; another one for every rollout, so that not the same people are always first

    @property
    def percent(self) -> float:
        return self.share * 100 / BUCKETS

    def takes(self, key: str) -> bool:
        """Whether whoever brings this key gets the candidate; without a key nobody does."""
        return bool(key) and bucket(self.seed, key) < self.share

    def kept(self) -> dict[str, Any]:
        return {"version": self.version, "share": self.share, "seed": self.seed}


def told(percent: float) -> str:
    """10 %, 12.5 %."""
    return f"{percent:.10g} %"
