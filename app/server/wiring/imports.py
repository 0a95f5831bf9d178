"""Imports that go on behind people's backs, for as long as the process lives."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from litestar.datastructures import State

from app.domain.exchange.imports.running import Imports
from app.kit.bus import Bus


@asynccontextmanager
async def importing(state: State, bus: Bus) -> AsyncGenerator[None, None]:
    imports = Imports(state.database, state.hub, bus)
    state.imports = imports
    try:
        yield
    finally:
        await imports.stop()
