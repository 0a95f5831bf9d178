"""What is said over the bus, and how changes look on a stream."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from app.domain.releases.schemas import change_view

CHANGED_TOPIC = "releases.changed"  # a hint: the log in the database says what it is
BEAT = b": beat\n\n"


def hint(worker: bytes, workspace_id: UUID | None) -> bytes:
    return worker + (workspace_id.bytes if workspace_id else b"")


def heard(payload: bytes) -> tuple[bytes, UUID | None]:
    """Who says so, and of which workspace; none = look at all."""
    return payload[:16], UUID(bytes=payload[16:32]) if len(payload) >= 32 else None


def event_of(change: Any) -> bytes:
    return event("change", change.seq, change.mark, msgspec.json.encode(change_view(change)))


def event(kind: str, seq: int, mark: str, data: bytes) -> bytes:
    """One server-sent event; its id is what `Last-Event-ID` brings back."""
    return f"id: {seq}-{mark}\nevent: {kind}\ndata: ".encode() + data + b"\n\n"


def last_event(header: str) -> tuple[int, str] | None:
    """Number and mark of `Last-Event-ID`; None for what is no id of ours."""
    number, _, mark = header.strip().partition("-")
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        return None
    return int(number), mark
