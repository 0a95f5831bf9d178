"""Programs that are told of changes, as server-sent events, and come again when a stream ends."""

from __future__ import annotations

import asyncio
import socket
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from tests.support.waiting import until

PAUSE = 0.05  # seconds until one comes again; clients in the field wait for a second


class Listener:
    """`async with Listener(server.url, KEY) as one: await one.hears(7)`.

    Comes again with the id of the last event until it is refused or the block ends. Always on a
    connection of its own, so that any worker may get it.
    """

    def __init__(self, url: str, key: str, last: str = "") -> None:
        self.last = last
        self.seqs: list[int] = []  # of changes, as they came
        self.kinds: list[str] = []
        self.ends: list[str] = []  # of streams: "end", or "cut" without one
        self.refused = 0  # the status that ended it
        self._url = f"{url}/api/v1/changes"
        self._headers = {"Authorization": f"Bearer {key}", "Accept": "text/event-stream"}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen())
        await until(lambda: bool({"ready", "resync"} & {*self.kinds}) or self.is_over, 20)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    @property
    def is_over(self) -> bool:
        return self._task is not None and self._task.done()

    async def hears(self, seq: int, seconds: float = 10.0) -> None:
        """Until the change of that number has been told."""
        await until(lambda: bool(self.seqs) and self.seqs[-1] >= seq, seconds)

    async def _listen(self) -> None:
        timeout = httpx.Timeout(10, read=30)
        while not self.refused:
            async with httpx.AsyncClient(timeout=timeout) as client:
                try:
                    await self._once(client)
                except httpx.ConnectError:
                    pass  # nobody is there just now
                except httpx.TransportError:
                    self.ends.append("cut")
            await asyncio.sleep(PAUSE)

    async def _once(self, client: httpx.AsyncClient) -> None:
        headers = self._headers | ({"Last-Event-ID": self.last} if self.last else {})
        async with client.stream("GET", self._url, headers=headers) as answer:
            if answer.status_code != 200:
                self.refused = answer.status_code
                return
            event: dict[str, str] = {}
            async for line in answer.aiter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    event[name] = value
                else:
                    self._take(event)
                    event = {}
        self.ends.append("end")

    def _take(self, event: dict[str, str]) -> None:
        if "event" not in event:
            return
        self.last = event["id"]
        self.kinds.append(event["event"])
        if event["event"] == "change":
            self.seqs.append(int(self.last.partition("-")[0]))


class Sleeper:
    """Asks for the stream and never reads a byte of it, behind a small window."""

    def __init__(self, url: str, key: str) -> None:
        where = urlsplit(url)
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.connect((where.hostname, where.port))
        head = f"GET /api/v1/changes HTTP/1.1\r\nHost: {where.netloc}\r\n"
        wishes = f"Authorization: Bearer {key}\r\nAccept: text/event-stream\r\n\r\n"
        self._socket.sendall((head + wishes).encode())

    @property
    def port(self) -> int:
        """At this end."""
        found: int = self._socket.getsockname()[1]
        return found

    def wake(self, seconds: float = 5.0) -> bytes:
        """All that is still there to be read, up to the end of the connection."""
        self._socket.settimeout(seconds)
        found = bytearray()
        try:
            while some := self._socket.recv(65536):
                found += some
        except ConnectionResetError:
            pass
        return bytes(found)

    def close(self) -> None:
        self._socket.close()


async def log_of(url: str, key: str, last: str = "") -> Any:
    """The list of what was missed since `last`: {items, is_complete, last_event_id}."""
    headers = {"Authorization": f"Bearer {key}", "Last-Event-ID": last}
    async with httpx.AsyncClient(headers=headers, timeout=30) as client:
        answer = await client.get(f"{url}/api/v1/changes")
        answer.raise_for_status()
        return answer.json()
