"""HEAD wherever there is GET (RFC 9110, 9.3.2): the same answer, without its body."""

from __future__ import annotations

from typing import Any

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send


class _Enough(BaseException):
    """Ends a stream before it begins. Not an `Exception`: nobody on the way is to answer it."""


class HeadAsGet(ASGIMiddleware):
    """Has the application answer GET, and keeps the body to itself.

    A copy of the scope says GET: the server's own says HEAD on, and so do logs and figures.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "HEAD":
            await next_app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                if all(name.lower() != b"content-length" for name, _ in message["headers"]):
                    raise _Enough

        inner: Any = {**scope, "method": "GET"}
        try:
            await next_app(inner, receive, send_head)
        except _Enough:
            pass
        finally:
            scope["path_template"] = inner.get("path_template", "")
