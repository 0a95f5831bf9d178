"""Map 4: what starts and stops with the process, and in which order."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from litestar import Litestar

from app.db import migrate
from app.db.engine import Database
from app.domain.inbox.streams import Streams
from app.domain.rooms import limits
from app.kit.bus import Bus
from app.kit.bus_memory import MemoryBus
from app.kit.bus_redis import RedisBus
from app.kit.supervise import Supervisor
from app.server import first_start
from app.server.jobs import Jobs
from app.server.requests import authentication
from app.server.schedule import schedule_of
from app.server.subscriptions import subscribed
from app.server.wiring.agents import agents
from app.server.wiring.imports import importing
from app.server.wiring.live import live_engine
from app.server.wiring.releases import releasing
from app.settings import Settings


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncGenerator[None, None]:
    """Start from the database upwards; stop in reverse, so that nothing loses its ground."""
    settings: Settings = app.state.settings
    database: Database = app.state.database
    if settings.is_sqlite:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    await database.examine()
    await migrate.upgrade(database)
    await first_start.apply(settings, database)
    bus: Bus = RedisBus(settings.redis_url) if settings.redis_url else MemoryBus()
    await bus.start()
    tasks = Supervisor()
    app.state.update({"bus": bus, "tasks": tasks, "streams": Streams(database, bus, tasks)})
    of_rooms = database.apart(limits.DATABASE_CONNECTIONS)
    gatekeeper = authentication.ServerGatekeeper(
        of_rooms, app.state.tickets, app.state.session_cookie
    )
    try:
        async with live_engine(settings, of_rooms, bus, tasks, gatekeeper) as rooms:
            app.state.update({"rooms": rooms, "hub": rooms.hub})
            if settings.is_sqlite:  # else `promptroom worker` does them, once for all servers
                tasks.keep("jobs", Jobs(database, schedule_of(settings)).run)
            async with (
                importing(app.state, bus),
                releasing(app.state, bus, tasks),
                agents(app.state),
                subscribed(rooms.hub, database, tasks, app.state.finder.indexer),
            ):
                yield
            await tasks.stop()
    finally:
        await app.state.streams.stop()
        await app.state.jinja.close()
        await app.state.limiter.close()
        await bus.stop()
        await of_rooms.close()
        await database.close()
