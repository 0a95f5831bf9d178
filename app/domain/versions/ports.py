"""What versions ask of a slice they may not import, from `app/server/wiring/ports.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.domain.versions.models import Version
from app.errors import AppError
from app.kit.rollouts import Rollout


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


@dataclass(frozen=True, slots=True)
class Put:
    """Labels that were just put on a version, and what they give to some instead.

    Whatever is on its way back to where it was is not judged: `is_checked` is false.
    """

    version: Version
    moves: Mapping[str, UUID]  # by label, the ids of what is in its history now
    rollout: Rollout | None
    is_checked: bool


@runtime_checkable  # Litestar checks what it injects
class Composition(Protocol):
    """Whoever knows what includes what. Called inside the transaction, after the change."""

    async def possible(self, tx: AsyncSession, version: Version) -> None:
        """Raises when the text of a version could not be published: it includes itself."""

    async def published(self, tx: AsyncSession, version: Version) -> None:
        """A version is there. Raises as `possible`."""

    async def moved(self, tx: AsyncSession, caller: Principal, put: Put) -> None:
        """Labels are on a version now. Raises when programs could not be given something by it."""

    async def removed(
        self, tx: AsyncSession, caller: Principal, prompt_id: UUID, label: str, *, confirmed: bool
    ) -> None:
        """A label is off. Raises when programs would miss it, unless that is `confirmed`."""

    async def problems(
        self, tx: AsyncSession, caller: Principal, prompt_id: UUID, label: str
    ) -> Sequence[AppError]:
        """What programs cannot be given now, by the label or by what includes the prompt."""


class Unwatched:
    """Where nothing includes anything."""

    async def possible(self, tx: AsyncSession, version: Version) -> None:
        """Everything is."""

    async def published(self, tx: AsyncSession, version: Version) -> None:
        """Nothing to keep."""

    async def moved(self, tx: AsyncSession, caller: Principal, put: Put) -> None:
        """Nobody minds."""

    async def removed(
        self, tx: AsyncSession, caller: Principal, prompt_id: UUID, label: str, *, confirmed: bool
    ) -> None:
        """Nobody minds."""

    async def problems(
        self, tx: AsyncSession, caller: Principal, prompt_id: UUID, label: str
    ) -> Sequence[AppError]:
        """None."""
        return ()


UNWATCHED = Unwatched()
