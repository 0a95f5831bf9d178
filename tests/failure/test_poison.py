"""Native code that dies or hangs in the middle of an apply: back soon, once, nothing lost."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.failure.editors import Editor, miscounted
from tests.failure.headless import Prompt, a_prompt, text_of
from tests.failure.planted_engine import CRASH, HANG
from tests.support.server import HEADLESS, KEY, Server
from tests.support.waiting import until
from tests.support.yclient import YClient

pytestmark = pytest.mark.failure


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    server = Server(tmp_path, HEADLESS, factory="tests.failure.planted_engine:poisoned")
    await asyncio.to_thread(server.start)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.kill_everything)


def quarantined(server: Server) -> list[tuple[str, bytes]]:
    with sqlite3.connect(server.data_dir / "promptroom.db") as connection:
        return connection.execute('SELECT reason, "update" FROM room_quarantine').fetchall()


@pytest.mark.parametrize(
    ("poison", "death", "seconds"), [(CRASH, "signal SIGSEGV", 3.0), (HANG, "signal SIGKILL", 8.0)]
)
async def test_it_is_back_soon_and_the_poison_is_never_met_again(
    server: Server, poison: str, death: str, seconds: float
) -> None:
    prompt = await asyncio.to_thread(a_prompt, server)
    editors = [Editor(n, prompt.url(server), KEY, random.Random(n)) for n in range(3)]
    stop = asyncio.Event()
    typing = [asyncio.create_task(editor.type_until(stop, 0.05)) for editor in editors]
    await until(lambda: all(len(editor.acknowledged) > 5 for editor in editors))

    eve = YClient(prompt.url(server), KEY)
    await eve.open()
    fed_at = time.monotonic()
    await eve.edit(0, poison)
    await until(lambda: any(editor.connected_at > fed_at for editor in editors), 20, "a return")
    await until(lambda: any(e.acknowledged_at > e.connected_at > fed_at for e in editors), 20)
    took = time.monotonic() - fed_at

    survivor = await asyncio.to_thread(lambda: server.worker)
    for _ in range(3):  # it is offered again, as an honest client with a bad edit would
        eve.take_outgoing()
        await eve.open(wait=False)
        assert await eve.closed() == 4422
    assert await asyncio.to_thread(lambda: server.worker) == survivor

    stop.set()
    await asyncio.gather(*typing)
    await asyncio.gather(*(editor.finish(30) for editor in editors))
    await _check(server, prompt, editors, poison)
    assert [event["cause"] for event in server.events("worker.died")] == [death]
    # On an idle machine a start takes 2 s; what it takes longer here is somebody else's load.
    starts = [event["seconds"] for event in server.events("worker.ready")]
    assert took - max(0.0, starts[-1] - 2.0) <= seconds


async def _check(server: Server, prompt: Prompt, editors: list[Editor], poison: str) -> None:
    text = await asyncio.to_thread(text_of, server, prompt)
    for editor in editors:
        await editor.client.until(lambda e=editor: e.client.content == text)
        await editor.client.close()
    assert miscounted(editors, text) == ([], [])
    assert sum(editor.refusals != [] for editor in editors) == 0
    ((reason, update),) = quarantined(server)
    assert reason == "crash"
    assert poison.encode() in update
    assert poison not in text
