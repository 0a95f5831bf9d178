"""Calls that are on their way out say so: `Deprecation` (RFC 9745), `Sunset` (RFC 8594).

    @get("/old", **deprecated(since=date(2027, 1, 1), sunset=date(2028, 1, 1), successor="/new"))

The description of the API marks them by itself. docs/api.md has the policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from typing import Any

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

LEAST = timedelta(days=365)  # between telling and taking away
_OPTION = "deprecation"


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Since when a call is deprecated, when it ends, and what to call instead."""

    since: date
    sunset: date
    successor: str = ""

    def headers(self) -> list[tuple[bytes, bytes]]:
        since, sunset = (
            datetime.combine(day, time(), tzinfo=UTC) for day in (self.since, self.sunset)
        )
        links = ['</api/docs>; rel="deprecation"; type="text/html"']
        if self.successor:
            links.append(f'<{self.successor}>; rel="successor-version"')
        return [
            (b"deprecation", f"@{int(since.timestamp())}".encode()),
            (b"sunset", format_datetime(sunset, usegmt=True).encode()),
            *((b"link", link.encode()) for link in links),
        ]


def deprecated(*, since: date, sunset: date, successor: str = "") -> dict[str, Any]:
    """What a handler's decorator takes. Raises `ValueError` for an end that comes too soon."""
    if sunset - since < LEAST:
        raise ValueError(f"a deprecated call stays for {LEAST.days} days at least")
    return {"deprecated": True, "opt": {_OPTION: Deprecation(since, sunset, successor)}}


class Deprecations(ASGIMiddleware):
    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        told: Deprecation | None = scope["route_handler"].opt.get(_OPTION)
        if told is None:
            return await next_app(scope, receive, send)
        extra = told.headers()

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        return await next_app(scope, receive, telling)
