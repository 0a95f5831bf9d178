"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) on every call that writes.

The answer is kept in the request's own transaction, so that it is there exactly if the change is,
whenever the process dies. A handler that asks a room has no such transaction: its answer is kept
right after it is done, and a crash in between means that a call that is made again is done again.
All of those are calls of which twice is the same as once (`docs/adr/0036-idempotency-keys.md`).

Only what succeeded is kept: after a failure nothing was changed, and trying again is a new try.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import structlog
from litestar import Request
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.idempotency.service import LARGEST, TURN, Answer, Turn, name_in
from app.server.requests.authentication import caller_by_key
from app.web.json_request import JsonRequest
from app.web.repeated import CURRENT, KEPT_HEADERS, Repeatable

log = structlog.get_logger(__name__)

HEADER = "idempotency-key"
REPLAYED = (b"idempotency-replayed", b"true")
# They change nothing, or, as imports do, find by themselves what is there already.
ALWAYS_REPEATABLE = frozenset({"renderPrompt", "createRoomTicket", "importPrompts"})
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_BESIDE = (b"content-type", b"if-match", b"if-none-match")  # what else a call says


class Idempotency(ASGIMiddleware):
    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request: Request[Any, Any, Any] = JsonRequest(scope, receive, send)
        if request.method not in _WRITES:
            return await next_app(scope, receive, send)
        header = request.headers.get(HEADER)
        handler: Any = scope["route_handler"]
        if header is None or handler.operation_id in ALWAYS_REPEATABLE:
            return await next_app(scope, receive, send)
        name = name_in(header)
        caller = await caller_by_key(request)
        turn = Turn(request.app.state.database, caller, name)
        first = await turn.take(await _digest(request))
        if first is not None:
            return await _send(send, first.status, _replayed(first), first.body or b"")
        await _Work(turn, handler.status_code).do(scope, receive, send, next_app)
        return None


class _Work:
    """The first try: done, kept, and only then answered."""

    def __init__(self, turn: Turn, status: int) -> None:
        self._turn = turn
        self._call = Repeatable(turn.object_id, status, self._keep)
        self._start: Message | None = None
        self._body = b""

    async def do(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        scope["state"]["seal"] = self._call.seal
        token = CURRENT.set(self._call)
        try:
            async with _at_it(self._turn):
                await next_app(scope, receive, self._hear)
            try:
                await self._settle()
            except DBAPIError as error:  # it is done all the same, and the caller is to know
                log.warning("idempotency.not_kept", error=type(error).__name__)
        except BaseException:
            await asyncio.shield(self._give_back())
            raise
        finally:
            CURRENT.reset(token)
        if self._start is not None:
            await send(self._start)
            await send({"type": "http.response.body", "body": self._body, "more_body": False})

    async def _hear(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._body += message["body"]

    async def _keep(
        self, tx: AsyncSession, status: int, headers: dict[str, str], body: bytes
    ) -> None:
        await self._turn.keep(tx, _to_keep(status, headers, body))

    async def _settle(self) -> None:
        if self._start is None:
            return
        status = self._start["status"]  # type: ignore[typeddict-item]
        if status >= 400:  # also when it was kept and the commit failed
            await self._turn.give_back()
            return
        if self._turn.is_kept:
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in self._start["headers"]  # type: ignore[typeddict-item]
        }
        kept = {name: value for name, value in headers.items() if name in KEPT_HEADERS}
        await self._turn.keep_alone(_to_keep(status, kept, self._body))

    async def _give_back(self) -> None:
        with contextlib.suppress(DBAPIError):  # then it ends by itself
            await self._turn.give_back()


@contextlib.asynccontextmanager
async def _at_it(turn: Turn) -> AsyncIterator[None]:
    """Prolongs the turn for as long as it takes."""

    async def prolong() -> None:
        while True:
            await asyncio.sleep(TURN.total_seconds() / 3)
            try:
                await turn.prolong()
            except DBAPIError as error:
                log.warning("idempotency.not_prolonged", error=type(error).__name__)

    task = asyncio.create_task(prolong())
    try:
        yield
    finally:
        task.cancel()


def _to_keep(status: int, headers: dict[str, str], body: bytes) -> Answer:
    """Secrets are shown once, and so never kept."""
    is_secret = "no-store" in headers.get("cache-control", "")
    return Answer(status, headers, None if is_secret or len(body) > LARGEST else body)


def _replayed(first: Answer) -> list[tuple[bytes, bytes]]:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in first.headers.items()]
    length = (b"content-length", str(len(first.body or b"")).encode())
    return [*headers, *([length] if first.status != 204 else []), REPLAYED]


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _digest(request: Request[Any, Any, Any]) -> str:
    """Of everything that makes this call another one."""
    scope = request.scope
    beside = [value for name, value in sorted(scope["headers"]) if name in _BESIDE]
    parts = [request.method.encode(), scope["path"].encode(), scope["query_string"], *beside]
    digest = hashlib.sha256()
    for part in (*parts, await request.body()):
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()
