"""What versions ask before they let a label go: implements `versions.ports.Composition`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.tenancy import InWorkspace
from app.db import locks
from app.domain.composition import looking, queries
from app.domain.composition.checking import (
    Found,
    check_dependants,
    check_released,
    check_text,
    each_way,
    still_included,
)
from app.domain.composition.errors import StillIncluded
from app.domain.composition.policy import Dependant
from app.domain.composition.ports import NOBODY, IncludedMoved, Told
from app.domain.composition.recording import inclusions, references
from app.domain.releases.composing import Piece
from app.domain.releases.errors import (
    ReferenceCycle,
    ReferenceFormat,
    ReferencesTooLarge,
    ReferenceUnresolved,
)
from app.domain.releases.selector import LATEST
from app.domain.versions.models import Version


@dataclass(frozen=True, slots=True)
class _About:
    """A prompt that something is done to."""

    tx: AsyncSession
    where: InWorkspace
    prompt_id: UUID
    names: Sequence[str]
    dependants: Sequence[Dependant]


class Guard:
    """Refuses what would break what programs get, and tells whom a move concerns."""

    def __init__(self, told: Told = NOBODY) -> None:
        self._told = told

    async def possible(self, tx: AsyncSession, version: Version) -> None:
        """Raises `ReferenceCycle` for a text that includes itself, by whatever detour, as `latest`.

        Nothing else is refused before a label is put on it: what is missing may come, and the
        newest versions of others, on which nobody has put a label either, are their own business.
        """
        if not references(version.text):
            return
        where = _Inside(version.workspace_id)
        name = (await looking.names(tx, where, version.prompt_id))[0]
        try:
            await check_text(Found(tx, where), _piece(version, name, LATEST))
        except ReferenceCycle as error:
            if error.extra["chain"][-1] == name:
                raise
        except (ReferenceUnresolved, ReferencesTooLarge, ReferenceFormat):
            pass

    async def published(self, tx: AsyncSession, version: Version) -> None:
        """Keep what a new version includes, which is `latest` from now on. As `possible`."""
        tx.add_all(inclusions(version))
        await tx.flush()
        where = _Inside(version.workspace_id)
        await self.possible(tx, version)
        about = await self._about(tx, where, version.prompt_id)
        await self._tell(about, [LATEST], version.number, version.author)

    async def moved(
        self,
        tx: AsyncSession,
        caller: Principal,
        version: Version,
        labels: Sequence[str],
        candidate: int | None,
    ) -> None:
        """`labels` were just put on `version`, with this `candidate` for some.

        Raises `ReferenceUnresolved`, `ReferenceCycle`, `ReferencesTooLarge`, and then nothing of
        the transaction may stay.
        """
        if not labels:
            return
        about = await self._about(tx, caller, version.prompt_id)
        includes = bool(references(version.text))
        if candidate is not None and not includes:
            includes = await queries.includes(tx, caller, version.prompt_id, candidate)
        if includes or about.dependants:
            # One after the other in a workspace: two that each look before the other commits
            # could make a circle together.
            await locks.hold(tx, f"composition {caller.workspace_id}")

            async def judge(found: Found) -> None:
                if includes:
                    await check_released(found, about.names[0], labels)
                if about.dependants:
                    await check_dependants(found, version.prompt_id, about.names)

            await each_way(tx, caller, version.prompt_id, judge)
        await self._tell(about, labels, candidate or version.number, caller.actor)

    async def removed(
        self, tx: AsyncSession, caller: Principal, prompt_id: UUID, label: str, *, confirmed: bool
    ) -> None:
        """`label` was just taken off. Raises `StillIncluded` unless that is `confirmed`."""
        about = await self._about(tx, caller, prompt_id)
        if confirmed or not about.dependants:
            return
        await locks.hold(tx, f"composition {caller.workspace_id}")
        concerned = _concerned(about.dependants, label, {label})

        async def judge(found: Found) -> None:
            await check_dependants(found, prompt_id, about.names)

        try:
            await each_way(tx, caller, prompt_id, judge)
        except ReferenceUnresolved as error:
            raise StillIncluded(
                still_included(label, concerned) if concerned else error.detail,
                dependants=[one.name for one in concerned],
            ) from error

    async def _about(self, tx: AsyncSession, where: InWorkspace, prompt_id: UUID) -> _About:
        names = await looking.names(tx, where, prompt_id)
        found = await looking.dependants(tx, where, names, "", looking.MOST)
        others = [one for one in found if one.id != prompt_id]
        return _About(tx, where, prompt_id, names, others)

    async def _tell(self, about: _About, labels: Sequence[str], number: int, actor: str) -> None:
        if not about.dependants:
            return
        there = await queries.labels_of(about.tx, about.where, [about.prompt_id])
        named = there[about.prompt_id].keys()
        concerned = {
            one.id for label in labels for one in _concerned(about.dependants, label, named)
        }
        if concerned:
            moved = IncludedMoved(
                about.where.workspace_id, about.prompt_id, number, actor, concerned
            )
            await self._told.included_moved(about.tx, moved)


@dataclass(frozen=True, slots=True)
class _Inside:
    workspace_id: UUID


def _concerned(
    dependants: Sequence[Dependant], label: str, there: Collection[str]
) -> list[Dependant]:
    return [one for one in dependants if one.reaches(label, there)]


def _piece(version: Version, name: str, label: str) -> Piece:
    return Piece(
        version.prompt_id, name, version.number, label, version.text, [], version.template_format
    )
