"""HEAD answers wherever GET does: the same status and headers, and no body."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

import pytest

from app.db.engine import Database
from app.web.assets import Assets
from tests.security.book import (
    ACCOUNT,
    API,
    IN_WORKSPACE,
    PUBLIC,
    filled,
    routes_of_the_application,
)
from tests.security.world import World, a_world, ask
from tests.support.deployment import alone
from tests.support.server import KEY

# Of each answer alone: an id, a nonce, how many calls are left.
OWN = {"x-request-id", "content-security-policy", "ratelimit", "date"}
# As long as what they count, and pages as the time that they say something was ago.
VARIED = {"/health/ready", "/metrics"}


@pytest.fixture
async def world(client: Any, database: Database) -> World:
    return await a_world(client, database, "mine")


def compared(got: Any, head: Any, path: str) -> None:
    is_page = got.headers.get("content-type", "").startswith("text/html")
    ignored = OWN | ({"content-length"} if is_page or path in VARIED else set())
    assert ("content-length" in head.headers) == ("content-length" in got.headers), path
    one, other = (
        {name: value for name, value in answer.headers.items() if name not in ignored}
        for answer in (got, head)
    )
    assert (head.status_code, other) == (got.status_code, one), path
    assert head.content == b"", path


@pytest.mark.anyio
async def test_every_route_that_has_get_has_head(client: Any, world: World) -> None:
    seen = set()
    for (method, path), call in IN_WORKSPACE.items():
        if method == "GET":
            headers = (world.key if (method, path) in API else world.owner).headers
            for sent in (headers, headers | {"HX-Request": "true"}, {}):
                got = await ask(client, "GET", path, call, world.ids, sent, follow_redirects=False)
                head = await ask(
                    client, "HEAD", path, call, world.ids, sent, follow_redirects=False
                )
                compared(got, head, path)
            seen.add(path)
    for method, path in ACCOUNT.keys() | PUBLIC.keys():
        if method == "GET":
            url = filled(
                path, world.ids | {"token": "t", "build": "x", "path": "x", "code": "gone"}
            )
            got = await client.get(url, headers=world.owner.headers, follow_redirects=False)
            head = await client.head(url, headers=world.owner.headers, follow_redirects=False)
            compared(got, head, path)
            seen.add(path)
    routed = {path for method, path in routes_of_the_application() if method == "GET"}
    assert seen == routed - {"/mcp"}  # a stream, below


@pytest.mark.anyio
async def test_what_the_caller_has_is_304(client: Any, world: World) -> None:
    for url in (f"/api/v1/prompts/{world.ids['prompt_id']}", f"/api/v1/tags/{world.ids['tag']}"):
        head = await client.head(url, headers=world.key.headers)
        known = world.key.headers | {"If-None-Match": head.headers["etag"]}
        assert (await client.head(url, headers=known)).status_code == 304


@pytest.mark.anyio
async def test_allow_says_so(client: Any, world: World) -> None:
    url = f"/api/v1/prompts/{world.ids['prompt_id']}"
    methods = "DELETE, GET, HEAD, OPTIONS, PATCH"
    assert (await client.options(url, headers=world.key.headers)).headers["allow"] == methods
    wrong = await client.post(url, headers=world.key.headers)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, methods)
    for method in ("HEAD", "GET"):
        none = await client.request(
            method, f"/api/v1/rooms/{world.ids['room_id']}/tickets", headers=world.key.headers
        )
        assert (none.status_code, none.headers["allow"]) == (405, "OPTIONS, POST")
    assert none.json()["code"] == "method_not_allowed"


def test_over_one_connection(tmp_path: Path) -> None:
    """As a server: what HEAD says of a body is not waited for, and a stream ends at once."""
    key = {"Authorization": f"Bearer {KEY}"}
    with alone(tmp_path) as server:
        host = server.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=10)

        def ask(method: str, path: str, body: Any = None, **more: str) -> tuple[Any, bytes]:
            sent = key | more | ({"Content-Type": "application/json"} if body else {})
            connection.request(method, path, json.dumps(body) if body else None, sent)
            answer = connection.getresponse()
            return answer, answer.read()

        made, said = ask("POST", "/api/v1/prompts", {"name": "a/b", "text": "Hello"})
        assert made.status == 201
        prompt = json.loads(said)["id"]
        made, _ = ask(
            "POST", f"/api/v1/prompts/{prompt}/versions", {"message": "m", "labels": ["production"]}
        )
        assert made.status == 201
        assets = Assets(Path("static"))
        socket = connection.sock
        fetch = "/api/v1/fetch/a/b"
        ask("GET", fetch)
        for path in (fetch, "/health/live", assets.url("css/base.css"), "/sign-in", "/nowhere"):
            got, body = ask("GET", path)
            head, nothing = ask("HEAD", path)
            assert (head.status, nothing) == (got.status, b""), path
            assert head.getheader("content-length") == str(len(body)), path
            names = [sorted(name.lower() for name, _ in one.getheaders()) for one in (got, head)]
            assert names[0] == names[1], path
        tag = ask("HEAD", fetch)[0].getheader("etag")
        assert ask("HEAD", fetch, **{"If-None-Match": tag})[0].status == 304
        for path in ("/api/v1/changes", "/api/v1/export"):
            got, nothing = ask("HEAD", path, Accept="text/event-stream")
            assert (got.status, nothing) == (200, b""), path
        assert connection.sock is socket  # the one that it began with
        connection.close()
        assert "request.failed" not in server.logs()
