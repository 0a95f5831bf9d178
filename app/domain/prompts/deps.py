"""How handlers get this slice's services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.db.engine import Database
from app.domain.prompts.jinja import Jinja
from app.domain.prompts.library.listing import Library
from app.domain.prompts.old_names import OldNames
from app.domain.prompts.ports import Composition, Filters, Finder, Releases, Rooms, Stars
from app.domain.prompts.service import Prompts
from app.web.deps import Caller, Db, Tx

T = TypeVar("T")

MOST_VALUES = 50  # of one filter

AppRequest = Request[Any, Any, State]
LiveRooms = NamedDependency[Rooms]
ReleasesDep = NamedDependency[Releases]
FinderDep = NamedDependency[Finder]
StarsDep = NamedDependency[Stars]
JinjaDep = NamedDependency[Jinja]
CompositionDep = NamedDependency[Composition]


@dataclass(frozen=True, slots=True)
class Desk:
    """For handlers that wait for a room and so may not hold the request's transaction."""

    database: Database  # within the caller's workspace
    caller: Principal
    rooms: Rooms
    releases: Releases
    finder: Finder
    stars: Stars
    jinja: Jinja
    composition: Composition

    def prompts(self, tx: AsyncSession) -> Prompts:
        return Prompts(tx, self.caller, self.rooms, self.composition)

    @property
    def library(self) -> Library:
        return Library(self.caller, self.releases, self.finder)


LibraryDep = NamedDependency[Library]
PromptsDep = NamedDependency[Prompts]
OldNamesDep = NamedDependency[OldNames]
DeskDep = NamedDependency[Desk]
FiltersDep = NamedDependency[Filters]


async def provide_library(caller: Caller, releases: ReleasesDep, finder: FinderDep) -> Library:
    return Library(caller, releases, finder)


async def provide_prompts(
    tx: Tx, caller: Caller, rooms: LiveRooms, composition: CompositionDep
) -> Prompts:
    return Prompts(tx, caller, rooms, composition)


async def provide_old_names(tx: Tx, caller: Caller, composition: CompositionDep) -> OldNames:
    return OldNames(tx, caller, composition)


async def provide_desk(  # noqa: PLR0913  # all that stands on a desk
    *,
    database: Db,
    caller: Caller,
    rooms: LiveRooms,
    releases: ReleasesDep,
    finder: FinderDep,
    stars: StarsDep,
    jinja: JinjaDep,
    composition: CompositionDep,
) -> Desk:
    database = database.within(caller)
    return Desk(database, caller, rooms, releases, finder, stars, jinja, composition)


async def provide_jinja(state: State) -> Jinja:
    jinja: Jinja = state.jinja
    return jinja


async def provide_filters(  # noqa: PLR0913  # one for each that an address can name
    *,
    q: FromQuery[str] = "",
    tag: FromQuery[list[str] | None] = None,
    folder: FromQuery[str] = "",
    label: FromQuery[list[str] | None] = None,
    model: FromQuery[list[str] | None] = None,
    owner: FromQuery[list[UUID] | None] = None,
    archived: FromQuery[bool] = False,
) -> Filters:
    return Filters(
        q, folder, _several(tag), _several(label), _several(model), _several(owner), archived
    )


def _several(values: list[T] | None) -> tuple[T, ...]:
    """Each once, none of them empty."""
    return tuple(dict.fromkeys(one for one in values or () if one))[:MOST_VALUES]


PROVIDERS = {
    "library": Provide(provide_library),
    "prompts": Provide(provide_prompts),
    "old_names": Provide(provide_old_names),
    "desk": Provide(provide_desk),
    "filters": Provide(provide_filters),
    "jinja": Provide(provide_jinja),
}
