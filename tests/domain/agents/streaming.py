"""A response that goes on, read in this process: the test client waits for its end."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from app.domain.releases.stream import CONNECTION
from tests.support.waiting import until


class Streaming:
    def __init__(self, body: bytes) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.is_over = False
        self.transport = self  # as the server's protocol has one, to cut it off
        self.is_cut = False
        self.is_stuck = False  # the client reads no more
        self._incoming = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive(self) -> Any:
        await until(lambda: self._incoming, 30)  # filled from the test's loop: another one
        return self._incoming.pop(0)

    async def send(self, message: Any) -> None:
        await until(lambda: not self.is_stuck, 30)
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.body += message.get("body", b"")
            self.is_over = not message.get("more_body", False)

    def abort(self) -> None:
        self.is_cut = True

    def hang_up(self) -> None:
        self._incoming.append({"type": "http.disconnect"})

    def methods(self) -> list[str]:
        """What was told, by name."""
        lines = self.body.decode().splitlines()
        told = [json.loads(one[6:]) for one in lines if one.startswith("data: ")]
        return [one.get("method", "result") for one in told]

    async def until(self, *methods: str) -> None:
        await until(lambda: self.methods() == list(methods), 5, f"{methods}, not {self.body!r}")


@asynccontextmanager
async def streaming(
    client: Any, method: str, headers: dict[str, str], body: bytes = b""
) -> AsyncIterator[Streaming]:
    streaming = Streaming(body)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": "/mcp",
        "raw_path": b"/mcp",
        "query_string": b"",
        "root_path": "",
        "server": ("promptroom.test", 80),
        "client": ("192.0.2.7", 40000),
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
        "state": {},
        "extensions": {CONNECTION: streaming},
    }
    arguments = scope, streaming.receive, streaming.send
    with client.portal() as portal:
        running = portal.start_task_soon(client.app, *arguments)
        try:
            yield streaming
        finally:
            streaming.hang_up()
            streaming.is_stuck = False
            await until(running.done, 5)
