"""What every response tells the browser, and the session's cookie."""

from __future__ import annotations

import re

import pytest
from litestar import Response, get

from app.web.cookies import SessionCookie
from app.web.security import SecurityHeaders
from tests.web.support import serve

pytestmark = pytest.mark.anyio


@get("/x")
async def handler() -> str:
    return "x"


class TestHeaders:
    async def test_scripts_and_frames_of_others_are_forbidden(self) -> None:
        async with serve(handler, middleware=[SecurityHeaders(is_https=False)]) as client:
            headers = (await client.get("/x")).headers
        policy = headers["content-security-policy"]
        for rule in (
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ):
            assert rule in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "strict-transport-security" not in headers

    async def test_a_nonce_is_used_once(self) -> None:
        async with serve(handler, middleware=[SecurityHeaders(is_https=False)]) as client:
            policies = [
                (await client.get("/x")).headers["content-security-policy"] for _ in range(5)
            ]
        nonces = {re.search(r"'nonce-([\w-]{22})'", policy)[1] for policy in policies}  # type: ignore[index]
        assert len(nonces) == 5

    async def test_https_stays_https(self) -> None:
        async with serve(handler, middleware=[SecurityHeaders(is_https=True)]) as client:
            assert "strict-transport-security" in (await client.get("/x")).headers


class TestSessionCookie:
    def test_over_https_it_belongs_to_this_host_alone(self) -> None:
        response = SessionCookie(is_https=True).put(Response(b""), "secret")
        (cookie,) = response.cookies
        assert cookie.key == "__Host-session"
        assert (cookie.secure, cookie.httponly, cookie.samesite) == (True, True, "lax")
        assert (cookie.path, cookie.domain) == ("/", None)

    def test_dropping_it_names_the_same_cookie(self) -> None:
        response = SessionCookie(is_https=True).drop(Response(b""))
        (cookie,) = response.cookies
        assert (cookie.key, cookie.value, cookie.max_age) == ("__Host-session", "", 0)
        assert cookie.secure
