"""Sticky keys: the same caller gets the same side of a label that splits. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import unquote
from uuid import UUID

from app.kit.rollouts import Rollout

HEADER = b"promptroom-sticky-key"

Takes = Callable[[UUID, Rollout], bool]  # whether the candidate of a prompt's label is given


def split_query(query: bytes) -> tuple[bytes, str]:
    """The query without `key=`, which answers are not kept under, and that key.

    One with a NUL stays in the query: nothing is kept under it, and the usual road refuses it.
    """
    if b"key=" not in query:
        return query, ""
    rest, sticky = [], ""
    for part in query.split(b"&"):
        if part.startswith(b"key=") and b"%00" not in part:
            sticky = unquote(part[4:].decode("latin-1").replace("+", " "))
        else:
            rest.append(part)
    return b"&".join(rest), sticky


def in_header(value: bytes) -> str:
    """Of the header; the same key as when it stands in an address: UTF-8."""
    return value.decode("utf-8", "replace")


def sticky_of(query: bytes, headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Whoever sends both means the one in the address. "" = none: the standing versions."""
    sticky = split_query(query)[1]
    return sticky or in_header(next((value for name, value in headers if name == HEADER), b""))


def by_key(sticky: str) -> Takes:
    """As whoever brings this key gets it."""
    return lambda _prompt, rollout: rollout.takes(sticky)


@dataclass(frozen=True, slots=True)
class Side:
    """Which side of a label that splits somebody got."""

    prompt_id: UUID
    name: str
    label: str
    standing: int
    rollout: Rollout
    is_candidate: bool

    @property
    def number(self) -> int:
        return self.rollout.version if self.is_candidate else self.standing

    def is_for(self, sticky: str) -> bool:
        return self.rollout.takes(sticky) == self.is_candidate


def are_for(sides: Iterable[Side], sticky: str) -> bool:
    """Whether all that was decided on the way to an answer would be decided so for this key."""
    return all(side.is_for(sticky) for side in sides)
