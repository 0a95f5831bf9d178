"""Many workers without one of the things they share, or one after the other restarted."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.failure.headless import Prompt, a_prompt
from tests.support.deployment import Cluster, cluster
from tests.support.server import KEY, Server
from tests.support.waiting import until
from tests.support.yclient import YClient

pytestmark = pytest.mark.failure

CROWD = 500


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("many"), 2) as many:
        yield many


@pytest.fixture
def prompt(many: Cluster, request: pytest.FixtureRequest) -> Prompt:
    return a_prompt(many.server, f"many/{abs(hash(request.node.name))}", "Hello")


def readiness(server: Server) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server.url}/health/ready", timeout=10) as answer:
        told: dict[str, Any] = json.load(answer)
        return told


async def on_both(
    stack: AsyncExitStack, server: Server, prompt: Prompt, key: str = KEY
) -> tuple[YClient, YClient]:
    """Two clients that are on different workers: told by which of them dies with which."""
    clients = [await stack.enter_async_context(YClient(prompt.url(server), key)) for _ in range(8)]
    workers = {id(client): _worker_of(server, client) for client in clients}
    first = clients[0]
    other = next(c for c in clients if workers[id(c)] != workers[id(first)])
    return first, other


def _worker_of(server: Server, client: YClient) -> int:
    """The process at the other end of a client's connection."""
    here = client.ws.local_address[1]
    for pid in server.workers():
        for connection in _connections(pid):
            if connection.raddr and connection.raddr.port == here:
                return pid
    raise AssertionError("nobody has this connection")


def _connections(pid: int) -> Any:
    import psutil

    return psutil.Process(pid).net_connections("tcp")


async def test_without_redis_edits_go_by_the_log(many: Cluster, prompt: Prompt) -> None:
    many.redis.stop()
    try:
        await until(lambda: readiness(many.server)["status"] == "degraded", 20)
        async with AsyncExitStack() as stack:
            ann, bob = await on_both(stack, many.server, prompt)
            for number in range(5):
                await ann.edit(0, f"{number} ")
                await ann.durable()
                await bob.until(lambda number=number: bob.content.startswith(f"{number} "), 5)
    finally:
        many.redis.start()
    await until(lambda: readiness(many.server)["status"] == "ok", 20)


async def test_without_redis_a_revoked_key_is_out_within_half_a_minute(
    many: Cluster, prompt: Prompt
) -> None:
    made = await _ask(many.server, "POST", "/api/v1/keys", {"name": "Temp", "scopes": ["write"]})
    async with AsyncExitStack() as stack:
        pair = await on_both(stack, many.server, prompt, made["key"])
        many.redis.stop()
        try:
            await _ask(many.server, "DELETE", f"/api/v1/keys/{made['id']}")
            codes = await asyncio.gather(*(client.closed(40) for client in pair))
        finally:
            many.redis.start()
        assert codes == [4401, 4401]
    await until(lambda: readiness(many.server)["status"] == "ok", 20)


async def test_a_killed_workers_people_are_gone(many: Cluster, prompt: Prompt) -> None:
    async with AsyncExitStack() as stack:
        ann, bob = await on_both(stack, many.server, prompt)
        await ann.show({"cursor": None})
        await bob.until(lambda: bool(bob.presence.get(ann.doc.client_id)))
        os.kill(_worker_of(many.server, ann), signal.SIGKILL)
        await bob.until(lambda: not bob.presence.get(ann.doc.client_id), 15)


async def test_restarted_one_by_one_under_a_crowd(tmp_path: Path) -> None:
    """Every client is back, no edit is lost, and no request meets a closed door."""
    with cluster(tmp_path, 4) as many:
        server = many.server
        rooms = [a_prompt(server, f"crowd/{number}", "") for number in range(20)]
        urls = [rooms[number % len(rooms)].url(server) for number in range(CROWD)]
        crowd = [_Visitor(url, number) for number, url in enumerate(urls)]
        stop = asyncio.Event()
        await asyncio.gather(*(visitor.enter() for visitor in crowd))
        staying = [asyncio.create_task(visitor.stay(stop)) for visitor in crowd]
        asking = [asyncio.create_task(_ask_on(server, stop)) for _ in range(4)]
        before = set(server.workers())
        os.kill(server.pid, signal.SIGHUP)
        await until(lambda: len(set(server.workers()) - before) == 4, 120, "four successors")
        await until(lambda: not before & set(server.workers()), 120, "four who left")
        await asyncio.sleep(1)
        stop.set()
        answers = sum(await asyncio.gather(*asking), Counter())
        await asyncio.gather(*staying)
        await asyncio.gather(*(visitor.settle() for visitor in crowd))
        assert set(answers) == {200}
        assert answers[200] > 20
        pauses = sorted(pause for visitor in crowd for pause in visitor.pauses)
        assert len(pauses) >= CROWD  # everybody was sent elsewhere at least once
        assert pauses[-1] <= 10.0
        for room in rooms:
            inside = [v for v in crowd if v.client.url == room.url(server)]
            texts = {visitor.client.content for visitor in inside}
            assert len(texts) == 1
            text = texts.pop()
            assert all(text.count(word) == 1 for visitor in inside for word in visitor.words)
        for visitor in crowd:
            await visitor.client.close()


class _Visitor:
    """Types a word now and then, and comes back when and where it is told to."""

    def __init__(self, url: str, number: int) -> None:
        self.client = YClient(url, KEY)
        self.words: list[str] = []
        self.pauses: list[float] = []
        self._number = number

    async def enter(self) -> None:
        await self.client.open()

    async def stay(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            if not self.client.is_open:
                left = loop.time()
                await self._come_back()
                self.pauses.append(loop.time() - left)
            word = f"<{self._number}.{len(self.words)}>"
            self.words.append(word)
            await self.client.edit(0, word)
            for _ in range(30):
                if not self.client.is_open or stop.is_set():
                    break
                await asyncio.sleep(0.1)

    async def _come_back(self) -> None:
        drains = self.client.drains
        wait = drains[-1]["reconnect_in_ms"] / 1000 if drains else 0.1
        while not self.client.is_open:
            await asyncio.sleep(wait)
            self.client.take_outgoing()
            try:
                await self.client.open()
            except (OSError, ConnectionError, EOFError):
                wait = 0.2

    async def settle(self) -> None:
        if not self.client.is_open:
            await self._come_back()
        await self.client.barrier()
        await self.client.durable(60)


async def _ask_on(server: Server, stop: asyncio.Event) -> Counter[int]:
    """One keep-alive client that asks and asks."""
    answers: Counter[int] = Counter()
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as client:
        while not stop.is_set():
            answer = await client.get(f"{server.url}/api/v1/prompts?limit=5", timeout=60)
            answers[answer.status_code] += 1
            await asyncio.sleep(0.02)
    return answers


async def _ask(server: Server, method: str, path: str, body: Any = None) -> Any:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as client:
        answer = await client.request(method, server.url + path, json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None
