"""Rate limits over the `limits` library: counted in memory, or in Redis for many workers."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from limits import RateLimitItemPerSecond
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string

from app.errors import RateLimited


@dataclass(frozen=True, slots=True)
class Limit:
    """`tries` in any `seconds` long stretch of time, counted under `name`."""

    name: str
    tries: int
    seconds: int

    @property
    def item(self) -> RateLimitItemPerSecond:
        return RateLimitItemPerSecond(self.tries, self.seconds, namespace=f"promptroom-{self.name}")


class RateLimiter:
    """Counts tries. A try is taken before the work it pays for, so parallel ones cannot slip by."""

    def __init__(self, redis_url: str = "") -> None:
        where = f"async+{redis_url}" if redis_url else "async+memory://"
        options = {"implementation": "redispy"} if redis_url else {}
        storage = storage_from_string(where, **options)
        self._strategy = MovingWindowRateLimiter(storage)

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

    async def _wait(self, limit: Limit, *who: str) -> int:
        stats = await self._strategy.get_window_stats(limit.item, *who)
        return max(1, math.ceil(stats.reset_time - time.time()))
