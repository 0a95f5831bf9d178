"""The bus within one process: in order, later, and nobody's failure is anybody else's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from app.kit.bus import Bus
from app.kit.bus_memory import MemoryBus

pytestmark = pytest.mark.anyio


@pytest.fixture
async def bus() -> AsyncIterator[MemoryBus]:
    bus = MemoryBus()
    await bus.start()
    yield bus
    await bus.stop()


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_it_is_a_bus(bus: MemoryBus) -> None:
    as_declared: Bus = bus
    assert as_declared.is_healthy


async def test_every_listener_hears_everything_in_order(bus: MemoryBus) -> None:
    one: list[bytes] = []
    other: list[bytes] = []
    bus.subscribe("rooms", one.append)
    bus.subscribe("rooms", other.append)
    for number in range(100):
        bus.publish("rooms", bytes([number]))
    await settle()
    assert one == other == [bytes([number]) for number in range(100)]


async def test_a_publisher_is_never_re_entered(bus: MemoryBus) -> None:
    heard: list[bytes] = []
    bus.subscribe("rooms", heard.append)
    bus.publish("rooms", b"x")
    assert heard == []
    await settle()
    assert heard == [b"x"]


async def test_what_a_listener_publishes_arrives_too(bus: MemoryBus) -> None:
    heard: list[bytes] = []

    def answer(payload: bytes) -> None:
        heard.append(payload)
        if len(payload) < 5:
            bus.publish("rooms", payload + b"!")

    bus.subscribe("rooms", answer)
    bus.publish("rooms", b"x")
    await settle()
    assert heard == [b"x", b"x!", b"x!!", b"x!!!", b"x!!!!"]


async def test_topics_are_apart(bus: MemoryBus) -> None:
    heard: list[bytes] = []
    bus.subscribe("rooms", heard.append)
    bus.publish("other", b"x")
    await settle()
    assert heard == []


async def test_an_ended_subscription_hears_nothing_and_leaves_nothing(bus: MemoryBus) -> None:
    heard: list[bytes] = []
    unsubscribe = bus.subscribe("rooms", heard.append)
    bus.publish("rooms", b"on its way")
    unsubscribe()
    unsubscribe()  # twice is once
    await settle()
    assert heard == []
    assert bus._handlers == {}


async def test_a_failing_listener_hurts_nobody(bus: MemoryBus) -> None:
    heard: list[bytes] = []

    def fail(_payload: bytes) -> None:
        raise ValueError("planted")

    bus.subscribe("rooms", fail)
    bus.subscribe("rooms", heard.append)
    with capture_logs() as lines:
        bus.publish("rooms", b"1")
        bus.publish("rooms", b"2")
        await settle()
    assert heard == [b"1", b"2"]
    assert [line["event"] for line in lines] == ["bus.handler_failed"] * 2


async def test_a_stopped_bus_is_silent(bus: MemoryBus) -> None:
    heard: list[bytes] = []
    bus.subscribe("rooms", heard.append)
    bus.publish("rooms", b"x")
    await bus.stop()
    await settle()
    assert heard == []
