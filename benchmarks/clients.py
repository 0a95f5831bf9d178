"""Room clients that cost next to nothing: plain sockets, one recv for all that is there.

Frames are found by their lengths and counted; of those that carry the time they were sent at,
what a client hears is told to its crowd. Nothing is parsed beyond that.
"""

from __future__ import annotations

import select
import socket
import time
from array import array
from collections.abc import Iterable
from typing import NamedTuple

from app.domain.rooms.wire import protocol
from benchmarks import wire

RECEIVE = 1 << 18  # bytes taken at once
PATIENCE = 60.0  # seconds until all have to have their room's state
_STEP1 = wire.masked(protocol.sync_step1(b"\x00"))
_BARRIER_KIND = protocol.BARRIER
_clock = time.perf_counter_ns


class Visit(NamedTuple):
    """Where a connection goes, and as whom."""

    port: int  # of a worker
    path: str  # of a room
    headers: dict[str, str]


class TurnedAway(Exception):
    """The server refused a handshake."""


class Client:
    """One connection and what it has heard."""

    __slots__ = (
        "acks",
        "author",
        "edits",
        "is_open",
        "other",
        "port",
        "relayed",
        "rest",
        "skip",
        "socket",
        "synced_at",
        "unsent",
        "watch",
    )

    def __init__(self, connected: socket.socket, port: int, relayed: array[int]) -> None:
        self.socket = connected
        self.port = port
        self.relayed = relayed  # where the times go that edits took to come here
        self.is_open = False  # the handshake is over
        self.rest = b""  # the beginning of a frame whose end is still to come
        self.skip = 0  # bytes of a large frame that are still to come
        self.unsent = b""  # what the server has not taken yet
        self.edits = self.acks = 0  # how many arrived
        self.author = 1  # who made the text that is there already
        self.synced_at = 0  # when the room's state was here
        self.watch = False  # while people type: whether the times in what it hears are looked at
        self.other: list[bytes] | None = None  # messages of other kinds, if they are wanted


class Ear:
    """Watches all connections and takes what arrives."""

    def __init__(self) -> None:
        self.clients: dict[int, Client] = {}
        self.relayed = array("q")  # nanoseconds on the way, of watched clients
        self.crossed = array("q")  # the same, when it was from one worker to another
        self.acknowledged = array("q")
        self.lost: list[str] = []  # why connections ended that were not dropped by us
        self._poll = select.epoll()

    def connect(self, host: str, visits: Iterable[Visit], at_once: int = 50) -> list[Client]:
        """Connections that have their room's state; `at_once` of them are under way at a time."""
        clients: list[Client] = []
        waiting: list[Client] = []
        for port, path, headers in visits:
            client = Client(socket.create_connection((host, port)), port, self.relayed)
            clients.append(client)
            waiting.append(client)
            self._add(client)
            self.send(client, wire.handshake(f"{host}:{port}", path, headers))
            while len(waiting) >= at_once:
                self.listen(0.05)
                waiting = [client for client in waiting if not client.synced_at]
        end = time.perf_counter() + PATIENCE
        while any(not client.synced_at for client in waiting):
            self.listen(0.05)
            if time.perf_counter() > end:
                raise TimeoutError(f"not everyone was synced; lost: {self.lost[:3]}")
        return clients

    def _add(self, client: Client) -> None:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.socket.setblocking(False)
        descriptor = client.socket.fileno()
        self.clients[descriptor] = client
        self._poll.register(descriptor, select.EPOLLIN)

    def drop(self, client: Client) -> None:
        del self.clients[client.socket.fileno()]
        client.socket.close()

    def close(self) -> None:
        for client in self.clients.values():
            client.socket.close()
        self.clients.clear()
        self._poll.close()

    def listen(self, seconds: float) -> None:
        """Wait that long for something to arrive, and take all that is there then."""
        if seconds > 0:  # epoll itself waits for whole milliseconds only
            select.select([self._poll], [], [], seconds)
        for descriptor, event in self._poll.poll(0):
            client = self.clients[descriptor]
            if event & select.EPOLLOUT:
                self.send(client, b"")
            if event & ~select.EPOLLOUT and client.socket.fileno() >= 0:
                self._receive(client)

    def send(self, client: Client, data: bytes) -> None:
        """Send now, or as soon as the server reads on."""
        if client.socket.fileno() < 0:
            return
        waiting, data = bool(client.unsent), client.unsent + data
        try:
            sent = client.socket.send(data)
        except BlockingIOError:
            sent = 0
        except ConnectionError:
            self._lose(client, "cut off")
            return
        client.unsent = data[sent:]
        if waiting != bool(client.unsent):
            events = select.EPOLLIN | (select.EPOLLOUT if client.unsent else 0)
            self._poll.modify(client.socket.fileno(), events)

    def _receive(self, client: Client) -> None:
        try:
            data = client.socket.recv(RECEIVE)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self._lose(client, "cut off")
            return
        if not client.is_open:
            data = self._greeted(client, client.rest + data)
            if not client.is_open:
                return
        if client.skip:
            taken = min(client.skip, len(data))
            client.skip -= taken
            if client.skip:
                return
            data = data[taken:]
            client.synced_at = client.synced_at or _clock()  # only a state is that large
        self._scan(client, client.rest + data if client.rest else data)

    def _greeted(self, client: Client, data: bytes) -> bytes:
        """Ask for the room's state once the handshake is over; what came behind that."""
        head, end, behind = data.partition(b"\r\n\r\n")
        client.rest = b"" if end else data
        if end:
            if not head.startswith(b"HTTP/1.1 101"):
                raise TurnedAway(head.decode("latin-1"))
            client.is_open = True
            self.send(client, _STEP1)
        return behind

    def _scan(self, client: Client, data: bytes) -> None:
        now, watch = _clock() % wire.WRAP, client.watch
        position, size = 0, len(data)
        while size - position >= 2:
            length, start = data[position + 1], position + 2
            if length > 125:
                start += 2 if length == 126 else 8
                length = int.from_bytes(data[position + 2 : start])
            end = start + length
            if end > size or start > size:
                break
            kind = data[start] if length else -1
            if data[position] != 0x82:
                self._control(client, data[position], data[start:end])
            elif kind == _BARRIER_KIND:
                client.acks += 1
                if watch:
                    self.acknowledged.append(now - int(data[end - wire.STAMP : end]))
            elif kind == protocol.SYNC and data[start + 1] == protocol.UPDATE:
                client.edits += 1
                if watch:
                    client.relayed.append(now - int(data[end - wire.STAMP - 1 : end - 1]))
            elif kind == protocol.SYNC and data[start + 1] == protocol.STEP2:
                client.author = wire.author_of(data[start:end])
                client.synced_at = client.synced_at or _clock()
            elif client.other is not None:
                client.other.append(data[start:end])
            position = end
        client.rest = data[position:]
        if size - position > RECEIVE // 2:  # a large frame: the rest of it need not be kept
            client.skip, client.rest = end - size, b""

    def _control(self, client: Client, kind: int, payload: bytes) -> None:
        if kind == 0x88:
            self._lose(client, f"closed with {int.from_bytes(payload[:2])}")
        elif kind == 0x89:
            self.send(client, b"\x8a" + wire.masked(payload)[1:])

    def _lose(self, client: Client, cause: str) -> None:
        """Go on with the others; that nothing arrives here any more shows in the count."""
        if client.socket.fileno() >= 0:
            self.lost.append(cause)
            self.drop(client)
