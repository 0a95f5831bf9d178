"""How often somebody may call, counted where it costs nothing: in this process, without waiting.

Fixed windows, aligned so that all workers mean the same one. With Redis each worker tells the
others once a second what it has counted, through the storage of the `limits` library; so for a
moment after a burst begins a fleet may let through what each worker has left. Without Redis every
worker counts for itself.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import structlog
from limits.aio.storage import RedisStorage
from redis.exceptions import RedisError

from app.errors import RateLimited
from app.web.ratelimit import Limit

log = structlog.get_logger(__name__)

SHARE_SECONDS = 1.0
_PATIENCE_SECONDS = 0.5


@dataclass(slots=True)
class _Count:
    mine: int = 0
    told: int = 0  # of mine, to the others
    others: int = 0


class Meter:
    """Counts calls by whoever makes them."""

    def __init__(self, limit: Limit, storage: RedisStorage | None = None) -> None:
        self.limit = limit
        self._storage = storage
        self._window = 0
        self._counts: dict[str, _Count] = {}
        self._is_alone = False
        name = f'"{limit.name}"'
        self.policy = f"{name};q={limit.tries};w={limit.seconds}".encode()
        self._standing = f"{name};r=%d;t=%d".encode()

    def take(self, who: str) -> int:
        """Use up one; how many are left, or -1 when there was none."""
        now = time.time()
        window = int(now // self.limit.seconds)
        if window != self._window:
            self._window = window
            self._counts.clear()
        count = self._counts.get(who)
        if count is None:
            count = self._counts[who] = _Count()
        left = self.limit.tries - count.mine - count.others
        if left <= 0:
            return -1
        count.mine += 1
        return left - 1

    def is_used_up(self, who: str) -> bool:
        count = self._counts.get(who)
        is_now = self._window == int(time.time() // self.limit.seconds)
        return count is not None and is_now and count.mine + count.others >= self.limit.tries

    def admit(self, who: str) -> int:
        """As `take`. Raises `RateLimited`."""
        left = self.take(who)
        if left < 0:
            self.refuse()
        return left

    def refuse(self) -> None:
        """Raises `RateLimited`."""
        wait = self.seconds_left()
        raise RateLimited(
            f"Wait {wait} seconds, then try again.", retry_after=wait, limit=self.limit.name
        )

    def seconds_left(self) -> int:
        """Until everybody begins anew."""
        return self.limit.seconds - int(time.time()) % self.limit.seconds

    def headers(self, left: int) -> list[tuple[bytes, bytes]]:
        """As draft-ietf-httpapi-ratelimit-headers has them."""
        standing = self._standing % (max(0, left), self.seconds_left())
        return [(b"ratelimit-policy", self.policy), (b"ratelimit", standing)]

    async def share(self) -> None:
        """Tell the others, and learn of theirs."""
        if self._storage is None:
            return
        window = self._window
        try:
            for who, count in list(self._counts.items()):
                if count.mine != count.told:
                    await self._share(self._storage, window, who, count)
        except (RedisError, OSError) as error:
            if not self._is_alone:
                log.warning("metering.alone", limit=self.limit.name, cause=type(error).__name__)
            self._is_alone = True
        else:
            self._is_alone = False

    async def _share(self, storage: RedisStorage, window: int, who: str, count: _Count) -> None:
        new = count.mine - count.told
        key = self.limit.item.key_for(who, str(window))
        async with asyncio.timeout(_PATIENCE_SECONDS):
            total = await storage.incr(key, 2 * self.limit.seconds, amount=new)
        count.told += new
        count.others = max(0, total - count.told)
