"""What threads ask of a slice they may not import, from `app/server/wiring/ports.py`."""

from __future__ import annotations

from typing import Protocol, runtime_checkable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace
from app.domain.threads.events import Happening


@runtime_checkable  # Litestar checks what it injects
class Audience(Protocol):
    """Whoever has to remember what happened, for people who are not there: the inbox."""

    async def thread_changed(self, tx: AsyncSession, happening: Happening) -> None:
        """Called inside the transaction that made the change, once for each happening.

        What it writes is committed with the change or not at all. It must not fail for reasons of
        its own, and neither sends nor announces: that is for after the commit (`db.after`).
        """

    async def thread_read(
        self, tx: AsyncSession, where: InWorkspace, user_id: UUID, thread_id: UUID
    ) -> None:
        """The person has seen all of a thread; in the transaction that notes it."""
