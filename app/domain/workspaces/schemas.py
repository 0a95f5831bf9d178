"""What the API says about members."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec


class MemberView(msgspec.Struct, frozen=True):
    """A person in the workspace."""

    id: UUID
    name: str
    email: str
    role: str
    hue: str
    joined_at: datetime


class MemberList(msgspec.Struct, frozen=True):
    """Some members, the most powerful first; `next_cursor` is null on the last page."""

    items: list[MemberView]
    next_cursor: str | None
