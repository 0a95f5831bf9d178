"""What versions ask of a slice they may not import, handed to them by `app/server/ports.py`."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.versions.models import Version


@runtime_checkable  # Litestar checks what it injects
class Readers(Protocol):
    """Whoever has to remember a publication, for people who are not there: the inbox."""

    async def published(self, tx: AsyncSession, version: Version) -> None:
        """Called inside the transaction that publishes; neither sends nor announces anything."""


class NoReaders:
    """Where nobody is told."""

    async def published(self, tx: AsyncSession, version: Version) -> None:
        """Nothing to remember."""


NO_READERS = NoReaders()
