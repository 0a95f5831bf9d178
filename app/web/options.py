"""What `Allow` says: the framework notes a path's methods before all of them are registered.

And HEAD is answered wherever GET is, without being registered at all.
"""

from __future__ import annotations

from collections.abc import Iterable

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Message, Receive, Scope, Send


class ExactAllow(ASGIMiddleware):
    """Gives `Allow` every method that the path takes, to OPTIONS and to a wrong method."""

    scopes = (ScopeType.HTTP,)

    def __init__(self) -> None:
        self._methods: dict[str, str] = {}

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope["type"] != ScopeType.HTTP:
            await next_app(scope, receive, send)
            return

        async def send_exact(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] == 204 and scope["method"] == "OPTIONS":
                    MutableScopeHeaders.from_message(message)["Allow"] = self._of(scope)
                elif message["status"] == 405:
                    headers = MutableScopeHeaders.from_message(message)
                    headers["Allow"] = _listed(headers.get("Allow", "").split(", "))
            await send(message)

        await next_app(scope, receive, send_exact)

    def _of(self, scope: Scope) -> str:
        if not self._methods:
            for route in scope["litestar_app"].routes:
                if isinstance(route, HTTPRoute):
                    self._methods[route.path_format] = _listed(route.methods)
        return self._methods.get(scope.get("path_template", ""), "OPTIONS")


def _listed(methods: Iterable[str]) -> str:
    found = {one for one in methods if one}
    return ", ".join(sorted(found | {"HEAD"} if "GET" in found else found))
