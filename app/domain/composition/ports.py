"""What composition asks of a slice it may not import, from `app/server/wiring/ports.py`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class IncludedMoved:
    """A label of a prompt that others include is on another version now."""

    workspace_id: UUID
    prompt_id: UUID
    number: int
    actor: str
    dependants: Collection[UUID]
    move_id: UUID | None = None  # in the label's history; none = it is `latest`, which has none


class Told(Protocol):
    """Whoever remembers it for people who are not there: the inbox."""

    async def included_moved(self, tx: AsyncSession, moved: IncludedMoved) -> None:
        """Called inside the transaction that moves the label; neither sends nor announces."""


class Nobody:
    """Where nobody is told."""

    async def included_moved(self, tx: AsyncSession, moved: IncludedMoved) -> None:
        """Nothing to remember."""


NOBODY = Nobody()
