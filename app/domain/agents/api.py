"""`/mcp`: who calls, how often, how much; then the protocol."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Response, get, post
from litestar.exceptions import MethodNotAllowedException
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.agents.deps import AgentDep, Office, OfficeDep
from app.domain.agents.desk import Desk
from app.domain.agents.errors import ForeignOrigin
from app.domain.agents.listening import notices
from app.domain.agents.transport import DESK
from app.domain.releases.deps import AppRequest, Counter, Served
from app.kit.nesting import levels
from app.web.links import origin
from app.web.nul import DETAIL, NulCharacter

PATH = "/mcp"
SESSION = "Mcp-Session-Id"


class AgentApi(Controller):
    path = PATH

    @post("/", name="mcp", status_code=200)
    async def call(
        self, request: AppRequest, agent: AgentDep, office: OfficeDep, served: Served
    ) -> Response[Any]:
        """One message of the protocol, answered with one, or with a stream of what changes."""
        added = _admit(request, office, agent, served)
        message = await request.json()
        body = await request.body()
        _refuse_nul(message, body)
        method = message.get("method") if isinstance(message, dict) else None
        if method == "initialize":  # the older handshake; the newer one has none
            added.append((SESSION.lower().encode(), office.sessions.begin(agent.caller).encode()))
        is_stream = method == "subscriptions/listen"

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            state: dict[str, Any] = scope["state"]
            state[DESK], state["is_stream"] = agent, is_stream
            await office.transport.answer(scope, body, receive, _adding(send, added))

        return _Answer(answer)

    @get("/", name="mcp:stream")
    async def listen(
        self, request: AppRequest, agent: AgentDep, office: OfficeDep, served: Served
    ) -> Response[Any]:
        """The stream of the older handshake."""
        added = _admit(request, office, agent, served)
        if SESSION not in request.headers:
            raise MethodNotAllowedException("Initialize first.", headers={"Allow": "POST"})
        stream = notices(agent, request.headers.get("Last-Event-ID", ""))

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"]["is_stream"] = True
            await stream.run(scope, receive, _adding(send, added))

        return _Answer(answer)


def _admit(
    request: AppRequest, office: Office, agent: Desk, served: Counter
) -> list[tuple[bytes, bytes]]:
    """Headers for the answer. Raises `ForeignOrigin`, `RateLimited`, `SessionUnknown`."""
    counted = served.admit()
    # A page cannot send the key of somebody else; the protocol wants it looked at all the same.
    sent = request.headers.get("Origin")
    if sent is not None and sent != origin(request):
        raise ForeignOrigin("Call from a program, or from a page of this server.")
    if (session := request.headers.get(SESSION)) is not None:
        office.sessions.check(session, agent.caller)
    return [*counted, (b"cache-control", b"no-store")]


def _refuse_nul(message: Any, body: bytes) -> None:
    """Raises `NulCharacter`: what is written in the protocol may end in a database."""
    if b"\\u0000" not in body:
        return
    if any("\0" in one for level in levels(message) for one in level if isinstance(one, str)):
        raise NulCharacter(DETAIL)


def _adding(send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name for name, _ in headers}
            kept = [pair for pair in message["headers"] if pair[0].lower() not in names]
            message["headers"] = [*kept, *headers]
        await send(message)

    return send_with_headers


class _Answer(Response[Any]):
    """Litestar's frame around an ASGI application."""

    def __init__(self, answer: ASGIApp) -> None:
        super().__init__(b"")
        self._answer = answer

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        return _Running(self._answer)


class _Running(ASGIResponse):
    def __init__(self, answer: ASGIApp) -> None:
        super().__init__()
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(scope, receive, send)
