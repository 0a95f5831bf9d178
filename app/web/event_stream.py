"""Server-sent events over HTTP: one answer that goes on until somebody ends it.

The framework's own stream neither notices a reader who has stopped reading nor lets one say so.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import structlog

from app.kit.bus import Bus

log = structlog.get_logger(__name__)

SLOW_SECONDS = 15.0  # for one event to leave; who takes longer may come back
BEAT = b":\n\n"  # keeps proxies from closing a silent connection, and finds dead ones

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"private, no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would hold events back until its buffer is full
]


def event(kind: str, data: Any, *, retry_ms: int | None = None) -> bytes:
    """One event. JSON has no line breaks, so nothing in it can end the event or begin another."""
    retry = f"retry: {retry_ms}\n".encode() if retry_ms is not None else b""
    return retry + b"event: " + kind.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


class EventStream:
    """An ASGI application that sends `events` until they end, or the reader has gone."""

    def __init__(self, events: AsyncIterator[bytes]) -> None:
        self._events = events

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope["state"]["is_stream"] = True  # telemetry measures answers, not how long people stay
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        sending = asyncio.ensure_future(self._send_all(send))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            found = await asyncio.gather(sending, leaving, return_exceptions=True)
            await self._close()
        if isinstance(found[0], TimeoutError):
            log.info("events.slow_reader")
        elif isinstance(found[0], Exception):
            raise found[0]

    async def _send_all(self, send: Any) -> None:
        async for chunk in self._events:
            async with asyncio.timeout(SLOW_SECONDS):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _close(self) -> None:
        """Have the events' own `finally` run now and not when the garbage is collected."""
        if (close := getattr(self._events, "aclose", None)) is not None:
            with contextlib.suppress(RuntimeError):  # it is closing already
                await close()


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


PERSON_TOPIC = "person.told"  # on the bus: something of this person's changed, worth another look


class Told(msgspec.Struct, frozen=True):
    user_id: UUID
    kind: str  # the event's


def tell(bus: Bus, user_id: UUID, kind: str) -> None:
    """Have the person's open pages get an event, on whichever worker they are."""
    bus.publish(PERSON_TOPIC, msgspec.json.encode(Told(user_id, kind)))
