"""The bus within one process, beyond what `test_bus_contract.py` asks of every bus."""

from __future__ import annotations

import pytest

from app.kit.bus_memory import MemoryBus

pytestmark = pytest.mark.anyio


async def test_a_topic_of_the_past_leaves_nothing() -> None:
    bus = MemoryBus()
    for number in range(100):
        bus.subscribe(f"room {number}", lambda _payload: None)()
    assert not bus.topics
    assert bus._handlers == {}


async def test_what_is_on_its_way_ends_with_the_bus() -> None:
    bus = MemoryBus()
    heard: list[bytes] = []
    bus.subscribe("rooms", heard.append)
    bus.publish("rooms", b"x")
    await bus.stop()
    assert not bus._queue
    assert heard == []
