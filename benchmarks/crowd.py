"""The clients of a benchmark in a process of their own, told what to do a line at a time.

`python -m benchmarks.crowd HOST PORT,… CORE`: reads commands as lines of JSON, answers each with a
line of JSON. It shares no core with the server (where there are two), sends from a timetable and
says how late it was, so that a figure is the server's and not the load's.
"""

from __future__ import annotations

import gc
import json
import os
import random
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from app.domain.rooms.wire import encoding, protocol
from benchmarks import wire
from benchmarks.clients import Client, Ear, Visit
from benchmarks.figures import percentile
from benchmarks.large import large_history

WRITES = 20  # per second and connection at most; faster typing sends several updates in one write
_AFTERMATH = 0.1  # seconds in which what comes twice would come
_SENDS = 32  # in a row before the sockets are looked at again


class Turn(NamedTuple):
    """What one editor sends at one moment."""

    after: float  # seconds from the beginning
    client: Client
    heads: list[bytes]


class Crowd:
    """All connections of one scenario, spread over the target's workers."""

    def __init__(self, host: str, ports: list[int]) -> None:
        self._host = host
        self._ports = ports
        self._ear = Ear()
        self._rooms: list[list[Client]] = []
        self._writers: dict[Client, wire.Writer] = {}

    def open(self, paths: list[str], people: int, headers: list[dict[str, str]]) -> dict[str, Any]:
        """`people` synced connections in each room, as many at each worker as at the next.

        The first of a room, who types if anybody does, is at another worker than the last room's.
        """
        visits = [
            self._visit(path, headers, one, number + one)
            for number, path in enumerate(paths)
            for one in range(people)
        ]
        clients = self._ear.connect(self._host, visits)
        self._rooms += [clients[at : at + people] for at in range(0, len(clients), people)]
        return {"open": len(self._ear.clients)}

    def _visit(self, path: str, headers: list[dict[str, str]], who: int, where: int) -> Visit:
        port = self._ports[where % len(self._ports)]
        return Visit(port, path, headers[who % len(headers)])

    def type(
        self, editors: int, rate: float, seconds: float, share: float, drain: float
    ) -> dict[str, Any]:
        """`editors` of each room type `rate` edits per second each, every write with a barrier.

        Latency is taken at that share of the connections, what is missing at all of them, once
        `drain` seconds have passed without it.
        """
        turns = list(self._timetable(editors, rate, seconds))
        self._begin(share)
        cpu, late = time.process_time(), array("d")
        started = time.perf_counter()
        self._send(turns, started, late)
        took = time.perf_counter() - started
        busy = (time.process_time() - cpu) / took
        missing = self._missing(turns, drain)
        return {
            "edits": sum(len(turn.heads) for turn in turns),
            "delivered": sum(client.edits for client in self._ear.clients.values()),
            "missing": missing,
            "lost": self._ear.lost,
            "took": took,
            "relayed": _milliseconds(self._ear.relayed),
            "crossed": _milliseconds(self._ear.crossed),
            "acknowledged": _milliseconds(self._ear.acknowledged),
            "load": {"core": busy, "late": percentile(late, 0.99) * 1e3},
        }

    def _timetable(self, editors: int, rate: float, seconds: float) -> Iterator[Turn]:
        each = max(1, round(rate / WRITES))  # edits in a write
        pause = each / rate
        typists = [client for room in self._rooms for client in room[:editors]]
        for room in self._rooms:
            for place, client in enumerate(room[:editors]):
                if client not in self._writers:
                    identity = random.getrandbits(31)
                    self._writers[client] = wire.Writer(identity, client.author, place)
        phases = sorted(random.random() * pause for _ in typists)
        random.shuffle(typists)
        for number in range(int(seconds / pause)):
            for phase, client in zip(phases, typists, strict=True):
                heads = [self._writers[client].edit() for _ in range(each)]
                yield Turn(phase + number * pause, client, heads)

    def _begin(self, share: float) -> None:
        ear = self._ear
        ear.relayed, ear.crossed, ear.acknowledged = array("q"), array("q"), array("q")
        for client in ear.clients.values():
            client.edits = client.acks = 0
            client.watch = random.random() < share
        for room in self._rooms:
            for client in room:
                client.relayed = ear.relayed if client.port == room[0].port else ear.crossed

    def _send(self, turns: list[Turn], started: float, late: array[float]) -> None:
        ear, clock, end = self._ear, time.perf_counter, wire.UPDATE_END
        at = 0
        while at < len(turns):
            for turn in turns[at : at + _SENDS]:
                behind = clock() - started - turn.after
                if behind < 0:
                    break
                late.append(behind)
                now = wire.stamp()
                ear.send(
                    turn.client,
                    b"".join([head + now + end for head in turn.heads]) + wire.BARRIER + now,
                )
                at += 1
            due = turns[at].after + started - clock() if at < len(turns) else 0.0
            ear.listen(max(0.0, due))

    def _missing(self, turns: list[Turn], drain: float) -> int:
        """How many deliveries did not come, or came twice, once all had the time to."""
        sent: dict[Client, int] = {}
        for turn in turns:
            sent[turn.client] = sent.get(turn.client, 0) + len(turn.heads)
        expected = {
            client: sum(sent.get(other, 0) for other in room) - sent.get(client, 0)
            for room in self._rooms
            for client in room
        }
        end = time.perf_counter() + drain
        while time.perf_counter() < end and not self._ear.lost:
            if all(client.edits == number for client, number in expected.items()):
                end = min(end, time.perf_counter() + _AFTERMATH)
            self._ear.listen(0.02)
        return sum(abs(client.edits - number) for client, number in expected.items())

    def move(self, seconds: float, rate: float) -> dict[str, Any]:
        """Everyone moves their cursor; when the last one of the room sees it."""
        room = self._rooms[0]
        viewer, ids = room[-1], {client: random.getrandbits(31) for client in room[:-1]}
        viewer.other = []
        sent: dict[tuple[int, int], float] = {}
        seen = array("d")
        phases = sorted((random.random() / rate, client) for client in ids.values())
        clients = {identity: client for client, identity in ids.items()}
        started = time.perf_counter()
        for clock in range(1, int(seconds * rate)):
            for phase, identity in phases:
                at = started + (clock - 1) / rate + phase
                self._watch_cursors(viewer.other, sent, seen, at)
                sent[identity, clock] = time.perf_counter()
                self._ear.send(clients[identity], wire.cursor(identity, clock))
        self._watch_cursors(viewer.other, sent, seen, time.perf_counter() + 1.5)
        return {"p50": percentile(seen, 0.5) * 1e3, "p95": percentile(seen, 0.95) * 1e3}

    def _watch_cursors(
        self,
        heard: list[bytes],
        sent: dict[tuple[int, int], float],
        seen: array[float],
        until: float,
    ) -> None:
        while (left := until - time.perf_counter()) > 0:
            self._ear.listen(left)
            now = time.perf_counter()
            for message in heard:
                if message[0] == protocol.AWARENESS:
                    seen.extend(now - sent[key] for key in _cursors(message) if key in sent)
            heard.clear()

    def write(self, edits: int) -> dict[str, Any]:
        """The first connection makes a large document."""
        writer, size = self._rooms[0][0], 0
        for update in large_history(edits, 5_000):
            writer.acks, size = 0, size + len(update)
            self._ear.send(writer, wire.masked(protocol.sync_step2(update)))
            self._ear.send(writer, wire.BARRIER + wire.stamp())
            while not writer.acks:
                self._ear.listen(0.1)
        return {"bytes": size}

    def join(self, path: str, people: int, headers: list[dict[str, str]]) -> dict[str, Any]:
        """`people` come at once; when each has the room's state."""
        started = time.perf_counter_ns()
        visits = [self._visit(path, headers, one, one) for one in range(people)]
        clients = self._ear.connect(self._host, visits, at_once=people + 1)
        synced = [(client.synced_at - started) / 1e6 for client in clients]
        for client in clients:
            self._ear.drop(client)
        return {"p50": percentile(synced, 0.5), "p99": percentile(synced, 0.99)}

    def close(self) -> dict[str, Any]:
        self._ear.close()
        self._ear, self._rooms, self._writers = Ear(), [], {}
        return {}


def _cursors(message: bytes) -> Iterator[tuple[int, int]]:
    reader = encoding.Reader(encoding.Reader(message, 1).sized())
    for _ in range(reader.uint()):
        client, clock = reader.uint(), reader.uint()
        reader.sized()
        yield client, clock


def _milliseconds(nanoseconds: array[int]) -> dict[str, float]:
    return {
        "p50": percentile(nanoseconds, 0.5) / 1e6,
        "p99": percentile(nanoseconds, 0.99) / 1e6,
    }


def main(host: str, ports: list[int], core: int) -> None:
    if core >= 0:
        os.sched_setaffinity(0, {core})
    gc.disable()  # a pause of ours must not look like one of the server's
    crowd = Crowd(host, ports)
    for line in sys.stdin:
        command = json.loads(line)
        act: Callable[..., dict[str, Any]] = getattr(crowd, command.pop("do"))
        print(json.dumps(act(**command)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], list(map(int, sys.argv[2].split(","))), int(sys.argv[3]))
