"""Puts together what programs are answered from."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from litestar.datastructures import State
from litestar.di import Provide

from app.domain.releases import deps
from app.domain.releases.cache import Cache
from app.domain.releases.deps import Counter
from app.domain.releases.news import LOOK_SECONDS, News
from app.domain.releases.service import Releases
from app.kit.bus import Bus
from app.kit.supervise import Supervisor
from app.server.requests.counter import ApiCounter
from app.server.requests.fast_lane import Memory
from app.web.deps import Caller


@asynccontextmanager
async def releasing(state: State, bus: Bus, tasks: Supervisor) -> AsyncGenerator[None, None]:
    """Programs are answered for as long as the block runs."""
    calls = state.settings.api_calls_per_minute
    counter = ApiCounter(state.database, calls, state.limiter.storage)
    news = News(state.database, Cache(), bus)
    counter.start(bus, tasks)
    counter.ring.on_gone.append(news.key_gone)
    counter.ring.watched.append(news.key_ids)
    tasks.every("releases.look", LOOK_SECONDS, news.look)
    state.update(
        {
            "counter": counter,
            "news": news,
            "released": Releases(state.database, news, state.jinja),
            "lane": Memory(counter.ring, counter.calls, news),
        }
    )
    try:
        yield
    finally:
        await news.stop()


async def provide_served(state: State, caller: Caller) -> Counter:
    return Counter(caller, state.released, state.counter.calls)


PROVIDERS = {"served": Provide(provide_served), **deps.PROVIDERS}
