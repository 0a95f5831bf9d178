"""The Host header names a server or nothing is answered; links do not follow it blindly (S25)."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar.testing import AsyncTestClient

from app.db.engine import Database
from app.server.core import build
from app.settings import Settings
from app.web.host import names_a_server
from tests.security.world import a_world
from tests.support.server import Server

pytestmark = pytest.mark.anyio

GOOD = [
    b"promptroom.test",
    b"promptroom.test:8000",
    b"localhost",
    b"my_compose_service:8000",
    b"127.0.0.1:65535",
    b"[::1]",
    b"[2001:db8::7]:8000",
    b"xn--bcher-kva.example",
    b"trailing.dot.",
    b"a" * 63 + b".example",
]
BAD = [
    b"",
    b":80",
    b"a:b",
    b"a:80:80",
    b"a:65536",
    b"a:-1",
    b"a:",
    b"a b",
    b"a\tb",
    b'a"b',
    b"a'b",
    b"<script>alert(1)</script>",
    b"a/b",
    b"a\\b",
    b"a?b",
    b"a#b",
    b"a,b",
    b"a;b",
    b"a%00b",
    b"user@host",
    b"http://a",
    b"..",
    b"-",
    b"a..b",
    b"[::1",
    b"[:::]",
    b"[::1]x",
    b"[fe80::1%eth0]",
    b"\xff",
    "bücher".encode(),
    b"a" * 64,
    b"a." * 200,
    b"a\n",
]


@pytest.mark.parametrize("host", GOOD)
def test_a_server_is_named(host: bytes) -> None:
    assert names_a_server(host)


@pytest.mark.parametrize("host", BAD)
def test_no_server_is_named(host: bytes) -> None:
    assert not names_a_server(host)


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/prompts", "/nothing", "/health/ready"])
async def test_a_bad_host_is_a_bad_request(client: Any, path: str) -> None:
    for host in BAD:
        answer = await client.get(path, headers=[(b"host", host)])
        assert answer.status_code == 400, host
        assert answer.json()["code"] == "host_invalid"
        assert answer.json()["request_id"]
        assert answer.json()["type"] == "/api/docs/errors/host_invalid"  # on no name of theirs
        assert "script" not in answer.text


@pytest.fixture
async def public(settings: Settings) -> AsyncIterator[Any]:
    app = build(msgspec.structs.replace(settings, public_url="https://prompts.example"))
    async with AsyncTestClient(app, base_url="http://promptroom.test") as client:
        client.follow_redirects = False
        yield client


SPOOFED = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Server": "evil.example",
    "X-Original-Host": "evil.example",
    "X-Forwarded-Proto": "ftp",
    "Forwarded": "host=evil.example",
}


async def test_links_are_made_from_the_setting(public: Any, database: Database) -> None:
    world = await a_world(public, database, "mine")
    key, owner = world.key.headers, {"Cookie": f"__Host-session={world.owner.secret}"}
    members = f"/w/{world.place.slug}/settings/members"
    prompt = f"/api/v1/prompts/{world.ids['prompt_id']}"
    invite = {"email": "", "role": "viewer"}
    same = {"Origin": "https://prompts.example"}
    answers = [
        await public.get(prompt, headers=key | SPOOFED),
        await public.get("/api/v1/prompts", headers=key | SPOOFED),
        await public.post(f"/api/v1/rooms/{world.ids['room_id']}/tickets", headers=key | SPOOFED),
        await public.get(f"{prompt}x", headers=key | SPOOFED),
        await public.post(f"{members}/invitations", headers=owner | same | SPOOFED, data=invite),
        await public.get(f"/w/{world.place.slug}/settings/keys", headers=owner | SPOOFED),
        await public.get("/sign-in", headers=SPOOFED),
        await public.get("/api/docs", headers=SPOOFED),
    ]
    for answer in answers:
        assert "evil.example" not in answer.text, answer.url
        assert "evil.example" not in str(answer.headers), answer.url
        assert "prompts.example" in answer.text, answer.url
    assert answers[0].json()["room"]["url"].startswith("wss://prompts.example/rooms/")
    assert "https://prompts.example/join/" in answers[4].text


async def test_without_the_setting_only_host_counts(client: Any, database: Database) -> None:
    world = await a_world(client, database, "mine")
    spoofed = {name: value for name, value in SPOOFED.items() if name != "Host"}
    answer = await client.get("/api/v1/prompts", headers=world.key.headers | spoofed)
    assert "evil" not in answer.text
    assert "ws://promptroom.test/rooms/" in answer.text


async def test_going_back_after_sign_in_stays_here(client: Any, database: Database) -> None:
    """No open redirect: what stands behind `next` is a path of ours or nothing."""
    person = (await a_world(client, database, "mine")).owner
    for evil in (
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/\t/evil.example",
        "/\n/evil.example",
        "/%0d%0aSet-Cookie:x=1/..//\r\nX: y",
        " //evil.example",
        "/ /evil",
        "@evil.example",
        ".evil.example",
        "",
    ):
        answer = await client.get("/sign-in", params={"next": evil}, headers=person.headers)
        where = answer.headers["location"]
        assert answer.status_code == 303
        assert re.match(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*$", where), (evil, where)
        assert "set-cookie" not in answer.headers


def raw(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        return connection.recv(65536)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Server(tmp_path_factory.mktemp("hosts")) as server:
        yield server


def test_on_the_wire(server: Server) -> None:
    """What no HTTP library sends: none, two, and the old protocol."""

    def status(*lines: bytes) -> bytes:
        return raw(server.port, b"\r\n".join([*lines, b"Connection: close", b"", b""]))[9:12]

    assert status(b"GET /sign-in HTTP/1.1", b"Host: a") == b"303"
    assert status(b"GET /sign-in HTTP/1.1") == b"400"
    assert status(b"GET /sign-in HTTP/1.0") == b"400"
    assert status(b"GET /sign-in HTTP/1.1", b"Host: a", b"Host: a") == b"400"
    assert status(b"GET /sign-in HTTP/1.1", b"Host: a", b"Host: b") == b"400"
    assert status(b"GET /health/live HTTP/1.0") == b"200"  # a load balancer's question


def test_at_the_handshake_of_a_socket(server: Server) -> None:
    for host in (b"a:b", b"evil/x", b"<x>", b"", b"[::1", b"a,b"):
        answer = raw(
            server.port,
            b"GET /rooms/x HTTP/1.1\r\nHost: " + host + b"\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        assert answer[9:12] == b"403", (host, answer)
    assert not [line for line in server.events() if line["level"] == "error"]
    assert "Traceback" not in server.logs()
    assert Path(server.data_dir).is_dir()
