"""The bus across workers, with a Redis that restarts, hangs, refuses and cuts off."""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from app.kit import bus_queue, bus_redis
from app.kit.bus_redis import RedisBus
from tests.support.services import RedisServer
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The product's own event loop, which looks at timers before it reads."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hanging Redis is given up within 0.2 seconds instead of three."""
    for name in ("PING_SECONDS", "SILENT_SECONDS", "CONNECT_SECONDS", "SAY_SECONDS"):
        monkeypatch.setattr(bus_redis, name, 0.1)


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each try to connect; they follow each other fast."""
    tried: list[int] = []
    opening = bus_redis.RedisLink.open

    async def counting(link: Any) -> None:
        tried.append(1)
        await opening(link)

    monkeypatch.setattr(bus_redis, "MOST_PAUSE_SECONDS", 0.005)
    monkeypatch.setattr(bus_redis.RedisLink, "open", counting)
    return tried


class Worker:
    """A bus with what was heard on the topic `room`."""

    def __init__(self, url: str) -> None:
        self.bus = RedisBus(url)
        self.heard: list[int] = []
        self.gaps = 0
        self.bus.subscribe("room", lambda payload: self.heard.append(int(payload)))
        self.bus.on_gap(self._gap)

    def say(self, *numbers: int) -> None:
        for number in numbers:
            self.bus.publish("room", b"%d" % number)

    def _gap(self) -> None:
        self.gaps += 1


@asynccontextmanager
async def running(*urls: str) -> AsyncIterator[Any]:
    """Workers that run; one alone or a list."""
    workers = [Worker(url) for url in urls]
    try:
        for worker in workers:
            await worker.bus.start()
        yield workers if len(workers) > 1 else workers[0]
    finally:
        for worker in workers:
            await worker.bus.stop()


async def hears_again(listener: Worker, speaker: Worker) -> None:
    """Whatever is still being cut off: from some moment on everything arrives."""
    for number in range(10_000, 10_500):
        speaker.say(number)
        await asyncio.sleep(0.01)
        if number in listener.heard:
            return
    raise AssertionError("nothing arrives any more")


async def both_stand(*workers: Worker) -> None:
    await until(lambda: all(worker.bus.is_healthy for worker in workers), what="both to be back")
    for worker in workers:
        assert await worker.bus.settled()


def figure(name: str) -> float:
    return REGISTRY.get_sample_value(f"promptroom_bus_{name}") or 0.0


def counted(name: str) -> Callable[[], float]:
    """How much the counter has grown since now."""
    before = figure(f"{name}_total")
    return lambda: figure(f"{name}_total") - before


class TestTwoWorkers:
    async def test_each_hears_the_other_and_itself_once(self, server: RedisServer) -> None:
        received, published = counted("received"), counted("published")
        async with running(server.url, server.url) as (one, other):
            one.say(1, 2, 3)
            await until(lambda: other.heard == [1, 2, 3])
            other.say(4)
            await until(lambda: one.heard == [1, 2, 3, 4])
            assert await one.bus.settled()
            assert await other.bus.settled()
            assert one.heard == other.heard == [1, 2, 3, 4]
        assert (received(), published()) == (4, 4)

    async def test_a_storm_arrives_complete(self, server: RedisServer) -> None:
        async with running(server.url, server.url) as (one, other):
            one.say(*range(10_000))
            other.say(*range(10_000, 20_000))
            await until(lambda: len(one.heard) == len(other.heard) == 20_000)
            assert [n for n in other.heard if n < 10_000] == list(range(10_000))
            assert [n for n in one.heard if n >= 10_000] == list(range(10_000, 20_000))

    async def test_what_is_said_in_one_turn_leaves_as_one(
        self, server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with running(server.url, server.url) as (one, other):
            writes: list[int] = []
            send = bus_redis.RedisLink.send

            async def counting(link: Any, commands: Any) -> None:
                writes.append(len(commands))
                await send(link, commands)

            monkeypatch.setattr(bus_redis.RedisLink, "send", counting)
            one.say(*range(100))
            await until(lambda: len(other.heard) == 100)
            assert 100 in writes

    async def test_a_storm_leaves_turns_to_others(
        self, server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bus_redis, "TURN", 10)
        async with running(server.url, server.url) as (one, other):
            turns: list[int] = []

            async def take_turns() -> None:
                while len(other.heard) < 2000:
                    turns.append(len(other.heard))
                    await asyncio.sleep(0)

            one.say(*range(2000))
            async with asyncio.timeout(10):
                await take_turns()
            assert max(after - before for before, after in itertools.pairwise(turns)) <= 10

    async def test_settled_means_that_nothing_is_missed_from_then_on(
        self, server: RedisServer
    ) -> None:
        async with running(server.url, server.url) as (one, other):
            heard: list[bytes] = []
            for number in range(100):
                leave = one.bus.subscribe(f"new {number}", heard.append)
                assert await one.bus.settled()
                other.bus.publish(f"new {number}", b"%d" % number)
                await until(lambda expected=number + 1: len(heard) == expected)
                leave()

    async def test_thousands_of_topics_come_and_go(self, server: RedisServer) -> None:
        async with running(server.url, server.url) as (one, other):
            heard: list[bytes] = []
            leaving = [one.bus.subscribe(f"topic {n}", heard.append) for n in range(3000)]
            assert await one.bus.settled()
            for number in range(3000):
                other.bus.publish(f"topic {number}", b"%d" % number)
            await until(lambda: len(heard) == 3000)
            for leave in leaving:
                leave()
            assert await one.bus.settled()
            assert server.channels() == {"promptroom:0:room", "promptroom:0:bus.loss"}
            assert one.bus._subscribed == {"room", "bus.loss"}
            assert not one.bus._changed

    async def test_a_topic_that_came_and_went_at_once_costs_nothing(
        self, server: RedisServer
    ) -> None:
        async with running(server.url) as one:
            before = server.run("INFO", "commandstats")
            one.bus.subscribe("brief", lambda _payload: None)()
            assert await one.bus.settled()
            after = server.run("INFO", "commandstats")
            assert after["cmdstat_subscribe"]["calls"] == before["cmdstat_subscribe"]["calls"]
            assert "cmdstat_unsubscribe" not in after

    async def test_installations_in_other_databases_are_apart(self, server: RedisServer) -> None:
        url = server.url.removesuffix("/0") + "/1"
        async with running(server.url, url) as (one, foreign):
            one.say(1)
            assert await one.bus.settled()
            assert await foreign.bus.settled()
            assert foreign.heard == []

    async def test_what_others_put_on_our_channels_hurts_nobody(self, server: RedisServer) -> None:
        async with running(server.url, server.url) as (one, other):
            with capture_logs() as lines:
                for junk in ("", "short", "x" * 15):
                    server.run("PUBLISH", "promptroom:0:room", junk)
                one.say(1)
                await until(lambda: other.heard == [1])
            assert lines == []

    async def test_the_last_words_of_a_worker_arrive(self, server: RedisServer) -> None:
        async with running(server.url, server.url) as (one, other):
            other.say(*range(3000))
            await other.bus.stop()
            await until(lambda: len(one.heard) == 3000)

    async def test_nothing_stays_behind(self, server: RedisServer) -> None:
        async with running(server.url) as one:
            assert len(clients(server)) == 1
        assert figure("connected") == 0
        assert not one.bus.is_healthy
        await until(lambda: not clients(server))
        assert not [task for task in asyncio.all_tasks() if task.get_name() == "bus"]

    async def test_a_socket_file_and_a_password_will_do(self) -> None:
        with RedisServer(password="s3cret") as server:
            by_file = server.socket_url.replace("unix://", "unix://:s3cret@")
            async with running(server.url, by_file) as (one, other):
                one.say(1)
                await until(lambda: other.heard == [1])


class TestGaps:
    async def test_told_when_every_subscription_stands(self, server: RedisServer) -> None:
        async with running(server.url) as one:
            assert one.gaps == 1, "it may have missed what was said before"
            standing: list[set[str]] = []
            one.bus.on_gap(lambda: standing.append(server.channels()))
            for number in range(2000):
                one.bus.subscribe(f"topic {number}", lambda _payload: None)
            server.kill_clients()
            await until(lambda: standing)
            assert len(standing[0]) == 2002
            assert one.bus.is_healthy

    async def test_told_to_the_others_when_a_worker_had_to_drop(
        self, server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bus_queue, "MOST", 10)
        dropped, gaps = counted("dropped"), counted("gaps")
        async with running(server.url, server.url) as (one, other):
            one.say(*range(100))
            await until(lambda: other.gaps == 2)
            assert other.heard == list(range(90, 100)), "told after what is left"
            assert one.gaps == 1, "it knows what it said"
        assert (dropped(), gaps()) == (90, 3)

    async def test_a_failing_listener_hurts_nobody(self, server: RedisServer) -> None:
        async with running(server.url) as one:

            def fail() -> None:
                raise ValueError("planted")

            one.bus.on_gap(fail)
            calls: list[int] = []
            leave = one.bus.on_gap(lambda: calls.append(1))
            with capture_logs() as lines:
                server.kill_clients()
                await until(lambda: calls)
            assert "bus.gap_listener_failed" in [line["event"] for line in lines]
            leave()
            server.kill_clients()
            await until(lambda: one.gaps == 3)
            assert calls == [1]


class TestBusy:
    """A worker that is busy itself must not take that for a Redis that hangs."""

    @pytest.fixture(autouse=True)
    def _watchful(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bus_redis, "PING_SECONDS", 0.0)  # one is always under way
        monkeypatch.setattr(bus_redis, "SILENT_SECONDS", 0.2)

    async def test_behind_a_flood_it_does_not_hang_up(self, server: RedisServer) -> None:
        async with running(server.url, server.url) as (one, other):
            other.bus.subscribe("room", lambda _payload: time.sleep(0.0005))
            one.say(*range(3000))
            await until(lambda: len(other.heard) == 3000)
            assert (one.gaps, other.gaps) == (1, 1)

    async def test_after_standing_still_it_does_not_hang_up(self, server: RedisServer) -> None:
        async with running(server.url, server.url) as (one, other):
            for _ in range(5):
                time.sleep(0.5)  # noqa: ASYNC251  (the event loop is to stand still)
                await asyncio.sleep(0.05)
            assert await one.bus.settled()
            assert (one.gaps, other.gaps) == (1, 1)


class TestCutOff:
    async def test_one_cut_off_publisher_is_heard_complete_and_once(
        self, server: RedisServer
    ) -> None:
        async with running(server.url) as listener:
            [mine] = clients(server)
            async with running(server.url) as speaker:
                for number in range(2000):
                    speaker.say(number)
                    if number % 100 == 50:
                        for client in clients(server) - {mine}:
                            server.run("CLIENT", "KILL", "ID", client)
                    await asyncio.sleep(0.0005)
                await until(lambda: listener.heard[-1:] == [1999])
                assert listener.heard == list(range(2000))
                assert listener.gaps == 1, "it was never away"
                assert speaker.gaps > 1

    async def test_everybody_cut_off_again_and_again(self, server: RedisServer) -> None:
        reconnects = counted("reconnects")
        async with running(server.url, server.url) as (one, other):
            for number in range(1000):
                one.say(number)
                other.say(1000 + number)
                if number % 200 == 199:
                    server.kill_clients()
                await asyncio.sleep(0.001)
            await hears_again(one, other)
            await hears_again(other, one)
            for worker in (one, other):
                for theirs in (range(1000), range(1000, 2000)):
                    heard = [number for number in worker.heard if number in theirs]
                    assert heard == sorted(set(heard))
                    assert len(heard) == 1000 or worker.gaps > 1
        assert reconnects() >= 2

    async def test_an_emptied_redis_is_none_of_our_business(self, server: RedisServer) -> None:
        async with running(server.url, server.url) as (one, other):
            server.flush()
            one.say(1)
            await until(lambda: other.heard == [1])
            assert (one.gaps, other.gaps) == (1, 1)

    async def test_a_slow_one_that_redis_gives_up_comes_back(self) -> None:
        """Redis keeps what a listener does not read, up to a limit, then hangs up."""
        with RedisServer("--client-output-buffer-limit", "pubsub 1mb 1mb 1") as server:
            async with running(server.url, server.url) as (one, other):
                one.bus.subscribe("flood", lambda _payload: None)
                assert await one.bus.settled()
                for _ in range(60):  # our event loop stands still meanwhile
                    server.run("PUBLISH", "promptroom:0:flood", "x" * 500_000)
                await until(lambda: one.gaps > 1, what="the listener to be given up")
                await hears_again(one, other)


class TestOutage:
    async def test_it_starts_without_redis_and_finds_it_later(
        self, server: RedisServer, tries: list[int]
    ) -> None:
        server.stop()
        with capture_logs() as lines:
            async with running(server.url, server.url) as (one, other):
                assert not one.bus.is_healthy
                assert not await one.bus.settled()
                one.say(1)
                await until(lambda: one.heard == [1], what="its own words, Redis or not")
                before = len(tries)
                await until(lambda: len(tries) > before + 10)
                assert one.gaps == 0
                server.start()
                await both_stand(one, other)
                assert (one.gaps, other.gaps) == (1, 1)
                one.say(2)
                await until(lambda: other.heard[-1:] == [2])
        events = [line["event"] for line in lines]
        assert events.count("bus.lost") == 2, "once each, however often it was tried"
        assert events.count("bus.connected") == 2

    async def test_a_restart(self, server: RedisServer) -> None:
        async with running(server.url, server.url) as (one, other):
            await asyncio.to_thread(server.restart)
            await until(lambda: one.gaps == other.gaps == 2)
            await both_stand(one, other)
            one.say(1)
            await until(lambda: other.heard == [1])

    async def test_a_long_outage(self, server: RedisServer, tries: list[int]) -> None:
        async with running(server.url, server.url) as (one, other):
            server.kill()
            await until(lambda: not (one.bus.is_healthy or other.bus.is_healthy))
            assert figure("connected") == 0
            one.say(*range(100))
            await until(lambda: len(tries) > 300, what="many tries")
            assert one.heard == list(range(100))
            server.start()
            await both_stand(one, other)
            other.say(100)
            await until(lambda: one.heard[-1] == 100)
            assert figure("connected") == 1

    @pytest.mark.usefixtures("impatient")
    async def test_a_hanging_redis(self, server: RedisServer) -> None:
        async with running(server.url, server.url) as (one, other):
            server.pause()
            await until(lambda: not (one.bus.is_healthy or other.bus.is_healthy))
            one.say(*range(100))
            await until(lambda: len(one.heard) == 100)
            assert not await one.bus.settled()
            server.resume()
            await both_stand(one, other)
            assert one.gaps > 1
            other.say(100)
            await until(lambda: one.heard[-1] == 100)

    async def test_whoever_waits_for_it_is_told_that_it_is_gone(
        self, server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with running(server.url) as one:
            monkeypatch.setattr(bus_redis, "SAY_SECONDS", 60)
            server.pause()
            waiting = asyncio.create_task(one.bus.settled())
            await asyncio.sleep(0)
            server.kill()
            async with asyncio.timeout(5):
                assert not await waiting
            monkeypatch.setattr(bus_redis, "SAY_SECONDS", 0.1)

    @pytest.mark.usefixtures("impatient")
    async def test_something_that_is_no_redis_is_left_alone_again(self, tries: list[int]) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=100) as mute:  # it never accepts
            async with running(f"redis://127.0.0.1:{mute.getsockname()[1]}") as one:
                await until(lambda: len(tries) > 3)
                assert not one.bus.is_healthy

    @pytest.mark.usefixtures("impatient")
    async def test_one_that_hangs_from_the_start_delays_nobody(self, server: RedisServer) -> None:
        server.pause()
        async with asyncio.timeout(5), running(server.url) as one:
            assert not one.bus.is_healthy
            server.resume()
            await until(lambda: one.bus.is_healthy)
            server.pause()

    async def test_it_gives_up_the_oldest_that_waits(
        self, server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bus_queue, "MOST", 50)
        dropped = counted("dropped")
        async with running(server.url, server.url) as (one, other):
            server.stop()
            await until(lambda: not one.bus.is_healthy)
            one.say(*range(1000))
            assert dropped() == 950
            server.start()
            await both_stand(one, other)
            await until(lambda: other.gaps >= 2)

    async def test_refused_it_does_not_try_the_same_for_ever(self, server: RedisServer) -> None:
        server.run("ACL", "SETUSER", "default", "resetchannels", "&promptroom:0:bus.loss")
        dropped = counted("dropped")
        bus = RedisBus(server.url)
        with capture_logs() as lines:
            await bus.start()
            bus.publish("room", b"x")
            await until(lambda: dropped() == 1)
            assert len(bus._queue) <= 1, "only the word that something was dropped"
            bus.subscribe("room", lambda _payload: None)
            await until(lambda: not bus.is_healthy)
        assert "no permissions" in next(
            line["cause"] for line in lines if line["event"] == "bus.lost"
        )
        server.run("ACL", "SETUSER", "default", "allchannels")
        await until(lambda: bus.is_healthy)
        await bus.stop()

    async def test_a_wrong_password_is_not_repeated_in_the_log(self) -> None:
        with RedisServer(password="right") as server, capture_logs() as lines:
            async with running(server.url.replace("right", "wr0ng-secret")) as one:
                assert not one.bus.is_healthy
        assert "wr0ng-secret" not in str(lines)
        assert "bus.lost" in [line["event"] for line in lines]

    async def test_a_mistake_of_ours_does_not_end_it(
        self, server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with running(server.url) as one:
            with capture_logs() as lines, monkeypatch.context() as patch:
                patch.setattr(one.bus, "_heard", None)
                async with running(server.url) as other:
                    other.say(1)
                    await until(lambda: not one.bus.is_healthy)
            assert "bus.failed" in [line["event"] for line in lines]
            await until(lambda: one.bus.is_healthy)


def clients(server: RedisServer) -> set[str]:
    """The ids of the connections of buses."""
    lines = server.run("CLIENT", "LIST").decode().splitlines()
    fields = [dict(field.split("=", 1) for field in line.split()) for line in lines]
    return {each["id"] for each in fields if each["name"] == "promptroom-bus"}
