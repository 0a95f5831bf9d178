"""Labels that split: which side a sticky key gets, as the server computes it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

BUCKETS = 10_000
_MOST_TRIES = 20_000  # some 30 ms


def bucket(seed: str, key: str) -> int:
    """0 to 9,999."""
    digest = hashlib.sha256(f"{seed}:{key}".encode(errors="replace")).digest()
    return int.from_bytes(digest[:8], "big") % BUCKETS


@dataclass(frozen=True, slots=True)
class Rollout:
    """A label that splits, and which of its two versions a prompt has."""

    name: str
    label: str
    version: int  # the standing one
    candidate: int
    percent: float
    seed: str
    is_candidate: bool

    def is_for(self, sticky_key: str) -> bool:
        share = round(self.percent * BUCKETS / 100)
        takes = bool(sticky_key) and bucket(self.seed, sticky_key) < share
        return takes == self.is_candidate

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        return cls(**{name: data[name] for name in cls.__dataclass_fields__})


def are_for(rollouts: Iterable[Rollout], sticky_key: str) -> bool:
    return all(one.is_for(sticky_key) for one in rollouts)


def stand_in(rollouts: Iterable[Rollout], sticky_key: str) -> str:
    """A made-up key that gets the same: what is remembered and asked for again names nobody."""
    sides = tuple(rollouts)
    if not any(one.is_candidate for one in sides):
        return ""
    tries = (f"side-{number}" for number in range(_MOST_TRIES))
    return next((key for key in tries if are_for(sides, key)), sticky_key)
