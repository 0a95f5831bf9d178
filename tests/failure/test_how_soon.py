"""Two workers that begin without Redis; and how soon one knows of the other once it is there."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from tests.failure import how_soon
from tests.failure.headless import Prompt, a_prompt
from tests.support.deployment import Cluster, cluster
from tests.support.waiting import until

pytestmark = pytest.mark.failure

TRIES = 5  # of which the middle one counts: a busy machine holds up one or two


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("late"), 2, redis=False) as many:
        yield many


@pytest.fixture
def prompt(many: Cluster, request: pytest.FixtureRequest) -> Prompt:
    return a_prompt(many.server, f"soon/{abs(hash(request.node.name))}", "Hello")


@pytest.fixture
async def with_redis(many: Cluster) -> None:
    if not many.redis.is_running:
        many.redis.start()
    await until(lambda: how_soon.status(many.server) == "ok", 20)


class TestWithoutRedisFromTheStart:
    async def test_everything_works_on_each_worker(self, many: Cluster, prompt: Prompt) -> None:
        assert not many.redis.is_running
        assert how_soon.status(many.server) == "degraded"
        async with AsyncExitStack() as stack:
            clients = await how_soon.on_both(stack, many.server, prompt)
            programs = await how_soon.callers(stack, many.server)
            for number, worker in enumerate(many.server.workers(), 1):
                await clients[worker].edit(0, f"{number} ")
                await clients[worker].durable()
                text = clients[worker].content
                assert f"{number} " in text
                await works(programs[worker], prompt, number)

    async def test_edits_of_another_worker_arrive_within_two_seconds(
        self, many: Cluster, prompt: Prompt
    ) -> None:
        assert not many.redis.is_running
        took = sorted(await how_soon.an_edit(many.server, prompt, TRIES))
        assert took[-2] <= 2.0, took

    async def test_readiness_recovers_when_redis_appears(
        self, many: Cluster, with_redis: None
    ) -> None:
        async with AsyncExitStack() as stack:
            for program in (await how_soon.callers(stack, many.server)).values():
                await until_ok(program)


async def works(program: httpx.AsyncClient, prompt: Prompt, number: int) -> None:
    """What programs do, all by one worker."""
    url = f"/api/v1/prompts/{prompt.id}"
    written = await program.patch(url, json={"text": f"By REST {number}"})
    assert (written.status_code, written.json()["text"]) == (200, f"By REST {number}")
    made = await program.post(f"{url}/versions", json={"message": f"Version {number}"})
    assert (made.status_code, made.json()["number"]) == (201, number)
    moved = await program.put(f"{url}/labels/production", json={"version": number})
    assert moved.status_code == 200
    name = (await program.get(url)).json()["name"]
    fetched = await program.get(f"/api/v1/fetch/{name}")
    assert (fetched.json()["version"], fetched.json()["text"]) == (number, f"By REST {number}")
    ready = await program.get("/health/ready")
    assert (ready.status_code, ready.json()["failing"]) == (200, ["bus"])


async def until_ok(program: httpx.AsyncClient) -> None:
    async with asyncio.timeout(20):
        told: Any = None
        while told != "ok":
            told = (await program.get("/health/ready")).json()["status"]


@pytest.mark.parametrize(
    "measure",
    [how_soon.an_edit, how_soon.a_revoked_key, how_soon.a_removed_member, how_soon.a_closed_tab],
    ids=lambda measure: measure.__name__,
)
async def test_the_other_worker_knows_within_a_second(
    many: Cluster, prompt: Prompt, with_redis: None, measure: how_soon.Measure
) -> None:
    took = await measure(many.server, prompt, TRIES)
    assert statistics.median(took) <= 1.0, took
