"""What handlers of this slice may ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency

from app.access.principal import Principal
from app.domain.releases.service import Releases
from app.web.metering import Meter

AppRequest = Request[Any, Any, State]


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
