"""Refuses requests whose Host header names no server: addresses in answers are made from it."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Any

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from app.web.refusal import refuse

_NAME = rb"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(
    rb"(?:(?P<name>%b(?:\.%b){0,126}\.?)|\[(?P<ipv6>[0-9A-Fa-f:.]{2,45})\])(?::(?P<port>[0-9]{1,5}))?"
    % (_NAME, _NAME)
)
_LONGEST = 255 + len(":65535")
_PROBES = "/health/"  # load balancers ask over HTTP/1.0, which has no Host


class SaneHost(ASGIMiddleware):
    scopes = (ScopeType.HTTP, ScopeType.WEBSOCKET)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if _is_sane(scope):
            await next_app(scope, receive, send)
            return
        await refuse(
            scope,
            receive,
            send,
            trusts_host=False,
            status=403 if scope["type"] == ScopeType.WEBSOCKET else 400,
            code="host_invalid",
            title="The Host header cannot be used",
            detail="Send one Host header with the name of the server, and its port if need be.",
        )


def _is_sane(scope: Any) -> bool:
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if not hosts:
        return bool(scope["path"].startswith(_PROBES))
    return len(hosts) == 1 and names_a_server(hosts[0])


def names_a_server(host: bytes) -> bool:
    """Whether `host` is a name or an address with an optional port (RFC 9110, 7.2), and no more."""
    found = _HOST.fullmatch(host) if len(host) <= _LONGEST else None
    if found is None or int(found["port"] or 0) > 65535:
        return False
    try:
        return found["ipv6"] is None or bool(IPv6Address(found["ipv6"].decode()))
    except AddressValueError:
        return False
