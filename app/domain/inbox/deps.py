"""How handlers get this slice's services."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide

from app.domain.inbox.service import Inbox
from app.domain.inbox.streams import Streams
from app.web.deps import Caller, Tx

AppRequest = Request[Any, Any, State]
InboxDep = NamedDependency[Inbox]
StreamsDep = NamedDependency[Streams]


async def provide_inbox(tx: Tx, caller: Caller, state: State) -> Inbox:
    return Inbox(tx, caller, state.bus)


async def provide_streams(state: State) -> Streams:
    streams: Streams = state.streams
    return streams


PROVIDERS = {"inbox": Provide(provide_inbox), "streams": Provide(provide_streams)}
