"""uvicorn's HTTP protocol, taught to take leave of its clients.

uvicorn closes a kept connection whenever no answer is under way. A client that sends its next
request at that moment gets no answer and cannot know whether it was heard. Here the last answer
on each connection says that it is the last one (`Connection: close`, RFC 9112, 9.6).
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from app.domain.releases.stream import CONNECTION


class Connections(ServerState):
    """The state that all connections of a worker share."""

    def __init__(self) -> None:
        super().__init__()
        self.is_leaving = False

    def leave(self) -> None:
        """From now on every answer is its connection's last."""
        self.is_leaving = True
        for connection in self.connections:
            if isinstance(connection, LeavingHttp):
                connection.answer_last()


class LeavingHttp(HttpToolsProtocol):
    server_state: Connections

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        # For a stream whose reader does not read: only cutting the connection ends it.
        extensions: dict[Any, Any] = self.scope.setdefault("extensions", {})
        extensions[CONNECTION] = self
        if self.server_state.is_leaving:
            self.answer_last()

    def answer_last(self) -> None:
        """What has begun to be written cannot say it any more; then the next answer will."""
        cycle: RequestResponseCycle | None = self.cycle  # None until the first request
        if cycle is not None and not cycle.response_started:
            cycle.keep_alive = False
