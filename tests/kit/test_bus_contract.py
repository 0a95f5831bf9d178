"""What every bus promises, asked of both: within one process, and over a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from structlog.testing import capture_logs

from app.kit.bus import Bus
from app.kit.bus_memory import MemoryBus
from app.kit.bus_redis import RedisBus
from tests.support.services import RedisServer
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(params=["memory", "redis"])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    bus: Bus = MemoryBus()
    if request.param == "redis":
        bus = RedisBus(request.getfixturevalue("redis_server").url)
    await bus.start()
    yield bus
    await bus.stop()


async def quiet(bus: Bus) -> None:
    """Until everything said before would have been heard, and a second time over Redis."""
    for _ in range(3):
        assert await bus.settled()
        await asyncio.sleep(0)


async def test_started_it_is_healthy(bus: Bus) -> None:
    assert bus.is_healthy


async def test_every_listener_hears_everything_once_and_in_order(bus: Bus) -> None:
    one: list[bytes] = []
    other: list[bytes] = []
    bus.subscribe("rooms", one.append)
    bus.subscribe("rooms", other.append)
    for number in range(100):
        bus.publish("rooms", bytes([number]))
    await quiet(bus)
    assert one == other == [bytes([number]) for number in range(100)]


async def test_a_publisher_is_never_re_entered(bus: Bus) -> None:
    heard: list[bytes] = []
    bus.subscribe("rooms", heard.append)
    bus.publish("rooms", b"x")
    assert heard == []
    await quiet(bus)
    assert heard == [b"x"]


async def test_what_a_listener_publishes_arrives_too(bus: Bus) -> None:
    heard: list[bytes] = []

    def answer(payload: bytes) -> None:
        heard.append(payload)
        if len(payload) < 5:
            bus.publish("rooms", payload + b"!")

    bus.subscribe("rooms", answer)
    bus.publish("rooms", b"x")
    await until(lambda: len(heard) == 5)
    assert heard == [b"x", b"x!", b"x!!", b"x!!!", b"x!!!!"]


async def test_topics_are_apart(bus: Bus) -> None:
    heard: list[bytes] = []
    bus.subscribe("rooms", heard.append)
    bus.publish("other", b"x")
    await quiet(bus)
    assert heard == []


async def test_a_listener_who_comes_late_hears_what_is_said_from_then_on(bus: Bus) -> None:
    heard: list[bytes] = []
    bus.publish("rooms", b"before")
    await quiet(bus)
    bus.subscribe("rooms", heard.append)
    bus.publish("rooms", b"after")
    await quiet(bus)
    assert heard == [b"after"]


async def test_an_ended_subscription_hears_nothing(bus: Bus) -> None:
    heard: list[bytes] = []
    unsubscribe = bus.subscribe("rooms", heard.append)
    bus.publish("rooms", b"on its way")
    unsubscribe()
    unsubscribe()  # twice is once
    await quiet(bus)
    assert heard == []


async def test_others_hear_on_when_one_leaves(bus: Bus) -> None:
    heard: list[bytes] = []
    leave = bus.subscribe("rooms", lambda _payload: None)
    bus.subscribe("rooms", heard.append)
    leave()
    bus.publish("rooms", b"x")
    await quiet(bus)
    assert heard == [b"x"]


async def test_whoever_comes_back_hears_again(bus: Bus) -> None:
    heard: list[bytes] = []
    for round_ in (b"1", b"2", b"3"):
        leave = bus.subscribe("rooms", heard.append)
        bus.publish("rooms", round_)
        await quiet(bus)
        leave()
    assert heard == [b"1", b"2", b"3"]


async def test_a_failing_listener_hurts_nobody(bus: Bus) -> None:
    heard: list[bytes] = []

    def fail(_payload: bytes) -> None:
        raise ValueError("planted")

    bus.subscribe("rooms", fail)
    bus.subscribe("rooms", heard.append)
    with capture_logs() as lines:
        bus.publish("rooms", b"1")
        bus.publish("rooms", b"2")
        await quiet(bus)
    assert heard == [b"1", b"2"]
    assert [line["event"] for line in lines] == ["bus.handler_failed"] * 2


async def test_payloads_are_opaque(bus: Bus) -> None:
    heard: list[bytes] = []
    payloads = [b"", b"\r\n$3\r\n", bytes(range(256)), b"\xff" * 100_000, "ä📊".encode()]
    bus.subscribe("räume/1 \r\n", heard.append)
    for payload in payloads:
        bus.publish("räume/1 \r\n", payload)
    await quiet(bus)
    assert heard == payloads


async def test_nobody_has_to_listen_for_gaps(bus: Bus) -> None:
    leave = bus.on_gap(lambda: None)
    leave()
    leave()


async def test_a_stopped_bus_is_silent(bus: Bus) -> None:
    heard: list[bytes] = []
    bus.subscribe("rooms", heard.append)
    await bus.stop()
    bus.publish("rooms", b"x")
    for _ in range(3):
        await asyncio.sleep(0)
    assert heard == []


async def test_a_bus_can_be_stopped_twice(bus: Bus) -> None:
    await bus.stop()
