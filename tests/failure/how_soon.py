"""How soon what happens on one worker is true on the others; `python -m tests.failure.how_soon`.

The tests look at a few tries of each, this program at twenty, and at killed workers as well.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]

from tests.failure.headless import Prompt, a_prompt
from tests.support.deployment import Cluster, cluster
from tests.support.server import EMAIL, KEY, PASSWORD, Server
from tests.support.waiting import until
from tests.support.yclient import YClient

Seconds = list[float]
Measure = Callable[[Server, Prompt, int], Awaitable[Seconds]]

_MOST_SOCKETS = 32  # opened to meet both workers; one in 2^31 times they are not enough


def worker_of(server: Server, port: int) -> int:
    """The process at the other end of a connection of ours."""
    for pid in server.workers():
        for connection in psutil.Process(pid).net_connections("tcp"):
            if connection.raddr and connection.raddr.port == port:
                return pid
    raise AssertionError("nobody has this connection")


async def on_both(
    stack: AsyncExitStack, server: Server, prompt: Prompt, headers: dict[str, str] | None = None
) -> dict[int, YClient]:
    """A client on each worker, by its process id."""
    found: dict[int, YClient] = {}
    for _ in range(_MOST_SOCKETS):
        client = YClient(prompt.url(server), KEY)
        client.headers = headers or client.headers
        await stack.enter_async_context(client)
        found.setdefault(worker_of(server, client.ws.local_address[1]), client)
        if found.keys() >= set(server.workers()):
            return found
    raise AssertionError("all on one worker")


async def callers(stack: AsyncExitStack, server: Server) -> dict[int, httpx.AsyncClient]:
    """For each worker, by its process id, a client whose connection it has."""
    found: dict[int, httpx.AsyncClient] = {}
    headers = {"Authorization": f"Bearer {KEY}"}
    for _ in range(_MOST_SOCKETS):
        client = httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30)
        await stack.enter_async_context(client)
        answer = await client.get("/health/live")
        stream = answer.extensions["network_stream"]
        found.setdefault(worker_of(server, stream.get_extra_info("client_addr")[1]), client)
        if found.keys() >= set(server.workers()):
            return found
    raise AssertionError("all on one worker")


async def an_edit(server: Server, prompt: Prompt, tries: int) -> Seconds:
    """From typing on one worker to reading on the other."""
    took = []
    async with AsyncExitStack() as stack:
        pair = list((await on_both(stack, server, prompt)).values())
        for number in range(tries):
            author, reader = pair[number % 2], pair[1 - number % 2]
            await asyncio.sleep(random.uniform(0, 1))  # at any moment between two looks
            begun = _now()
            await author.edit(0, f"<{number}>")
            await reader.until(lambda r=reader, n=number: f"<{n}>" in r.content, 30)
            took.append(_now() - begun)
    return took


async def a_revoked_key(server: Server, prompt: Prompt, tries: int) -> Seconds:
    """From the answer to the call until its sockets on both workers are closed."""
    took = []
    async with _program(server) as program:
        for number in range(tries):
            body = {"name": f"Temp {number}", "scopes": ["read", "write"]}
            made = (await program.post("/api/v1/keys", json=body)).json()
            async with AsyncExitStack() as stack:
                headers = {"Authorization": f"Bearer {made['key']}"}
                inside = await on_both(stack, server, prompt, headers)
                answer = await program.delete(f"/api/v1/keys/{made['id']}")
                assert answer.status_code == 204
                took.append(await _closed(inside, 4401))
    return took


async def a_removed_member(server: Server, prompt: Prompt, tries: int) -> Seconds:
    """The same of a person who is removed from the workspace."""
    took = []
    async with _browser(server) as owner, _browser(server) as guest:
        signed_in = await owner.post("/sign-in", data={"email": EMAIL, "password": PASSWORD})
        assert signed_in.status_code == 303, signed_in.text
        for _ in range(tries):
            await _join(owner, guest)
            listed = (await _members(server))["items"]
            guest_id = next(one["id"] for one in listed if one["role"] == "editor")
            async with AsyncExitStack() as stack:
                headers = {"Cookie": f"session={guest.cookies['session']}", "Origin": server.url}
                inside = await on_both(stack, server, prompt, headers)
                url = f"/w/acme/settings/members/{guest_id}/remove"
                assert (await owner.post(url)).status_code in (200, 303)
                took.append(await _closed(inside, 4403))
    return took


async def a_closed_tab(server: Server, prompt: Prompt, tries: int) -> Seconds:
    """From the loss of a connection until nobody on either worker sees its person."""
    took = []
    async with AsyncExitStack() as stack:
        readers = (await on_both(stack, server, prompt)).values()
        for _ in range(tries):
            async with YClient(prompt.url(server), KEY) as visitor:
                who = visitor.doc.client_id
                await visitor.show({"cursor": None})
                await asyncio.gather(*(_sees(reader, who, 20) for reader in readers))
                begun = _now()
                visitor.drop()
                await asyncio.gather(*(_sees(reader, who, 20, False) for reader in readers))
                took.append(_now() - begun)
    return took


async def a_killed_worker(server: Server, prompt: Prompt, tries: int) -> Seconds:
    """From the death of a worker until the other shows none of its people."""
    took = []
    for _ in range(tries):
        async with AsyncExitStack() as stack:
            inside = await on_both(stack, server, prompt)
            (victim, visitor), (_, reader) = inside.items()
            await visitor.show({"cursor": None})
            await _sees(reader, visitor.doc.client_id, 20)
            ready = server.times_ready()
            begun = _now()
            os.kill(victim, signal.SIGKILL)
            await _sees(reader, visitor.doc.client_id, 60, False)
            took.append(_now() - begun)
            await until(lambda n=ready: server.times_ready() > n, 60, "a successor")
    return took


async def _sees(reader: YClient, who: int, seconds: float, expected: bool = True) -> None:
    await reader.until(lambda: bool(reader.presence.get(who)) is expected, seconds)


async def _closed(inside: dict[int, YClient], code: int) -> float:
    begun = _now()
    codes = await asyncio.gather(*(client.closed(40) for client in inside.values()))
    assert set(codes) == {code}, codes
    return _now() - begun


async def _join(owner: httpx.AsyncClient, guest: httpx.AsyncClient) -> None:
    form = {"email": "", "role": "editor"}
    invited = await owner.post("/w/acme/settings/members/invitations", data=form)
    path = "/join/" + invited.text.partition("/join/")[2].split('"')[0].split("<")[0]
    form = {"name": "Guest", "email": "guest@example.com", "password": PASSWORD}
    joined = await guest.post(path, data=form)
    assert joined.status_code == 303, joined.text


async def _members(server: Server) -> Any:
    async with _program(server) as program:
        return (await program.get("/api/v1/members")).json()


def _program(server: Server) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30)


def _browser(server: Server) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.url, headers={"Origin": server.url}, timeout=30)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _measure(many: Cluster, tries: int) -> None:
    prompt = a_prompt(many.server, "how/soon", "Hello")
    _tell("an edit, by the log", await an_edit(many.server, prompt, tries))
    many.redis.start()
    await until(lambda: status(many.server) == "ok", 30)
    measures: tuple[Measure, ...] = (
        an_edit,
        a_revoked_key,
        a_removed_member,
        a_closed_tab,
        a_killed_worker,
    )
    for measure in measures:
        took = await measure(many.server, prompt, tries)
        _tell(measure.__name__.replace("_", " "), took)


def status(server: Server) -> str:
    """What readiness says of the worker that is asked; 200 or not."""
    code, body = server.get("/health/ready")
    told: str = json.loads(body)["status"]
    return told if code == 200 else f"{code} {told}"


def _tell(what: str, took: Seconds) -> None:
    middle, longest = statistics.median(took), max(took)
    sys.stdout.write(f"{what}: median {middle:.3f} s, longest {longest:.3f} s of {len(took)}\n")
    sys.stdout.flush()


def main() -> None:
    tries = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder), 2, redis=False) as many:
        asyncio.run(_measure(many, tries))


if __name__ == "__main__":
    main()
