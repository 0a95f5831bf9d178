"""Puts together what agents are answered from; nothing of it costs anything before one comes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from litestar.datastructures import State

from app.domain.agents.deps import Office
from app.domain.agents.sessions import Sessions
from app.domain.agents.transport import Transport
from app.domain.rooms.visiting import Visitors


@asynccontextmanager
async def agents(state: State) -> AsyncGenerator[None, None]:
    """Agents are answered for as long as the block runs."""
    transport = Transport()
    state.office = Office(transport, Sessions(state.settings.secret_key), Visitors(state.hub))
    try:
        yield
    finally:
        await transport.stop()
