"""Many workers without one of the things they share, or without one of them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from tests.failure.headless import Prompt, a_prompt
from tests.support.deployment import Cluster, cluster
from tests.support.server import KEY, Server
from tests.support.waiting import until
from tests.support.yclient import YClient

pytestmark = pytest.mark.failure


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


async def _ask(server: Server, method: str, path: str, body: Any = None) -> Any:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as client:
        answer = await client.request(method, server.url + path, json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None
