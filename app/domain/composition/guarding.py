"""What is asked before a label or an old name goes.

Implements `versions.ports.Composition` and `prompts.ports.Composition`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.tenancy import InWorkspace
from app.db import locks
from app.domain.composition import looking, queries
from app.domain.composition.checking import (
    Found,
    check_text,
    each_way,
    of_dependants,
    of_released,
    old_name_included,
    still_included,
)
from app.domain.composition.errors import StillIncluded
from app.domain.composition.given.queries import given_with
from app.domain.composition.policy import Dependant
from app.domain.composition.ports import NOBODY, IncludedMoved, Told
from app.domain.composition.recording import inclusions, references
from app.domain.prompts.errors import OldNameIncluded
from app.domain.releases.composing import Piece
from app.domain.releases.errors import (
    ReferenceCycle,
    ReferenceFormat,
    ReferencesTooLarge,
    ReferenceUnresolved,
)
from app.domain.releases.selector import LATEST
from app.domain.versions.models import Version
from app.domain.versions.ports import Put
from app.errors import AppError

MOST_TOLD = 20  # of what programs cannot be given; nobody reads on


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
        await self._tell(about, {LATEST: None}, version.number, version.author)

    async def moved(self, tx: AsyncSession, caller: Principal, put: Put) -> None:
        """Raises `ReferenceUnresolved`, `ReferenceCycle`, `ReferencesTooLarge`, `ReferenceFormat`.

        Nothing of the transaction may stay then. What is not to be checked waits for no lock.
        """
        if not put.moves:
            return
        about = await self._about(tx, caller, put.version.prompt_id)
        if put.is_checked and (about.dependants or await _includes(about, put)):
            # One after the other in a workspace: two that each look before the other commits
            # could make a circle together.
            await locks.hold(tx, f"composition {caller.workspace_id}")
            if problems := await _problems(about, put.moves):
                raise problems[0]
        number = put.rollout.version if put.rollout else put.version.number
        await self._tell(about, put.moves, number, caller.actor)

    async def problems(
        self, tx: AsyncSession, caller: Principal, prompt_id: UUID, label: str
    ) -> Sequence[AppError]:
        """What programs cannot be given now, by the label or by what includes the prompt."""
        about = await self._about(tx, caller, prompt_id)
        return await _problems(about, [label], MOST_TOLD)

    async def removed(
        self, tx: AsyncSession, caller: Principal, prompt_id: UUID, label: str, *, confirmed: bool
    ) -> None:
        """`label` was just taken off. Raises `StillIncluded` unless that is `confirmed`."""
        about = await self._about(tx, caller, prompt_id)
        if confirmed or not about.dependants:
            return
        await locks.hold(tx, f"composition {caller.workspace_id}")
        concerned = _concerned(about.dependants, label, {label})

        if not (problems := await _problems(about, ())):
            return
        if not isinstance(problems[0], ReferenceUnresolved):
            raise problems[0]
        raise StillIncluded(
            still_included(label, concerned) if concerned else problems[0].detail,
            dependants=[one.name for one in concerned],
        )

    async def let_go(self, tx: AsyncSession, where: InWorkspace, name: str) -> None:
        """Raises `OldNameIncluded`: what programs get by the old name would be another text."""
        # As when a label moves: of two that each look before the other commits, a release that
        # includes by the name would be checked with one prompt and given with another.
        await locks.hold(tx, f"composition {where.workspace_id}")
        if dependants := await given_with(tx, where, name, MOST_TOLD):
            raise OldNameIncluded(
                old_name_included(name, dependants), name=name, dependants=dependants
            )

    async def _about(self, tx: AsyncSession, where: InWorkspace, prompt_id: UUID) -> _About:
        names = await looking.names(tx, where, prompt_id)
        found = await looking.dependants(tx, where, names, "", looking.MOST)
        others = [one for one in found if one.id != prompt_id]
        return _About(tx, where, prompt_id, names, others)

    async def _tell(
        self, about: _About, moves: Mapping[str, UUID | None], number: int, actor: str
    ) -> None:
        if not about.dependants:
            return
        there = await queries.labels_of(about.tx, about.where, [about.prompt_id])
        named = there[about.prompt_id].keys()
        by_move = {
            move_id: {one.id for one in _concerned(about.dependants, label, named)}
            for label, move_id in moves.items()
        }
        if concerned := set().union(*by_move.values()):
            move_id = next(one for one, some in by_move.items() if some)
            moved = IncludedMoved(
                about.where.workspace_id, about.prompt_id, number, actor, concerned, move_id
            )
            await self._told.included_moved(about.tx, moved)


@dataclass(frozen=True, slots=True)
class _Inside:
    workspace_id: UUID


async def _includes(about: _About, put: Put) -> bool:
    """Whether what the labels give now, to anybody, includes something."""
    if references(put.version.text) or put.rollout is None:
        return bool(references(put.version.text))
    candidate = put.rollout.version
    return await queries.includes(about.tx, about.where, about.prompt_id, candidate)


async def _problems(about: _About, labels: Collection[str], most: int = 1) -> Sequence[AppError]:
    """Of what programs get under these labels, and of what includes the prompt."""

    async def judge(found: Found) -> Sequence[AppError]:
        own = await of_released(found, about.names[0], labels) if labels else []
        if not about.dependants:
            return own
        return [*own, *await of_dependants(found, about.prompt_id, about.names)]

    return await each_way(about.tx, about.where, about.prompt_id, judge, most)


def _concerned(
    dependants: Sequence[Dependant], label: str, there: Collection[str]
) -> list[Dependant]:
    return [one for one in dependants if one.reaches(label, there)]


def _piece(version: Version, name: str, label: str) -> Piece:
    return Piece(
        version.prompt_id, name, version.number, label, version.text, [], version.template_format
    )
