"""How much is new, told to open pages on every way to run the product, and until when."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.failure.headless import a_prompt
from tests.support.deployment import alone, cluster
from tests.support.server import EMAIL, KEY, PASSWORD, Server

pytestmark = pytest.mark.contract

PAGES = 8  # over two workers: none is likely to have them all
STREAM = {"Accept": "text/event-stream"}
API = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(params=["sqlite", "postgres-2"])
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


async def test_every_page_is_told_within_a_second_and_let_go_of_at_the_end(server: Server) -> None:
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
        assert took < 1.0, took
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
        began = time.perf_counter()
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        await asyncio.gather(*(one.hears("bye") for one in pages))
        assert await stopping == 0
        assert time.perf_counter() - began < 4.0  # connections that go on would hold it up for five


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
