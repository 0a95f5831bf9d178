"""An answer to a program, encoded once: bytes, headers, and what it is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from uuid import UUID

from app.domain.prompts.old_names import Renamed
from app.domain.releases.sticky import Side, are_for

Headers = list[tuple[bytes, bytes]]

_MOVES = b"private, no-cache"
# A number is the same text for good. Not for a year, all the same: a name may pass to another
# prompt, and then the same address means something else.
_STAYS = b"private, max-age=3600, immutable"
_SPLITS = (b"vary", b"Promptroom-Sticky-Key")
MOST_BESIDE = 63  # six labels that split on the way to one answer
_OVERHEAD = 1200  # bytes that Python needs for a record beside its body


@dataclass(slots=True)
class Record:
    """What one address answers: the same for everybody, or for all whose keys got these sides."""

    body: bytes
    made_of: frozenset[UUID]  # prompts: a change of one makes this an old answer
    etag: str
    headers: Headers  # of a 200
    headers_304: Headers
    names: tuple[str, ...] = field(default=())  # as they were asked for
    renamed: Renamed | None = None  # asked for by an old name
    sides: tuple[Side, ...] = ()  # of labels that split; none = it is for everybody
    beside: tuple[Record, ...] = ()  # what others are answered, as far as anybody asked

    @property
    def size(self) -> int:
        return len(self.body) + _OVERHEAD + sum(one.size for one in self.beside)

    def pick(self, sticky: str) -> Record | None:
        """What whoever brings `sticky` is answered; none if that is not among what is here."""
        if not self.sides:
            return self
        return next((one for one in (self, *self.beside) if are_for(one.sides, sticky)), None)

    def joined(self, others: Record) -> Record:
        """Together with what others get: dropped when anything of it changes."""
        old = [one for one in (others, *others.beside) if one.sides != self.sides]
        kept = [replace(one, beside=()) for one in old[:MOST_BESIDE]]
        return replace(
            self,
            beside=tuple(kept),
            made_of=self.made_of.union(*(one.made_of for one in kept)),
            names=tuple({*self.names, *(name for one in kept for name in one.names)}),
        )


def record(
    body: bytes,
    made_of: Iterable[UUID],
    names: Iterable[str],
    *,
    is_fixed: bool,
    renamed: Renamed | None = None,
    sides: tuple[Side, ...] = (),
) -> Record:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    kept: Headers = [
        (b"etag", etag.encode()),
        (b"cache-control", _STAYS if is_fixed else _MOVES),
        *([_SPLITS] if sides else ()),
    ]
    return Record(
        body,
        frozenset(made_of),
        etag,
        [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            *kept,
        ],
        kept,
        tuple(names),
        renamed,
        sides,
    )


def matches(header: str, etag: str) -> bool:
    """RFC 9110: a list of tags, or a star; weak tags compare like strong ones here."""
    sent = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return etag in sent or sent == ["*"]
