"""Many workers without one of the things they share, or without one of them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import httpx
import pytest

from app.kit.rollouts import bucket
from app.sdk import Options, Promptroom
from tests.failure.headless import Prompt, a_prompt
from tests.support.agents import an_agent
from tests.support.deployment import Cluster, cluster
from tests.support.listeners import Listener, Sleeper
from tests.support.server import KEY, Server
from tests.support.waiting import until
from tests.support.yclient import YClient

pytestmark = pytest.mark.failure

ALLOWANCE = 300  # fetches of one key in a minute
WINDOW = 20  # seconds of one that a test of it needs on a busy machine


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    limit = {"PROMPTROOM_API_CALLS_PER_MINUTE": str(ALLOWANCE)}
    with cluster(tmp_path_factory.mktemp("many"), 2, **limit) as many:
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
    return _worker_at(server, client.ws.local_address[1])


def _worker_at(server: Server, here: int) -> int:
    """The process at the other end of a connection from this port."""
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


class Caller:
    """Fetches over one connection, which one worker has."""

    def __init__(self, server: Server, key: str, name: str) -> None:
        self.path = f"{server.url}/api/v1/fetch/{name}?label=latest"
        one = httpx.Limits(max_connections=1)
        headers = {"Authorization": f"Bearer {key}"}
        self.client = httpx.AsyncClient(headers=headers, limits=one, timeout=30)
        self.left: list[int] = []  # as the answers said
        self.admitted = 0
        self.worker = 0

    async def enter(self, server: Server) -> None:
        answer = await self.client.get(f"{server.url}/health/live")
        here = answer.extensions["network_stream"].get_extra_info("client_addr")[1]
        self.worker = _worker_at(server, here)

    async def call(self) -> httpx.Response:
        answer = await self.client.get(self.path)
        if answer.status_code == 200:
            self.admitted += 1
            standing = dict(part.split("=") for part in answer.headers["RateLimit"].split(";")[1:])
            self.left.append(int(standing["r"]))
        return answer


async def callers(stack: AsyncExitStack, server: Server, name: str) -> tuple[Caller, Caller]:
    """Two with a key of their own, on different workers, and time enough in this window."""
    made = await _ask(server, "POST", "/api/v1/keys", {"name": "Busy", "scopes": ["read"]})
    found: dict[int, Caller] = {}
    while len(found) < 2:
        one = Caller(server, made["key"], name)
        stack.push_async_callback(one.client.aclose)
        await one.enter(server)
        found.setdefault(one.worker, one)
    if (left := 60 - time.time() % 60) < WINDOW:
        await asyncio.sleep(left + 0.1)
    first, second = found.values()
    return first, second


async def used_up(pair: tuple[Caller, Caller]) -> list[httpx.Response]:
    """Call by turns, no faster than the workers tell each other, until both refuse."""
    while True:
        answers = [await one.call() for one in pair]
        if {one.status_code for one in answers} == {429}:
            return answers
        await asyncio.sleep(0.1)


async def test_a_key_s_calls_add_up_over_the_workers_while_there_is_redis(
    many: Cluster, prompt: Prompt
) -> None:
    versions = f"/api/v1/prompts/{prompt.id}/versions"
    await _ask(many.server, "POST", versions, {"message": "One"})
    name = (await _ask(many.server, "GET", f"/api/v1/prompts/{prompt.id}"))["name"]
    async with AsyncExitStack() as stack:
        pair = await callers(stack, many.server, name)
        for _ in range(3):
            for one in pair:
                for _ in range(ALLOWANCE // 8):
                    assert (await one.call()).status_code == 200
            await asyncio.sleep(1.1)  # each tells the others once a second
        answers = await used_up(pair)
        told = sum(one.admitted for one in pair)
        assert ALLOWANCE <= told < ALLOWANCE + 50, "what comes within a second or two may slip by"
        for one, answer in zip(pair, answers, strict=True):
            assert one.left == sorted(set(one.left), reverse=True), "always fewer"
            wait = int(answer.headers["Retry-After"])
            assert (time.time() + wait) % 60 < 5, "when the next minute begins"
            assert answer.json()["code"] == "rate_limited"

    many.redis.stop()
    try:
        async with AsyncExitStack() as stack:
            pair = await callers(stack, many.server, name)
            for one in pair:
                for _ in range(ALLOWANCE):
                    assert (await one.call()).status_code == 200, "each counts for itself"
                assert (await one.call()).status_code == 429
    finally:
        many.redis.start()
    await until(lambda: readiness(many.server)["status"] == "ok", 20)


MANY = 20_000  # changes: some 5 MB of events, more than a system keeps for who does not read
_BURST = f"""
    INSERT INTO changes (workspace_id, seq, mark, kind, prompt_id, label, number, at)
    SELECT workspace_id, seq + n, left(md5(n::text), 8), 'label.moved', prompt_id, 'busy', 1, now()
    FROM (SELECT * FROM changes ORDER BY seq DESC LIMIT 1) last, generate_series(1, {MANY}) n
