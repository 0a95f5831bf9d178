"""How handlers get this slice's service."""

from __future__ import annotations

from litestar.di import NamedDependency, Provide

from app.domain.composition.service import Composition
from app.domain.prompts.ports import Rooms
from app.web.deps import Caller, Tx

ComposedDep = NamedDependency[Composition]
_Rooms = NamedDependency[Rooms]


async def provide_composed(tx: Tx, caller: Caller, rooms: _Rooms) -> Composition:
    return Composition(tx, caller, rooms)


# Not "composition": that is what versions ask before they let a label go.
PROVIDERS = {"composed": Provide(provide_composed)}
