"""Requests that another site started are refused, on HTTP and at the WebSocket's handshake."""

from __future__ import annotations

from typing import Any

import pytest
from litestar import Litestar, get, post

from app.web.same_origin import SameOrigin
from tests.web.support import serve

pytestmark = pytest.mark.anyio

PUBLIC = "https://promptroom.example"
COOKIE = (b"cookie", b"session=x")


@post("/change")
async def change() -> str:
    return "done"


@get("/look")
async def look() -> str:
    return "seen"


class TestHttp:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": ""},
            {"Origin": "http://promptroom.test:81"},
            {"Origin": "http://promptroom.test/"},
            {"Origin": "HTTP://PROMPTROOM.TEST"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "nonsense"},
            {"Origin": "https://evil.example", "Authorization": "Bearer x", "Cookie": "session=x"},
        ],
    )
    async def test_a_change_from_elsewhere_is_refused(self, headers: dict[str, str]) -> None:
        async with serve(change, middleware=[SameOrigin("")]) as client:
            answer = await client.post("/change", headers=headers)
        assert answer.status_code == 403
        assert answer.json()["code"] == "cross_origin"

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Origin": "http://promptroom.test"},
            {"Sec-Fetch-Site": "same-origin"},
            {"Sec-Fetch-Site": "none"},
            {"Origin": "https://app.example", "Authorization": "Bearer x"},
        ],
    )
    async def test_a_change_from_here_or_with_a_key_is_let_in(
        self, headers: dict[str, str]
    ) -> None:
        async with serve(change, middleware=[SameOrigin("")]) as client:
            assert (await client.post("/change", headers=headers)).status_code == 201

    async def test_looking_is_always_allowed(self) -> None:
        async with serve(look, middleware=[SameOrigin("")]) as client:
            answer = await client.get("/look", headers={"Origin": "https://evil.example"})
        assert answer.status_code == 200

    async def test_a_configured_address_outranks_the_host_header(self) -> None:
        async with serve(change, middleware=[SameOrigin(PUBLIC)]) as client:
            good = await client.post("/change", headers={"Origin": PUBLIC})
            bad = await client.post("/change", headers={"Origin": "http://promptroom.test"})
        assert (good.status_code, bad.status_code) == (201, 403)


class TestASocket:
    async def answer(self, public: str, *headers: tuple[bytes, bytes], query: bytes = b"") -> Any:
        """What the middleware sends itself, or the headers with which it let a socket through."""
        sent: list[Any] = []
        let_in: list[Any] = []

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        async def inner(scope: Any, receive: Any, send: Any) -> None:
            let_in.append(dict(scope["headers"]))

        scope: Any = {
            "type": "websocket",
            "scheme": "ws",
            "litestar_app": Litestar(),
            "query_string": query,
            "headers": [(b"host", b"promptroom.test"), *headers],
        }
        await SameOrigin(public).handle(scope, receive, send, inner)
        return let_in[0] if let_in else sent[0]

    @pytest.mark.parametrize(
        "origin",
        [
            b"https://evil.example",
            b"null",
            b"",
            b"http://promptroom.test.evil.example",
            b"http://promptroom.test:8000",
            b"https://promptroom.test",
            b"file://",
        ],
    )
    async def test_another_origin_gets_403_before_the_handshake(self, origin: bytes) -> None:
        refused = await self.answer("", COOKIE, (b"origin", origin))
        assert refused["type"] == "websocket.http.response.start"
        assert refused["status"] == 403

    async def test_a_cookie_without_an_origin_is_refused(self) -> None:
        assert (await self.answer("", COOKIE))["status"] == 403

    async def test_ours_is_let_in(self) -> None:
        for public, origin in (("", b"http://promptroom.test"), (PUBLIC, PUBLIC.encode())):
            let_in = await self.answer(public, COOKIE, (b"origin", origin))
            assert let_in[b"cookie"] == b"session=x"

    async def test_a_program_with_a_key_needs_no_origin(self) -> None:
        assert b"authorization" in await self.answer("", (b"authorization", b"Bearer x"))

    @pytest.mark.parametrize(
        "query", [b"ticket=abc", b"ticket=", b"xticket=1", b"ticket=a&ticket=", b"ack=1&ticket=a"]
    )
    async def test_a_ticket_comes_from_anywhere_but_leaves_the_cookie_behind(
        self, query: bytes
    ) -> None:
        evil = (b"origin", b"https://evil.example")
        let_in = await self.answer("", COOKIE, evil, query=query)
        assert b"cookie" not in let_in
