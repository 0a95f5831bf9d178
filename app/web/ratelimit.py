"""Rate limits: counted in memory, or in Redis for many workers through the `limits` library.

While Redis does not answer every worker counts for itself: a sign-in must neither hang nor be free.

Not by that library in memory: its sweep walks all keys with a thread's hop for each, at every try,
and dies when a key is cleared meanwhile.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from limits import RateLimitItem, RateLimitItemPerSecond, WindowStats
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from prometheus_client import Counter
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig

from app.errors import RateLimited

log = structlog.get_logger(__name__)

_PATIENCE_SECONDS = 0.5  # for each question to Redis, with a person waiting for their sign-in
_ALONE_SECONDS = 5.0  # until Redis is asked again after it did not answer
T = TypeVar("T")

ALONE = Counter(
    "promptroom_ratelimit_alone", "Questions about tries answered by one worker without Redis"
)


@dataclass(frozen=True, slots=True)
class Limit:
    """`tries` in any `seconds` long stretch of time, counted under `name`."""

    name: str
    tries: int
    seconds: int

    @property
    def item(self) -> RateLimitItemPerSecond:
        return RateLimitItemPerSecond(self.tries, self.seconds, namespace=f"promptroom-{self.name}")


class MemoryWindows:
    """Moving windows of this process, with the library's vocabulary."""

    def __init__(self) -> None:
        self.taken: dict[str, deque[float]] = {}  # when, the earliest first; none for too long
        self._ends: dict[str, float] = {}  # from when on a key may be dropped
        self._sweep_at = 0.0

    async def hit(self, item: RateLimitItem, *who: str) -> bool:
        """Use up one try. There is no await within, so parallel ones cannot slip by."""
        now = time.time()
        self._sweep(now)
        taken = self._current(item, now, *who)
        if len(taken) >= item.amount:
            return False
        key = item.key_for(*who)
        taken.append(now)
        self.taken[key] = taken
        self._ends[key] = now + item.get_expiry()
        return True

    async def get_window_stats(self, item: RateLimitItem, *who: str) -> WindowStats:
        now = time.time()
        taken = self._current(item, now, *who)
        begun = taken[0] if taken else now
        return WindowStats(begun + item.get_expiry(), item.amount - len(taken))

    async def clear(self, item: RateLimitItem, *who: str) -> None:
        self.taken.pop(item.key_for(*who), None)
        self._ends.pop(item.key_for(*who), None)

    def _current(self, item: RateLimitItem, now: float, *who: str) -> deque[float]:
        taken = self.taken.get(item.key_for(*who), deque())
        while taken and taken[0] <= now - item.get_expiry():
            taken.popleft()
        return taken

    def _sweep(self, now: float) -> None:
        if now < self._sweep_at:
            return
        self._sweep_at = now + 60
        for key in [key for key, end in self._ends.items() if end <= now]:
            del self.taken[key], self._ends[key]


class SharedWindows:
    """Moving windows in Redis; in this process while Redis does not answer."""

    def __init__(self, redis_url: str) -> None:
        self._pool = ConnectionPool.from_url(
            redis_url,
            client_name="promptroom-limits",
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
        storage = RedisStorage(
            "async+redis://",  # the pool knows where
            implementation="redispy",
            connection_pool=self._pool,  # type: ignore[arg-type]  # as its documentation says
        )
        self.storage = storage
        self._shared = MovingWindowRateLimiter(storage)
        self._own = MemoryWindows()
        self._is_alone = False
        self._alone_until = 0.0

    async def hit(self, item: RateLimitItem, *who: str) -> bool:
        return await self._ask(self._shared.hit, self._own.hit, item, *who)

    async def get_window_stats(self, item: RateLimitItem, *who: str) -> WindowStats:
        ours = self._own.get_window_stats
        return await self._ask(self._shared.get_window_stats, ours, item, *who)

    async def clear(self, item: RateLimitItem, *who: str) -> None:
        await self._own.clear(item, *who)
        await self._ask(self._shared.clear, self._own.clear, item, *who)

    async def close(self) -> None:
        await self._pool.disconnect()

    async def _ask(
        self, shared: Callable[..., Awaitable[T]], own: Callable[..., Awaitable[T]], *what: Any
    ) -> T:
        now = time.monotonic()
        if self._is_alone and now < self._alone_until:
            ALONE.inc()
            return await own(*what)
        self._alone_until = now + _ALONE_SECONDS  # while one tries, others need not wait, too
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                answer = await shared(*what)
        except (RedisError, OSError) as error:
            if not self._is_alone:
                log.warning("ratelimit.alone", cause=type(error).__name__)
            self._is_alone = True
            ALONE.inc()
            return await own(*what)
        if self._is_alone:
            log.info("ratelimit.shared")
        self._is_alone = False
        return answer


class RateLimiter:
    """Counts tries. A try is taken before the work it pays for, so parallel ones cannot slip by."""

    def __init__(self, redis_url: str = "") -> None:
        self._strategy: MemoryWindows | SharedWindows = (
            SharedWindows(redis_url) if redis_url else MemoryWindows()
        )

    async def take(self, limit: Limit, *who: str) -> int:
        """Use up one try of `who`; gives how many are left. Raises `RateLimited` without one."""
        if not await self._strategy.hit(limit.item, *who):
            wait = await self._wait(limit, *who)
            raise RateLimited(
                f"Wait {wait} seconds, then try again.",
                retry_after=wait,
                limit=limit.name,
            )
        stats = await self._strategy.get_window_stats(limit.item, *who)
        return stats.remaining

    async def forget(self, limit: Limit, *who: str) -> None:
        """Give `who` all tries back."""
        await self._strategy.clear(limit.item, *who)

    @property
    def storage(self) -> RedisStorage | None:
        """Where many workers count together; none = here alone."""
        return self._strategy.storage if isinstance(self._strategy, SharedWindows) else None

    async def close(self) -> None:
        """Let go of Redis."""
        if isinstance(self._strategy, SharedWindows):
            await self._strategy.close()

    async def _wait(self, limit: Limit, *who: str) -> int:
        stats = await self._strategy.get_window_stats(limit.item, *who)
        return max(1, math.ceil(stats.reset_time - time.time()))
