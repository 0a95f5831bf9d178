"""Many workers without one of the things they share, or without one of them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import httpx
import pytest

from tests.failure.headless import Prompt, a_prompt
from tests.support.agents import an_agent
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


async def test_agents_of_both_protocols_are_told_by_whichever_worker(
    many: Cluster, prompt: Prompt
) -> None:
    """No worker holds a session: requests of one go to all of them, and news reach every stream."""
    told: Counter[int] = Counter()

    def hearing(number: int) -> Any:
        async def heard(message: Any) -> None:
            if getattr(message, "method", "") == "notifications/prompts/list_changed":
                told[number] += 1

        return heard

    async def listening(agent: Any, number: int) -> None:
        async with agent.listen(prompts_list_changed=True) as news:
            ready.append(number)
            async for _ in news:
                told[number] += 1

    ready: list[int] = []
    async with AsyncExitStack() as stack:
        for number in range(4):
            old = an_agent(many.server.url, KEY, "legacy", message_handler=hearing(number))
            agent = await stack.enter_async_context(old)
            for _ in range(4):  # on connections of their own choice
                await agent.list_prompts()
        tasks = []
        for number in range(4, 8):
            new = an_agent(many.server.url, KEY)
            agent = await stack.enter_async_context(new)
            tasks.append(asyncio.create_task(listening(agent, number)))
        await until(lambda: len(ready) == 4)
        labels = f"{many.server.url}/api/v1/prompts/{prompt.id}/labels"
        versions = labels.replace("labels", "versions")
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as client:
            assert (await client.post(versions, json={"message": "One"})).status_code == 201
            for number in range(50):  # nobody says when a stream of the older kind stands
                await client.put(f"{labels}/label-{number}", json={"version": 1})
                with suppress(TimeoutError):
                    await until(lambda: all(told[one] for one in range(8)), 0.2)
                    break
        assert all(told[one] for one in range(8)), told
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_agents_edit_and_cursor_are_seen_on_every_worker(
    many: Cluster, prompt: Prompt
) -> None:
    async with AsyncExitStack() as stack:
        ann, bob = await on_both(stack, many.server, prompt)
        await ann.edit(0, "Ann says: ")
        await ann.durable()
        agent = await stack.enter_async_context(an_agent(many.server.url, KEY))
        edits = [{"old_text": "Ann says: Hello", "new_text": "Ann and the agent say: Hello"}]
        done = await agent.call_tool("edit_prompt", {"prompt": prompt.id, "edits": edits})
        assert not done.is_error, done

        def sees(client: YClient) -> bool:
            states = [one for one in client.presence.values() if one and one["cursor"]]
            is_here = any(one["user"]["id"].startswith("key:") for one in states)
            return is_here and client.content == "Ann and the agent say: Hello"

        for client in (ann, bob):
            await client.until(lambda client=client: sees(client), 5)
