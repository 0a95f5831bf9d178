"""The change stream as a response: server-sent events until somebody has had enough."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace
from app.db.engine import Database
from app.domain.releases import queries
from app.domain.releases.events import BEAT, event, event_of
from app.domain.releases.news import Inside, News
from app.domain.releases.reader import Reader

BEAT_SECONDS = 10.0  # proxies cut what is silent for longer than some thirty
SEND_SECONDS = 10.0  # for one write; whoever does not read for so long is dropped
MOST_BEHIND = 1000  # changes; whoever missed more does better to fetch anew
CONNECTION = "promptroom.connection"  # of the server's protocol, to cut a connection by

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would keep events back
]


class ChangeStream:
    """Tells one reader what it missed, then what happens."""

    def __init__(
        self, database: Database, news: News, reader: Reader, last: tuple[int, str] | None
    ) -> None:
        self._database = database
        self._news = news
        self._reader = reader
        self._last = last

    async def run(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            shelf = await self._news.join(self._reader)
            beginning = await self._beginning(shelf.applied)
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await self._send(send, beginning)
            gone = asyncio.create_task(_until_gone(receive, self._reader))
            try:
                await self._go_on(send)
            finally:
                gone.cancel()
            await self._send(send, b"", more=False)
        except TimeoutError:
            cut(scope)
        finally:
            self._news.leave(self._reader)

    async def _go_on(self, send: Any) -> None:
        while not self._reader.is_closed:
            told = await self._reader.next(BEAT_SECONDS)
            if not self._reader.is_closed:
                await self._send(send, self._said(told) if told else BEAT)

    def _said(self, told: bytes) -> bytes:
        """Events as this stream's readers know them."""
        return told

    async def _send(self, send: Any, body: bytes, *, more: bool = True) -> None:
        async with asyncio.timeout(SEND_SECONDS):
            await send({"type": "http.response.body", "body": body, "more_body": more})

    async def _beginning(self, applied: int) -> bytes:
        """What was missed up to `applied`, from where the reader is told everything."""
        where = Inside(self._reader.workspace_id)
        async with self._database.within(where).transaction(write=False) as tx:
            rows, mark = await missed(tx, where, self._last, applied)
        return self._opening(rows, applied, mark)

    def _opening(self, rows: Sequence[Any] | None, applied: int, mark: str) -> bytes:
        """What was missed, None = too much, and that this is all up to `applied`."""
        kind = "resync" if rows is None else "ready"
        here = event(kind, applied, mark, msgspec.json.encode({"seq": applied}))
        return b"retry: 1000\n\n" + b"".join(map(event_of, rows or ())) + here


async def missed(
    tx: AsyncSession, where: InWorkspace, last: tuple[int, str] | None, upto: int
) -> tuple[Sequence[Any] | None, str]:
    """Changes after the last one seen, none for who begins; None = too many or unknown.

    And the mark of the change numbered `upto`.
    """
    mark = await queries.last_mark(tx, where, upto)
    if last is None:
        return [], mark
    seq, seen = last
    is_known = await queries.is_kept(tx, where, seq, seen) or (seq == upto == 0)
    if not is_known or not 0 <= upto - seq <= MOST_BEHIND:
        return None, mark
    return await queries.since(tx, where, seq, MOST_BEHIND, upto), mark


async def _until_gone(receive: Any, reader: Reader) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    reader.close()


def cut(scope: Any) -> None:
    connection = scope.get("extensions", {}).get(CONNECTION)
    if connection is not None:
        connection.transport.abort()
