"""How handlers get this slice's service."""

from __future__ import annotations

from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery

from app.domain.activity.service import Activities, Narrowed
from app.web.deps import Caller, Tx

ActivitiesDep = NamedDependency[Activities]
NarrowedDep = NamedDependency[Narrowed]


async def provide_activities(tx: Tx, caller: Caller) -> Activities:
    return Activities(tx, caller)


async def provide_narrowed(kind: FromQuery[str] = "", by: FromQuery[str] = "") -> Narrowed:
    return Narrowed(kind, by)


PROVIDERS = {
    "activities": Provide(provide_activities),
    "narrowed": Provide(provide_narrowed),
}
