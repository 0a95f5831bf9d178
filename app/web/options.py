"""What OPTIONS answers: the framework notes a path's methods before all of them are registered."""

from __future__ import annotations

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Message, Receive, Scope, Send


class ExactAllow(ASGIMiddleware):
    """Gives `Allow` every method that the path takes."""

    scopes = (ScopeType.HTTP,)

    def __init__(self) -> None:
        self._methods: dict[str, str] = {}

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "OPTIONS":
            await next_app(scope, receive, send)
            return

        async def send_exact(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 204:
                methods = self._of(scope)
                MutableScopeHeaders.from_message(message)["Allow"] = methods
            await send(message)

        await next_app(scope, receive, send_exact)

    def _of(self, scope: Scope) -> str:
        if not self._methods:
            for route in scope["litestar_app"].routes:
                if isinstance(route, HTTPRoute):
                    self._methods[route.path_format] = ", ".join(sorted(route.methods))
        return self._methods.get(scope.get("path_template", ""), "OPTIONS")
