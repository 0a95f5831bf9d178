"""What slices need of slices they may not import, handed to them as dependencies."""

from __future__ import annotations

from litestar.datastructures import State
from litestar.di import Provide

from app.domain.activity import deps as activity
from app.domain.agents import deps as agents
from app.domain.bookmarks import deps as bookmarks
from app.domain.bookmarks.service import StarsOf
from app.domain.composition import deps as composing
from app.domain.composition.guarding import Guard
from app.domain.exchange import deps as exchange
from app.domain.folders import deps as folders
from app.domain.inbox import deps as inbox
from app.domain.inbox.audience import InboxAudience
from app.domain.prompts import deps as prompts
from app.domain.prompts.ports import Finder, Releases, Rooms, Stars
from app.domain.tags import deps as tags
from app.domain.threads import deps as threads
from app.domain.threads.ports import Audience
from app.domain.versions import deps as versions
from app.domain.versions.ports import Composition, Readers
from app.domain.versions.prompts_port import VersionReleases
from app.server.wiring import releases


async def provide_rooms(state: State) -> Rooms:
    rooms: Rooms = state.hub
    return rooms


async def provide_composition(state: State) -> Composition:
    return Guard(InboxAudience(state.bus))


async def provide_releases(state: State) -> Releases:
    return VersionReleases(Guard(InboxAudience(state.bus)))


async def provide_stars() -> Stars:
    return StarsOf()


async def provide_finder(state: State) -> Finder:
    finder: Finder = state.finder
    return finder


async def provide_audience(state: State) -> Audience:
    return InboxAudience(state.bus)


async def provide_readers(state: State) -> Readers:
    return InboxAudience(state.bus)


PROVIDERS = {
    "audience": Provide(provide_audience),
    "readers": Provide(provide_readers),
    "composition": Provide(provide_composition),
    "finder": Provide(provide_finder),
    "rooms": Provide(provide_rooms),
    "releases": Provide(provide_releases),
    "stars": Provide(provide_stars),
    **bookmarks.PROVIDERS,
    **prompts.PROVIDERS,
    **versions.PROVIDERS,
    **composing.PROVIDERS,
    **exchange.PROVIDERS,
    **folders.PROVIDERS,
    **activity.PROVIDERS,
    **inbox.PROVIDERS,
    **tags.PROVIDERS,
    **threads.PROVIDERS,
    **releases.PROVIDERS,
    **agents.PROVIDERS,
}
