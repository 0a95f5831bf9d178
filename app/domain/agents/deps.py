"""What handlers of this slice may ask for."""

from __future__ import annotations

from dataclasses import dataclass

from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery

from app.domain.agents.desk import Desk
from app.domain.agents.sessions import Sessions
from app.domain.agents.transport import Transport
from app.domain.prompts.ports import Finder, Releases, Rooms
from app.domain.releases.deps import Counter
from app.domain.releases.selector import PRODUCTION
from app.domain.rooms.visiting import Visitors
from app.domain.threads.ports import Audience
from app.web.deps import Caller, Db


@dataclass(frozen=True, slots=True)
class Office:
    """What the process has one of, for all agents."""

    transport: Transport
    sessions: Sessions
    visitors: Visitors


AgentDep = NamedDependency[Desk]
OfficeDep = NamedDependency[Office]
_Served = NamedDependency[Counter]
_Rooms = NamedDependency[Rooms]
_Releases = NamedDependency[Releases]
_Finder = NamedDependency[Finder]
_Audience = NamedDependency[Audience]


async def provide_office(state: State) -> Office:
    office: Office = state.office
    return office


async def provide_agent(  # noqa: PLR0913  # one for each slice that its tools reach into
    *,
    database: Db,
    caller: Caller,
    office: OfficeDep,
    rooms: _Rooms,
    releases: _Releases,
    served: _Served,
    finder: _Finder,
    audience: _Audience,
    label: FromQuery[str] = PRODUCTION,
) -> Desk:
    return Desk(
        database.within(caller),
        caller,
        rooms,
        office.visitors,
        releases,
        served.releases,
        finder,
        audience,
        label,
    )


PROVIDERS = {"office": Provide(provide_office), "agent": Provide(provide_agent)}
