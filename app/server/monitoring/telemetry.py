"""Request ids, one access-log line and one measurement per HTTP request.

Sockets live for hours, so the rooms slice logs and measures them itself.
"""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Gauge, Histogram

from app.server.monitoring.logs import fields

log = structlog.get_logger("promptroom.access")

SECONDS = Histogram(
    "promptroom_http_request_seconds",
    "From a request's arrival to the last byte of its answer",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
REQUESTS = Counter("promptroom_http_requests", "Answered requests", ["method", "route", "status"])
IN_PROGRESS = Gauge(
    "promptroom_http_requests_in_progress", "Requests being answered", multiprocess_mode="livesum"
)

_SANE_ID = re.compile(r"[A-Za-z0-9_.\-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Asked for by machines every few seconds; logged at debug so that people's requests stand out.
_ROUTINE = ("/static/", "/health/", "/metrics", "/api/v1/fetch/")
_CLIENT_GONE = 499  # logged when the connection was lost before an answer began


class Telemetry(ASGIMiddleware):
    """Outermost, so that it also sees what no route answers."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request_id = _request_id(scope)
        scope["state"]["request_id"] = request_id
        began = time.perf_counter()
        status = _CLIENT_GONE

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if scope["state"].get("is_stream"):
                    IN_PROGRESS.dec()  # answered, as far as anybody waits for an answer
                MutableScopeHeaders.from_message(message)["X-Request-ID"] = request_id
            await send(message)

        IN_PROGRESS.inc()
        try:
            with structlog.contextvars.bound_contextvars(request_id=request_id):
                try:
                    await next_app(scope, receive, send_with_id)
                finally:
                    _record(scope, status, time.perf_counter() - began)
        finally:
            if not scope["state"].get("is_stream"):
                IN_PROGRESS.dec()


def _request_id(scope: Scope) -> str:
    """The caller's, so that a trace can cross systems, unless it could forge log lines."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            return sane_id(value.decode("latin-1"))
    return sane_id("")


def sane_id(given: str) -> str:
    """`given`, or a new one in its place."""
    return given if given and _SANE_ID.fullmatch(given) else secrets.token_hex(8)


def _record(scope: Any, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "other"
    # The template, never the path: ids would make a series per prompt, and paths hold names.
    route = scope.get("path_template") or "(none)"
    is_stream = scope["state"].get("is_stream", False)
    if not is_stream:
        SECONDS.labels(method, route).observe(seconds)
    REQUESTS.labels(method, route, str(status)).inc()
    write = log.debug if is_stream or route.startswith(_ROUTINE) else log.info
    write(
        "request",
        method=method,
        route=route,
        status=status,
        ms=round(seconds * 1000, 1),
        **fields(actor=scope["state"].get("actor")),
    )
