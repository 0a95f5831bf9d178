"""Accepted updates on their way to the disk, ready to be relayed from there."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.rooms.draft import Verdict
from app.domain.rooms.member import Member


@dataclass(frozen=True, slots=True)
class Pending:
    """One update; `frame` is what everyone but its author will be sent."""

    seq: int
    author: Member | None
    frame: bytes
    verdict: Verdict


def of_others(done: list[Pending], member: Member) -> bytes:
    """The frames that `member` did not write itself."""
    return b"".join([pending.frame for pending in done if pending.author is not member])
