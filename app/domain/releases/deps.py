"""What handlers of this slice may ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import HeaderParameter, QueryParameter

from app.access.principal import Principal
from app.domain.releases.service import Releases
from app.domain.releases.sticky import sticky_of
from app.web.metering import Meter
from app.web.slips import refuse_slips

AppRequest = Request[Any, Any, State]


StickyKey = Annotated[
    str | None,
    QueryParameter(name="key", description="Who asks: decides which side of a rollout they get."),
]
StickyHeader = Annotated[
    str | None,
    HeaderParameter(name="Promptroom-Sticky-Key", description="The same, out of addresses."),
]


@dataclass(frozen=True, slots=True)
class Counter:
    """Where programs are served: what there is, to whom, and how often."""

    caller: Principal
    releases: Releases
    calls: Meter

    def admit(self) -> list[tuple[bytes, bytes]]:
        """Headers that say how many calls are left. Raises `RateLimited`."""
        return self.calls.headers(self.calls.admit(str(self.caller.credential_id)))


Served = NamedDependency[Counter]


@dataclass(frozen=True, slots=True)
class Asking(Counter):
    """Somebody asks for what is released."""

    sticky: str  # key; "" = none
    names: Sequence[str]  # of all that stands in the query

    def refuse_slips(self, *known: str) -> None:
        """Raises `InvalidFields`: `?lable=staging` must not get what production gets."""
        if self.names:
            refuse_slips(self.names, (*known, "key"))


async def provide_asked(
    request: AppRequest,
    served: Served,
    key: StickyKey = None,  # told to readers; read as the fast lane does, from the bytes
    sticky_key: StickyHeader = None,  # as above
) -> Asking:
    sticky = sticky_of(request.scope["query_string"], request.scope["headers"])
    names = list(request.query_params) if request.scope["query_string"] else ()
    return Asking(served.caller, served.releases, served.calls, sticky, names)


Asked = NamedDependency[Asking]
PROVIDERS = {"asked": Provide(provide_asked)}
