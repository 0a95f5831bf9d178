"""The way of a fetch that needs nobody: key, count and answer are in memory.

Around everything else, as room frames go past ASGI (ADR 0014): routing, dependencies and five
layers cost several times what there is to do. It only ever answers 200 and 304. Whatever it does
not know for sure, a refusal among it, takes the usual road and is answered there.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from app.domain.keys.ring import KeyRing, digest_of
from app.domain.releases.news import News
from app.domain.releases.record import Record, matches
from app.domain.releases.sticky import HEADER, in_header, split_query
from app.server.monitoring.telemetry import REQUESTS, SECONDS, sane_id
from app.web.host import names_a_server
from app.web.metering import Meter
from app.web.security import FOR_DATA, STRICT_TRANSPORT

PREFIX = "/api/v1/fetch/"
ROUTE = "/api/v1/fetch/{name:path}"
_BEARER = b"Bearer "
_READ = dict.fromkeys((b"authorization", b"host", b"if-none-match", b"x-request-id", HEADER), b"")
_MOST_HOSTS = 64  # a server has few names; others are looked at each time


class Memory:
    """What the lane looks into."""

    def __init__(self, ring: KeyRing, calls: Meter, news: News) -> None:
        self.ring = ring
        self.calls = calls
        self.news = news


class FastLane:
    """An ASGI layer."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        self._fixed = [*FOR_DATA, *([STRICT_TRANSPORT] if is_https else [])]
        self._hosts: set[bytes] = set()
        self._seconds = SECONDS.labels("GET", ROUTE)
        self._ok = REQUESTS.labels("GET", ROUTE, "200")
        self._same = REQUESTS.labels("GET", ROUTE, "304")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        memory: Memory | None = scope["litestar_app"].state.get("lane")
        found = self._answer(scope, memory) if memory is not None else None
        if found is None:
            await self._app(scope, receive, send)
            return
        start, body = found
        await send(start)
        await send({"type": "http.response.body", "body": body, "more_body": False})
        (self._ok if body else self._same).inc()
        self._seconds.observe(time.perf_counter() - began)

    def _answer(self, scope: Any, memory: Memory) -> tuple[Any, bytes] | None:
        """The answer's beginning and its body, or nothing for the usual road."""
        sent = _read(scope["headers"]) if scope["method"] == "GET" else None
        key = sent[b"authorization"] if sent else b""
        if sent is None or not key.startswith(_BEARER) or not self._is_sane(sent[b"host"]):
            return None
        held = memory.ring.find(digest_of(key[7:]))
        shelf = memory.news.known(held.principal.workspace_id) if held else None
        if held is None or shelf is None:
            return None
        query, sticky = split_query(scope["query_string"])
        kept = (shelf.workspace_id, scope["path"][len(PREFIX) :], query)
        record = memory.news.cache.get(kept)
        if record is not None and record.sides:
            record = record.pick(sticky or in_header(sent[HEADER]))
        if record is None or record.renamed is not None:
            return None
        left = memory.calls.take(held.who)
        if left < 0:
            return None
        shelf.used_at = held.used_at
        return self._said(record, sent, memory.calls.headers(left))

    def _said(
        self, record: Record, sent: Mapping[bytes, bytes], counted: list[tuple[bytes, bytes]]
    ) -> tuple[Any, bytes]:
        own = (b"x-request-id", sane_id(sent[b"x-request-id"].decode("latin-1")).encode())
        known = sent[b"if-none-match"]
        is_same = bool(known) and matches(known.decode("latin-1"), record.etag)
        headers = [*(record.headers_304 if is_same else record.headers), *counted, own]
        headers += self._fixed
        status = 304 if is_same else 200
        start = {"type": "http.response.start", "status": status, "headers": headers}
        return start, b"" if is_same else record.body

    def _is_sane(self, host: bytes) -> bool:
        """Whether a Host header is one that the usual road would take."""
        if host in self._hosts:
            return True
        if len(self._hosts) < _MOST_HOSTS and names_a_server(host):
            self._hosts.add(host)
            return True
        return False


def _read(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes] | None:
    """The headers that matter; nothing when one of them came twice."""
    sent = dict(_READ)
    for name, value in headers:
        if name in sent:
            if sent[name]:
                return None
            sent[name] = value
    return sent
