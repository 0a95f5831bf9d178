"""How handlers get this slice's service."""

from __future__ import annotations

from litestar.di import NamedDependency, Provide

from app.domain.prompts.ports import Rooms
from app.domain.tags.service import Tags
from app.web.deps import Caller, Tx

TagsDep = NamedDependency[Tags]
_Rooms = NamedDependency[Rooms]


async def provide_tagging(tx: Tx, caller: Caller, rooms: _Rooms) -> Tags:
    return Tags(tx, caller, rooms)


# Not "tags": Litestar answers 500 for a body whose wrong field is called like a dependency.
PROVIDERS = {"tagging": Provide(provide_tagging)}