"""


async def test_who_does_not_read_changes_is_dropped_and_may_come_again(
    many: Cluster, prompt: Prompt
) -> None:
    address = f"/api/v1/prompts/{prompt.id}"
    await _ask(many.server, "POST", f"{address}/versions", {"message": "One"})
    sleepers = [Sleeper(many.server.url, KEY) for _ in range(8)]
    async with AsyncExitStack() as stack:
        for sleeper in sleepers:
            stack.callback(sleeper.close)
        reader = await stack.enter_async_context(Listener(many.server.url, KEY))
        await until(lambda: all(_is_held(many.server, one) for one in sleepers))
        assert len({_worker_at(many.server, one.port) for one in sleepers}) == 2

        await asyncio.to_thread(many.sql, _BURST)
        last = int(many.sql("SELECT max(seq) FROM changes"))
        await until(lambda: reader.last.startswith(f"{last}-"), 20)
        assert reader.seqs == sorted(set(reader.seqs)), "each once, in their order"
        await until(lambda: not any(_is_held(many.server, one) for one in sleepers), 20)

        woken = await asyncio.to_thread(sleepers[0].wake)
        assert b"event: change" in woken
        assert not woken.endswith(b"0\r\n\r\n"), "no end: it has to come again"
        seen = [line[4:].decode() for line in woken.split(b"\n")[:-1] if line.startswith(b"id: ")]
        again = Listener(many.server.url, KEY, seen[-2])
        await stack.enter_async_context(again)
        assert again.kinds[0] in ("change", "resync"), "the rest, or that it is too much"
        await _ask(many.server, "PUT", f"{address}/labels/staging", {"version": 1})
        await asyncio.gather(*(one.hears(last + 1) for one in (reader, again)))


def _is_held(server: Server, sleeper: Sleeper) -> bool:
    with suppress(AssertionError):
        return bool(_worker_at(server, sleeper.port))
    return False


async def test_a_rollouts_percentage_reaches_every_workers_memory_and_every_client(
    many: Cluster, prompt: Prompt
) -> None:
    """Sixteen connections are on both workers; each has the old share in memory by then."""
    name = (await _ask(many.server, "GET", f"/api/v1/prompts/{prompt.id}"))["name"]
    base = f"/api/v1/prompts/{prompt.id}"
    await _ask(many.server, "POST", f"{base}/versions", {"message": "1", "labels": ["production"]})
    await _ask(many.server, "PATCH", base, {"text": "Candidate"})
    await _ask(many.server, "POST", f"{base}/versions", {"message": "2"})

    async def share(percent: float) -> Any:
        body = {"version": 1, "rollout": {"version": 2, "percent": percent}}
        return await _ask(many.server, "PUT", f"{base}/labels/production", body)

    seed = (await share(10))["rollout"]["seed"]
    key = next(k for k in map(str, range(10_000)) if 1000 <= bucket(seed, k) < 9000)
    async with AsyncExitStack() as stack:
        headers = {"Authorization": f"Bearer {KEY}"}
        limits = httpx.Limits(max_connections=1)
        clients = [
            await stack.enter_async_context(
                httpx.AsyncClient(base_url=many.server.url, headers=headers, limits=limits)
            )
            for _ in range(16)
        ]
        options = Options(poll_seconds=0.2, timeout=5)
        sdks = [stack.enter_context(Promptroom(many.server.url, KEY, options)) for _ in range(4)]

        async def numbers() -> set[int]:
            asked = [one.get(f"/api/v1/fetch/{name}?key={key}") for one in clients]
            return {answer.json()["version"] for answer in await asyncio.gather(*asked)}

        def by_clients() -> set[str]:
            return {one.get(name, sticky_key=key).text for one in sdks}

        async def all_have(number: int, text: str) -> None:
            async def is_so() -> bool:
                told = await asyncio.to_thread(by_clients)
                return await numbers() == {number} and told == {text}

            for _ in range(200):  # at most ten seconds
                if await is_so():
                    return
                await asyncio.sleep(0.05)
            raise AssertionError(f"not everybody has v{number}")

        pids = set()
        for one in clients:
            await one.get(f"/api/v1/fetch/{name}?key={key}")
        for pid in many.server.workers():
            if any(c.status == "ESTABLISHED" for c in _connections(pid)):
                pids.add(pid)
        assert len(pids) == 2
        for percent, number, text in ((10, 1, "Hello"), (90, 2, "Candidate"), (10, 1, "Hello")):
            await share(percent)
            await all_have(number, text)
