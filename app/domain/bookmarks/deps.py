"""How handlers get this slice's service."""

from __future__ import annotations

from litestar.di import NamedDependency, Provide

from app.domain.bookmarks.service import Bookmarks
from app.web.deps import Caller, Tx

BookmarksDep = NamedDependency[Bookmarks]


async def provide_bookmarks(tx: Tx, caller: Caller) -> Bookmarks:
    return Bookmarks(tx, caller)


PROVIDERS = {"bookmarks": Provide(provide_bookmarks)}
