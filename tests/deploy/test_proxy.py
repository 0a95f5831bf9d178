"""Two real servers behind the real proxy: pages, rooms, and one of the servers gone."""

from __future__ import annotations

import asyncio
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.nginx import Door, program, proxy, written
from tests.failure.headless import a_prompt, text_of
from tests.support.deployment import SECRET_KEY
from tests.support.server import HEADLESS, KEY, Server, until
from tests.support.services import PostgresServer, RedisServer
from tests.support.yclient import YClient

pytestmark = pytest.mark.failure


@dataclass(frozen=True)
class Site:
    door: Door
    servers: list[Server]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with ExitStack() as stack:
        postgres = stack.enter_context(PostgresServer())
        redis = stack.enter_context(RedisServer())
        environment = HEADLESS | {
            "PROMPTROOM_DATABASE_URL": postgres.database_url(postgres.create_database()),
            "PROMPTROOM_REDIS_URL": redis.url,
            "PROMPTROOM_SECRET_KEY": SECRET_KEY,
        }
        servers = [
            stack.enter_context(Server(folder / name, environment)) for name in ("one", "two")
        ]
        yield Site(stack.enter_context(proxy(folder / "nginx", servers)), servers)


def status(door: Door, path: str) -> int:
    try:
        with urllib.request.urlopen(door.url + path, timeout=15) as answer:
            code: int = answer.status
            return code
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def connections(server: Server) -> int:
    _, figures = server.get("/metrics")
    found = re.findall(rb"^promptroom_connections\{.*\} ([0-9.]+)", figures, re.MULTILINE)
    return int(sum(map(float, found)))


def test_nginx_accepts_the_configuration(tmp_path: Path) -> None:
    config = written(tmp_path, (1, 2, 3), ["127.0.0.1:4"])
    command = [program(), "-t", "-e", "stderr", "-c", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    config.write_text(config.read_text().replace("proxy_buffering off;", "proxy_planted off;"))
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_what_is_for_operators_stays_inside(site: Site) -> None:
    assert status(site.door, "/sign-in") == 200
    assert [status(site.door, path) for path in ("/metrics", "/health/ready")] == [404, 404]


def test_imports_may_be_larger_than_other_bodies(site: Site) -> None:
    body = b"x" * (5 << 20)
    assert _posted(site.door, "/api/v1/prompts", body) == 413
    assert _posted(site.door, "/api/v1/import", body) == 422, "read, and no file of any tool"
    assert _posted(site.door, "/w/promptroom/import", body) != 413


def _posted(door: Door, path: str, body: bytes) -> int:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(door.url + path, body, headers)  # our own
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            code: int = answer.status
            return code
    except urllib.error.HTTPError as error:
        with error:
            return error.code


async def test_an_edit_goes_through_and_a_room_stays_together(site: Site) -> None:
    prompt = await asyncio.to_thread(a_prompt, site.door, "proxy/edits", "Hello")
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(YClient(prompt.url(site.door), KEY)) for _ in range(6)
        ]
        await clients[0].edit(5, " world")
        await clients[0].durable(30)
        for client in clients:
            await client.until(lambda client=client: client.content == "Hello world", 30)
        assert await asyncio.to_thread(text_of, site.door, prompt) == "Hello world"
        counts = [await asyncio.to_thread(connections, server) for server in site.servers]
        assert sorted(counts) == [0, 6]


async def test_one_server_gone_is_not_noticed(site: Site) -> None:
    prompt = await asyncio.to_thread(a_prompt, site.door, "proxy/gone", "Hello")
    for server in site.servers:
        server.kill_everything()
        codes = [await asyncio.to_thread(status, site.door, "/sign-in") for _ in range(10)]
        assert set(codes) == {200}
        async with YClient(prompt.url(site.door), KEY) as client:
            await client.edit(0, "<")
            await client.durable(30)
        server.start()
        # nginx tries one that failed again after its two seconds.
        until(lambda server=server: _is_asked(site, server), 15, "a request for who came back")
    assert await asyncio.to_thread(text_of, site.door, prompt) == "<<Hello"


def _is_asked(site: Site, server: Server) -> bool:
    before = _answered(server)
    status(site.door, "/sign-in")
    return _answered(server) > before


def _answered(server: Server) -> float:
    _, figures = server.get("/metrics")
    found = re.findall(
        rb"^promptroom_http_requests_total\{.*sign-in.*\} ([0-9.]+)", figures, re.MULTILINE
    )
    return sum(map(float, found))
