"""Headers that tell the browser what a page may do."""

from __future__ import annotations

import secrets

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")
# For what is no page at all and is written past this layer: nothing in it may do anything.
FOR_DATA = [
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    *((name.lower().encode(), value.encode()) for name, value in _EVERYWHERE.items()),
]


class SecurityHeaders(ASGIMiddleware):
    """Adds the headers to every HTTP response and leaves the nonce in `scope["state"]`.

    The nonce is for the one `<style>` element that CodeMirror writes; no page has its own.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, *, is_https: bool) -> None:
        self._is_https = is_https

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        nonce = secrets.token_urlsafe(16)
        scope["state"]["nonce"] = nonce

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableScopeHeaders.from_message(message)
                headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
                for name, value in _EVERYWHERE.items():
                    headers[name] = value
                # What may be kept says so itself; the rest is somebody's own.
                headers.setdefault("Cache-Control", "private, no-store")
                if self._is_https:
                    headers["Strict-Transport-Security"] = STRICT_TRANSPORT[1].decode()
            await send(message)

        await next_app(scope, receive, send_with_headers)
