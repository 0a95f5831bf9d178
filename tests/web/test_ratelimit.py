"""Rate limits, with a clock that stands still."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from app.errors import RateLimited
from app.web import ratelimit
from app.web.ratelimit import Limit, MemoryWindows, RateLimiter, SharedWindows
from tests.support.clocks import HeldClock
from tests.support.services import RedisServer

pytestmark = pytest.mark.anyio

THREE = Limit("three", tries=3, seconds=60)
OTHER = Limit("other", tries=3, seconds=60)


@pytest.fixture(autouse=True)
def held(monkeypatch: pytest.MonkeyPatch) -> HeldClock:
    return HeldClock(monkeypatch)


class TestTaking:
    async def test_it_says_how_many_are_left_and_then_how_long_to_wait(
        self, held: HeldClock
    ) -> None:
        limiter = RateLimiter()
        assert [await limiter.take(THREE, "a") for _ in range(3)] == [2, 1, 0]
        held.forward(seconds=20)
        with pytest.raises(RateLimited) as caught:
            await limiter.take(THREE, "a")
        assert caught.value.retry_after == 40
        assert caught.value.extra == {"limit": "three"}

    async def test_tries_come_back_one_by_one(self, held: HeldClock) -> None:
        limiter = RateLimiter()
        for _ in range(3):
            await limiter.take(THREE, "a")
            held.forward(seconds=10)
        held.forward(seconds=31)
        assert await limiter.take(THREE, "a") == 0
        with pytest.raises(RateLimited):
            await limiter.take(THREE, "a")

    async def test_everybody_and_every_limit_has_a_count_of_its_own(self) -> None:
        limiter = RateLimiter()
        for _ in range(3):
            await limiter.take(THREE, "a")
        assert await limiter.take(THREE, "b") == 2
        assert await limiter.take(THREE, "a", "b") == 2
        assert await limiter.take(OTHER, "a") == 2

    async def test_parallel_tries_get_no_more_than_there_are(self) -> None:
        limiter = RateLimiter()
        results = await asyncio.gather(
            *(limiter.take(THREE, "a") for _ in range(30)), return_exceptions=True
        )
        assert sum(isinstance(result, int) for result in results) == 3

    async def test_forgetting_gives_all_back(self) -> None:
        limiter = RateLimiter()
        for _ in range(3):
            await limiter.take(THREE, "a")
        await limiter.forget(THREE, "a")
        assert await limiter.take(THREE, "a") == 2


class TestMemory:
    async def test_those_long_gone_are_forgotten(self, held: HeldClock) -> None:
        limiter = RateLimiter()
        for number in range(500):
            await limiter.take(THREE, f"address-{number}")
        held.forward(seconds=61)
        await limiter.take(THREE, "one more")
        assert isinstance(limiter._strategy, MemoryWindows)
        assert len(limiter._strategy.taken) == 1

    async def test_a_clock_that_steps_back_locks_nobody_out_for_long(self, held: HeldClock) -> None:
        limiter = RateLimiter()
        for _ in range(3):
            await limiter.take(THREE, "a")
        held.forward(seconds=-600)
        await limiter.take(THREE, "b")
        held.forward(seconds=661)
        assert await limiter.take(THREE, "a") == 2


class TestShared:
    """Over workers, in a real Redis."""

    @pytest.fixture
    def redis(self) -> Iterator[RedisServer]:
        with RedisServer() as server:
            yield server

    @pytest.fixture(autouse=True)
    def held(self) -> None:
        """Redis has a clock of its own."""

    @pytest.fixture
    async def limiter(self, redis: RedisServer) -> AsyncIterator[RateLimiter]:
        limiter = RateLimiter(redis.url)
        yield limiter
        await limiter.close()

    async def test_workers_share_a_budget(self, redis: RedisServer, limiter: RateLimiter) -> None:
        other = RateLimiter(redis.url)
        taken = [await one.take(THREE, "a") for one in (limiter, other, limiter)]
        assert taken == [2, 1, 0]
        with pytest.raises(RateLimited):
            await other.take(THREE, "a")
        await limiter.forget(THREE, "a")
        assert await other.take(THREE, "a") == 2
        await other.close()

    @pytest.mark.parametrize("seconds", [0.0, 60.0], ids=["asked each time", "left alone"])
    async def test_without_redis_each_counts_for_itself(
        self,
        redis: RedisServer,
        limiter: RateLimiter,
        monkeypatch: pytest.MonkeyPatch,
        seconds: float,
    ) -> None:
        monkeypatch.setattr(ratelimit, "_ALONE_SECONDS", seconds)
        redis.stop()
        before = alone()
        with capture_logs() as lines:
            assert [await limiter.take(THREE, "a") for _ in range(3)] == [2, 1, 0]
            with pytest.raises(RateLimited):
                await limiter.take(THREE, "a")
            await limiter.forget(THREE, "a")
            assert await limiter.take(THREE, "a") == 2
        assert [line["event"] for line in lines] == ["ratelimit.alone"], "said once"
        assert alone() - before == 11, "five takes of two questions each, and one to forget"

    async def test_a_redis_that_hangs_holds_nobody_up(
        self, redis: RedisServer, limiter: RateLimiter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ratelimit, "_PATIENCE_SECONDS", 0.1)
        await limiter.take(THREE, "a")
        redis.pause()
        asked = counted(limiter, monkeypatch)
        async with asyncio.timeout(5):
            assert await limiter.take(THREE, "a") == 2
            await asyncio.gather(*(limiter.take(THREE, f"b{number}") for number in range(100)))
        assert len(asked) == 1, "one waited for it, the others did not"

    async def test_when_redis_is_back_the_budget_is_shared_again(
        self, redis: RedisServer, limiter: RateLimiter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ratelimit, "_ALONE_SECONDS", 0.0)
        other = RateLimiter(redis.url)
        await limiter.take(THREE, "a")
        redis.stop()
        assert await limiter.take(THREE, "a") == 2
        redis.start()  # it remembers nothing
        with capture_logs() as lines:
            assert await limiter.take(THREE, "a") == 2
        assert [line["event"] for line in lines] == ["ratelimit.shared"]
        assert await other.take(THREE, "a") == 1
        await other.close()

    async def test_an_emptied_redis_begins_anew(
        self, redis: RedisServer, limiter: RateLimiter
    ) -> None:
        await limiter.take(THREE, "a")
        redis.flush()
        redis.run("SCRIPT", "FLUSH")
        assert await limiter.take(THREE, "a") == 2

    async def test_a_socket_file_and_a_password_will_do(self) -> None:
        with RedisServer(password="s3cret") as redis:
            url = redis.socket_url.replace("unix://", "unix://:s3cret@")
            limiter, other = RateLimiter(url), RateLimiter(redis.url)
            assert await limiter.take(THREE, "a") == 2
            assert await other.take(THREE, "a") == 1
            await limiter.close()
            await other.close()

    async def test_whoever_gives_up_waiting_leaves_no_answer_for_others(
        self, limiter: RateLimiter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Redis's answers have no address: one that nobody took would go to whoever asks next."""
        # A busy machine is slow to answer; then the limiter would count alone, from zero.
        monkeypatch.setattr(ratelimit, "_PATIENCE_SECONDS", 30.0)
        many = [Limit(f"limit {number}", tries=100, seconds=60) for number in range(20)]
        for number, limit in enumerate(many):
            for _ in range(number):
                await limiter.take(limit, "a")
        dice = random.Random(1)

        async def ask() -> None:
            number = dice.randrange(20)
            item = many[number].item
            asking = asyncio.create_task(limiter._strategy.get_window_stats(item, "a"))
            for _ in range(dice.randrange(8)):
                await asyncio.sleep(0)
            if dice.random() < 0.5:
                asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                assert (await asking).remaining == 100 - number

        for _ in range(100):
            await asyncio.gather(*(ask() for _ in range(20)))


def alone() -> float:
    return REGISTRY.get_sample_value("promptroom_ratelimit_alone_total") or 0.0


def counted(limiter: RateLimiter, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows with each question that goes to Redis."""
    strategy = limiter._strategy
    assert isinstance(strategy, SharedWindows)
    asked: list[str] = []
    for name in ("hit", "get_window_stats", "clear"):
        original = getattr(strategy._shared, name)

        def counting(*what: Any, name: str = name, original: Any = original) -> Any:
            asked.append(name)
            return original(*what)

        monkeypatch.setattr(strategy._shared, name, counting)
    return asked
