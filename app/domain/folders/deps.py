"""How handlers get this slice's service."""

from __future__ import annotations

from litestar.di import NamedDependency, Provide

from app.domain.folders.service import Folders
from app.domain.prompts.ports import Rooms
from app.web.deps import Caller, Tx

FoldersDep = NamedDependency[Folders]
_Rooms = NamedDependency[Rooms]


async def provide_shelving(tx: Tx, caller: Caller, rooms: _Rooms) -> Folders:
    return Folders(tx, caller, rooms)


# Not "folders": that is what the sidebar of every page is drawn with.
PROVIDERS = {"shelving": Provide(provide_shelving)}
