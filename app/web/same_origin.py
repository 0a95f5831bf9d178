"""Refuses what another site started, on HTTP and on WebSockets, instead of CSRF tokens.

Browsers say where a request comes from (`Sec-Fetch-Site`, `Origin`). Programs with an API key
send neither, and cookies are not what lets them in, so they are not stopped.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from app.web.refusal import refuse

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class SameOrigin(ASGIMiddleware):
    scopes = (ScopeType.HTTP, ScopeType.WEBSOCKET)

    def __init__(self, public_url: str) -> None:
        """`public_url` is where people reach the server; empty = the Host header decides."""
        self._public = _origin(public_url) if public_url else ""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if _brings_ticket(scope):
            # The ticket decides, so nobody may look at the cookie: another site can send both.
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"cookie"]
        if self._is_allowed(scope):
            await next_app(scope, receive, send)
        else:
            await refuse(
                scope,
                receive,
                send,
                status=403,
                code="cross_origin",
                title="Started by another site",
                detail="Open Promptroom itself and try again there.",
            )

    def _is_allowed(self, scope: Any) -> bool:
        headers = {name: value for name, value in scope["headers"] if name in _READ}
        is_socket = scope["type"] == "websocket"
        if not is_socket and scope["method"] in _SAFE:
            return True
        if b"authorization" in headers and b"cookie" not in headers:
            return True  # a key in a header cannot be ridden by another site
        if _brings_ticket(scope):
            return True  # nor can a ticket
        origin = headers.get(b"origin")
        if origin is not None:
            return self._is_ours(origin.decode("latin-1"), headers, scope)
        site = headers.get(b"sec-fetch-site")
        if site is not None:
            return site in (b"same-origin", b"none")
        # Neither header: not a browser of this decade. A socket that brings a cookie must prove
        # where it comes from all the same.
        return not (is_socket and b"cookie" in headers)

    def _is_ours(self, origin: str, headers: dict[bytes, bytes], scope: Any) -> bool:
        if self._public:
            return origin == self._public
        host = headers.get(b"host", b"").decode("latin-1")
        secure = scope.get("scheme") in ("https", "wss")
        return bool(host) and origin == f"{'https' if secure else 'http'}://{host}"


def _brings_ticket(scope: Any) -> bool:
    return scope["type"] == "websocket" and b"ticket=" in scope["query_string"]


_READ = frozenset({b"authorization", b"cookie", b"origin", b"sec-fetch-site", b"host"})


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
