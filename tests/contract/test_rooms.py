"""What people and programs are promised, on every way to run the product."""

from __future__ import annotations

import asyncio
import json
import statistics
import urllib.request
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.failure.headless import Prompt, a_prompt, text_of
from tests.support.server import KEY, Server
from tests.support.yclient import YClient

pytestmark = pytest.mark.contract

CLIENTS = 8  # over four workers: none is likely to have them all
TRIES = 3  # of which the middle one counts: a busy machine holds up one


@pytest.fixture
def prompt(server: Server, request: pytest.FixtureRequest) -> Prompt:
    name = request.node.originalname.removeprefix("test_").replace("_", "-")
    return a_prompt(server, f"contract/{name}", "Hello")


async def ask(server: Server, method: str, path: str, body: Any = None, key: str = KEY) -> Any:
    """A call on a connection of its own, so that any worker may get it."""

    def call() -> Any:
        request = urllib.request.Request(
            server.url + path,
            json.dumps(body).encode() if body is not None else None,
            {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    return await asyncio.to_thread(call)


async def enter(stack: AsyncExitStack, server: Server, prompt: Prompt, count: int) -> list[YClient]:
    return [await stack.enter_async_context(YClient(prompt.url(server), KEY)) for _ in range(count)]


async def agree(clients: list[YClient], wanted: Any) -> None:
    for client in clients:
        await client.until(lambda client=client: wanted(client.content), 30)


async def test_everybody_sees_every_edit(server: Server, prompt: Prompt) -> None:
    async with AsyncExitStack() as stack:
        clients = await enter(stack, server, prompt, CLIENTS)
        for number, client in enumerate(clients):
            await client.edit(0, f"<{number}>")
        for client in clients:
            await client.durable(30)
        await agree(clients, lambda text: all(f"<{n}>" in text for n in range(CLIENTS)))
        assert len({client.content for client in clients}) == 1
        for _ in range(4):
            assert await asyncio.to_thread(text_of, server, prompt) == clients[0].content


async def test_what_is_acknowledged_is_published(server: Server, prompt: Prompt) -> None:
    async with AsyncExitStack() as stack:
        (client,) = await enter(stack, server, prompt, 1)
        for number in range(1, 5):
            await client.edit(0, f"{number} ")
            await client.durable(30)
            path = f"/api/v1/prompts/{prompt.id}/versions"
            version = await ask(server, "POST", path, {"message": f"Number {number}"})
            assert (version["number"], version["text"]) == (number, client.content)


async def test_a_label_moves_for_every_program(server: Server, prompt: Prompt) -> None:
    for text in ("one", "two"):
        await ask(server, "PATCH", f"/api/v1/prompts/{prompt.id}", {"text": text})
        await ask(server, "POST", f"/api/v1/prompts/{prompt.id}/versions", {"message": text})
    name = "contract/a-label-moves-for-every-program"
    for number, text in ((1, "one"), (2, "two"), (1, "one")):
        path = f"/api/v1/prompts/{prompt.id}/labels/production"
        await ask(server, "PUT", path, {"version": number})
        for _ in range(4):
            fetched = await ask(server, "GET", f"/api/v1/fetch/{name}?label=production")
            assert fetched["text"] == text


async def test_a_rest_edit_reaches_those_who_type(server: Server, prompt: Prompt) -> None:
    async with AsyncExitStack() as stack:
        clients = await enter(stack, server, prompt, 4)
        await ask(server, "PATCH", f"/api/v1/prompts/{prompt.id}", {"text": "Hello world"})
        await agree(clients, lambda text: text == "Hello world")


async def test_people_see_each_other_and_who_leaves_is_gone(server: Server, prompt: Prompt) -> None:
    async with AsyncExitStack() as stack:
        clients = await enter(stack, server, prompt, 6)
        for client in clients:
            await client.show({"cursor": None})
        await everybody_sees(clients)
        took = []
        for _ in range(TRIES):
            clients.pop().drop()  # a closed tab
            left_at = asyncio.get_running_loop().time()
            await everybody_sees(clients)
            took.append(asyncio.get_running_loop().time() - left_at)
        assert statistics.median(took) <= 1.0, took


async def test_a_comment_is_heard_by_everyone_inside_and_by_nobody_else(
    server: Server, prompt: Prompt
) -> None:
    """On whichever workers they are; each of the comments once, and soon."""
    elsewhere = a_prompt(server, "contract/elsewhere", "Hello")
    async with AsyncExitStack() as stack:
        clients = await enter(stack, server, prompt, 4)
        (stranger,) = await enter(stack, server, elsewhere, 1)
        path = f"/api/v1/prompts/{prompt.id}/threads"
        anchor = {"quote": "Hello"}
        thread = (await ask(server, "POST", path, {"body": "Why?", "anchor": anchor}))["id"]
        took = []
        for number in range(2, 22):
            begun = asyncio.get_running_loop().time()
            await ask(server, "POST", f"/api/v1/threads/{thread}/comments", {"body": "Secret"})
            for client in clients:
                await client.until(lambda c=client, n=number: len(heard(c)) >= n, 5)
            took.append(asyncio.get_running_loop().time() - begun)
        assert statistics.median(took) <= 0.2, took
        for client in clients:
            assert [one["comments"] for one in heard(client)] == list(range(1, 22))
            assert "Secret" not in str(client.events)
        assert heard(stranger) == []


def heard(client: YClient) -> list[Any]:
    """What a client was told of threads."""
    about = ("thread.", "comment.")
    return [one["data"] for one in client.events if one["type"].startswith(about)]


async def test_a_revoked_key_is_out_on_every_worker(server: Server, prompt: Prompt) -> None:
    took = [await until_out(server, prompt, number) for number in range(TRIES)]
    assert statistics.median(took) <= 1.0, took


async def until_out(server: Server, prompt: Prompt, number: int) -> float:
    """Seconds from the answer to the call until every socket of the key is closed."""
    body = {"name": f"Temp {number}", "scopes": ["read", "write"]}
    made = await ask(server, "POST", "/api/v1/keys", body)
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(YClient(prompt.url(server), made["key"]))
            for _ in range(CLIENTS)
        ]
        await ask(server, "DELETE", f"/api/v1/keys/{made['id']}")
        revoked_at = asyncio.get_running_loop().time()
        codes = await asyncio.gather(*(client.closed(10) for client in clients))
        assert set(codes) == {4401}
        return asyncio.get_running_loop().time() - revoked_at


async def test_a_text_is_the_same_after_everyone_has_left(server: Server, prompt: Prompt) -> None:
    async with AsyncExitStack() as stack:
        clients = await enter(stack, server, prompt, 4)
        await asyncio.gather(*(client.edit(5, f" {n}") for n, client in enumerate(clients)))
        for client in clients:
            await client.durable(30)
        await agree(clients, lambda text: len(text) == len("Hello") + 8)
        text = clients[0].content
    async with YClient(prompt.url(server), KEY) as fresh:
        assert fresh.content == text


async def everybody_sees(clients: list[YClient]) -> None:
    for client in clients:
        await client.until(lambda client=client: _present(client) == len(clients), 20)


def _present(client: YClient) -> int:
    return sum(state is not None for state in client.presence.values())
