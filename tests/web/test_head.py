"""HEAD of a stream: its head, and nothing of it is made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar import get
from litestar.response import Stream

from app.web.event_stream import EventStream
from app.web.head import HeadAsGet
from tests.web.support import serve

pytestmark = pytest.mark.anyio


async def test_a_stream_does_not_begin() -> None:
    made: list[bytes] = []

    async def parts() -> AsyncIterator[bytes]:
        for part in (b"one", b"two"):
            made.append(part)
            yield part

    @get("/stream")
    async def stream() -> Stream:
        return Stream(parts(), media_type="application/zip")

    client = serve(stream)
    client.app.asgi_handler = HeadAsGet()(client.app.asgi_handler)
    async with client:
        head = await client.head("/stream")
        assert (head.status_code, head.content, made) == (200, b"", [])
        assert head.headers["content-type"] == "application/zip"
        assert (await client.get("/stream")).content == b"onetwo"


async def test_nor_do_events_that_never_end() -> None:
    sent: list[object] = []
    scope: Any = {"type": "http", "method": "HEAD", "state": {}}

    async def events() -> AsyncIterator[bytes]:
        sent.append("an event")
        yield b""

    async def receive() -> Any:
        raise AssertionError("nobody is to be waited for")

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await HeadAsGet()(EventStream(events()))(scope, receive, send)
    assert sent == ["http.response.start", "http.response.body"]
    assert scope["method"] == "HEAD"
