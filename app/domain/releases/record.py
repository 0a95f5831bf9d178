"""An answer to a program, encoded once: bytes, headers, and what it is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from app.domain.prompts.names import Renamed

Headers = list[tuple[bytes, bytes]]

_MOVES = b"private, no-cache"
# A number is the same text for good. Not for a year, all the same: a name may pass to another
# prompt, and then the same address means something else.
_STAYS = b"private, max-age=3600, immutable"
_OVERHEAD = 1200  # bytes that Python needs for a record beside its body


@dataclass(slots=True)
class Record:
    """What one address answers; the same for everybody in the workspace."""

    body: bytes
    made_of: frozenset[UUID]  # prompts: a change of one makes this an old answer
    etag: str
    headers: Headers  # of a 200
    headers_304: Headers
    names: tuple[str, ...] = field(default=())  # as they were asked for
    renamed: Renamed | None = None  # asked for by an old name

    @property
    def size(self) -> int:
        return len(self.body) + _OVERHEAD

    def pick(self, _sticky: str) -> Record:
        """Which of several answers whoever brings `sticky` gets: there is only this one."""
        return self


def record(
    body: bytes,
    made_of: Iterable[UUID],
    names: Iterable[str],
    *,
    is_fixed: bool,
    renamed: Renamed | None = None,
) -> Record:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    kept: Headers = [
        (b"etag", etag.encode()),
        (b"cache-control", _STAYS if is_fixed else _MOVES),
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
    )


def matches(header: str, etag: str) -> bool:
    """RFC 9110: a list of tags, or a star; weak tags compare like strong ones here."""
    sent = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return etag in sent or sent == ["*"]
