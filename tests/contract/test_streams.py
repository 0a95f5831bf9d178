"""What open pages and programs are told on every way to run the product, and until when."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import httpx
import pytest

from tests.failure.headless import a_prompt
from tests.support.deployment import alone, cluster
from tests.support.listeners import Listener, log_of
from tests.support.server import EMAIL, KEY, PASSWORD, Server
from tests.support.waiting import until
from tests.support.yclient import YClient

pytestmark = pytest.mark.contract

PAGES = 8  # over two workers: none is likely to have them all
STREAM = {"Accept": "text/event-stream"}
API = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module", params=["sqlite", "postgres-2"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        with alone(folder) as server:
            yield server
    else:
        with cluster(folder, 2) as many:
            yield many.server


class Page:
    """An open page and what it was told."""

    def __init__(self, response: httpx.Response) -> None:
        self.told: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self.task = asyncio.create_task(self._read(response))

    async def _read(self, response: httpx.Response) -> None:
        kind = ""
        async for line in response.aiter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                self.told.put_nowait((kind, json.loads(line.removeprefix("data: "))))

    async def hears(self, kind: str, seconds: float = 5.0) -> Any:
        async with asyncio.timeout(seconds):
            while True:
                told, data = await self.told.get()
                if told == kind:
                    return data


@asynccontextmanager
async def page(server: Server, cookies: httpx.Cookies) -> AsyncIterator[Page]:
    """On a connection of its own, so that any worker may get it."""
    timeout = httpx.Timeout(10, read=60)
    async with (
        httpx.AsyncClient(base_url=server.url, cookies=cookies, timeout=timeout) as client,
        client.stream("GET", "/w/acme/events", headers=STREAM) as response,
    ):
        assert response.status_code == 200
        opened = Page(response)
        try:
            assert await opened.hears("unread") == {"count": 0}
            yield opened
        finally:
            opened.task.cancel()


async def signed_in(server: Server) -> httpx.Cookies:
    async with httpx.AsyncClient(base_url=server.url) as client:
        form = {"email": EMAIL, "password": PASSWORD, "next": "/"}
        answer = await client.post("/sign-in", data=form)
        assert answer.status_code == 303
        return client.cookies


async def test_every_page_is_told_within_a_second(server: Server) -> None:
    prompt = await asyncio.to_thread(a_prompt, server, "inbox/live", "Hello")
    cookies = await signed_in(server)
    async with AsyncExitStack() as stack:
        pages = [await stack.enter_async_context(page(server, cookies)) for _ in range(PAGES)]
        api = await stack.enter_async_context(
            httpx.AsyncClient(base_url=server.url, headers=API, timeout=20)
        )
        members = (await api.get("/api/v1/members")).json()["items"]
        body = f"Look, @[Owner](user:{members[0]['id']})"
        began = time.perf_counter()
        made = await api.post(f"/api/v1/prompts/{prompt.id}/threads", json={"body": body})
        assert made.status_code == 201, made.text
        told = await asyncio.gather(*(one.hears("unread") for one in pages))
        took = time.perf_counter() - began
        assert told == [{"count": 1}] * PAGES
        assert took < 3.0, took  # `tests.failure.how_soon` measures it: a second
        # One more, and one signs out: that one's pages end, as sockets do.
        other = await signed_in(server)
        async with page_of_one(server, other) as leaving:
            began = time.perf_counter()
            async with httpx.AsyncClient(base_url=server.url, cookies=other) as browser:
                await browser.post("/sign-out")
            await leaving.hears("gone")
            assert time.perf_counter() - began < 1.0
            await asyncio.wait_for(leaving.task, 1)
        assert not any(one.task.done() for one in pages)


async def test_a_revoked_key_s_streams_end_within_a_second(server: Server) -> None:
    prompt = await asyncio.to_thread(a_prompt, server, "changes/revoked", "Hello")
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(
            httpx.AsyncClient(base_url=server.url, headers=API, timeout=20)
        )
        made = (await api.post("/api/v1/keys", json={"name": "Temp", "scopes": ["read"]})).json()
        entered = [Listener(server.url, made["key"]) for _ in range(PAGES)]
        other = await stack.enter_async_context(Listener(server.url, KEY))
        for one in entered:
            await stack.enter_async_context(one)
        began = time.perf_counter()
        assert (await api.delete(f"/api/v1/keys/{made['id']}")).status_code == 204
        await until(lambda: all(one.ends for one in entered), 5)
        took = time.perf_counter() - began
        assert took < 3.0, took  # `tests.failure.how_soon` measures it: a second
        await until(lambda: all(one.is_over for one in entered), 5)
        assert [one.refused for one in entered] == [401] * PAGES
        assert [one.ends for one in entered] == [["end"]] * PAGES
        seq = (await log_of(server.url, KEY))["last_event_id"].partition("-")[0]
        await api.post(f"/api/v1/prompts/{prompt.id}/versions", json={"message": "One"})
        await other.hears(int(seq) + 1)
        assert other.ends == []


async def test_a_server_that_leaves_lets_go_of_all_and_they_miss_nothing(server: Server) -> None:
    """Labels move until nobody answers, and before anybody has come again."""
    prompt = await asyncio.to_thread(a_prompt, server, "changes/leaving", "Hello")
    cookies = await signed_in(server)
    async with AsyncExitStack() as stack:
        listeners = [
            await stack.enter_async_context(Listener(server.url, KEY)) for _ in range(PAGES)
        ]
        pages = [await stack.enter_async_context(page_of_one(server, cookies)) for _ in range(4)]
        people = [
            await stack.enter_async_context(YClient(prompt.url(server), KEY)) for _ in range(4)
        ]
        await people[0].edit(0, "Kept. ")
        await people[0].durable()
        begun = (await log_of(server.url, KEY))["last_event_id"]
        moving = asyncio.create_task(moves(server, prompt.id))
        await until(lambda: all(len(one.seqs) >= 3 for one in listeners))

        began = time.perf_counter()
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        await asyncio.gather(*(one.hears("bye") for one in pages))
        assert await stopping == 0
        assert time.perf_counter() - began < 4.0  # connections that go on would hold it up for five
        moved = await moving
        assert [await one.closed() for one in people] == [1012] * 4
        assert [one.ends for one in listeners] == [["end"]] * PAGES, "not one was cut"

        await asyncio.to_thread(server.start)
        log = (await log_of(server.url, KEY, begun))["items"]
        last = log[-1]["seq"]
        await asyncio.gather(*(one.hears(last) for one in listeners))
        for one in listeners:
            assert one.seqs == list(range(one.seqs[0], last + 1)), "each once, in their order"
            assert "resync" not in one.kinds
        assert sum(one["kind"].startswith("label.") for one in log) >= moved
        async with YClient(prompt.url(server), KEY) as again:
            assert again.content == "Kept. Hello"


async def moves(server: Server, prompt_id: str) -> int:
    """Set a label and take it away until the server does not answer; how often it said yes."""
    done = 0
    address = f"/api/v1/prompts/{prompt_id}"
    async with httpx.AsyncClient(base_url=server.url, headers=API, timeout=20) as api:
        with suppress(httpx.TransportError):
            await api.post(f"{address}/versions", json={"message": "One"})
            while True:
                label = f"{address}/labels/production"
                there = done % 2
                answer = await (api.delete(label) if there else api.put(label, json={"version": 1}))
                answer.raise_for_status()
                done += 1
    return done


@asynccontextmanager
async def page_of_one(server: Server, cookies: httpx.Cookies) -> AsyncIterator[Page]:
    """One that has news already."""
    timeout = httpx.Timeout(10, read=60)
    async with (
        httpx.AsyncClient(base_url=server.url, cookies=cookies, timeout=timeout) as client,
        client.stream("GET", "/w/acme/events", headers=STREAM) as response,
    ):
        opened = Page(response)
        try:
            await opened.hears("unread")
            yield opened
        finally:
            opened.task.cancel()
