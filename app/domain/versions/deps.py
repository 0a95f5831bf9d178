"""How handlers get this slice's services."""

from __future__ import annotations

from dataclasses import dataclass

from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery

from app.domain.prompts.deps import JinjaDep
from app.domain.prompts.ports import Rooms
from app.domain.versions.history import History
from app.domain.versions.labels.labels import Labels
from app.domain.versions.ports import Composition, Readers
from app.domain.versions.service import Versions
from app.web.deps import Caller, Db, Tx
from app.web.paging import DEFAULT_LIMIT, checked_limit


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a list, for handlers that take much else."""

    limit: int
    cursor: str | None


PartDep = NamedDependency[Part]
HistoryDep = NamedDependency[History]
LabelsDep = NamedDependency[Labels]
VersionsDep = NamedDependency[Versions]
_Rooms = NamedDependency[Rooms]
_Readers = NamedDependency[Readers]
_Composition = NamedDependency[Composition]


async def provide_history(tx: Tx, caller: Caller, rooms: _Rooms) -> History:
    return History(tx, caller, rooms)


async def provide_labelling(
    tx: Tx, caller: Caller, rooms: _Rooms, composition: _Composition
) -> Labels:
    return Labels(tx, caller, rooms, composition)


async def provide_versions(
    *,
    database: Db,
    caller: Caller,
    rooms: _Rooms,
    readers: _Readers,
    jinja: JinjaDep,
    composition: _Composition,
) -> Versions:
    return Versions(database, caller, rooms, readers, jinja, composition)


async def provide_part(
    limit: FromQuery[int] = DEFAULT_LIMIT, cursor: FromQuery[str | None] = None
) -> Part:
    return Part(checked_limit(limit), cursor)


PROVIDERS = {
    "part": Provide(provide_part),
    "history": Provide(provide_history),
    # Not "labels": Litestar answers 500 for a body whose wrong field is called like a dependency.
    "labelling": Provide(provide_labelling),
    "versions": Provide(provide_versions),
}
