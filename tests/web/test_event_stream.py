"""The stream as its server sees it: readers that leave, stop reading, or are told that it is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.web import event_stream
from app.web.event_stream import EventStream, event

pytestmark = pytest.mark.anyio


class Browser:
    """The other end."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.left = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        self.sent.append(message)

    def visit(self, events: AsyncIterator[bytes]) -> asyncio.Task[None]:
        return asyncio.create_task(EventStream(events)({"state": {}}, self.receive, self.send))


class Source:
    """Events without an end, that know whether anybody still listens."""

    def __init__(self, *chunks: bytes, ends: bool = False) -> None:
        self.chunks = chunks
        self.ends = ends
        self.is_closed = False

    async def events(self) -> AsyncIterator[bytes]:
        try:
            for chunk in self.chunks:
                yield chunk
            if not self.ends:
                await asyncio.Event().wait()
        finally:
            self.is_closed = True


async def test_what_is_said_arrives_and_the_end_is_told() -> None:
    browser, source = Browser(), Source(b"a", b"b", ends=True)
    await asyncio.wait_for(browser.visit(source.events()), 5)
    assert b"".join(one.get("body", b"") for one in browser.sent) == b"ab"
    assert browser.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    headers = dict(browser.sent[0]["headers"])
    assert headers[b"content-type"].startswith(b"text/event-stream")


async def test_who_leaves_is_let_go_at_once() -> None:
    browser, source = Browser(), Source(b"a")
    visit = browser.visit(source.events())
    await asyncio.sleep(0.01)
    assert not source.is_closed
    browser.left.set()
    await asyncio.wait_for(visit, 5)
    assert source.is_closed


async def test_who_stops_reading_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "SLOW_SECONDS", 0.02)
    browser, source = Browser(), Source(b"a", b"b")
    visit = browser.visit(source.events())
    await asyncio.sleep(0)
    browser.reads.clear()
    await asyncio.wait_for(visit, 5)
    assert source.is_closed
    assert browser.sent[-1].get("more_body", True)  # it was not told that all is well


async def test_a_bug_is_not_swallowed() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"a"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(Browser().visit(broken()), 5)


def test_no_text_ends_an_event() -> None:
    made = event("said", {"x": "a\n\nevent: b\r\rdata: c\u2028"}, retry_ms=7)
    assert made.startswith(b"retry: 7\nevent: said\ndata: {")
    assert made.count(b"\n") == 4
    assert b"\r" not in made
