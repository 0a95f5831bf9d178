"""The lower bound for many workers: relays that commit every edit and tell each other over Redis.

`python -m benchmarks.relay_shared PORT DATABASE_URL REDIS_URL`: what a connection sends is a row in
PostgreSQL before it is passed on, here and at the other relays. Commits are made as the product
makes them, in groups of whatever queued while the last one ran. Nothing is checked, ordered or
kept in memory, and a lost message stays lost.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict

import asyncpg  # type: ignore[import-untyped]
import redis.asyncio
import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

TABLE = "CREATE TABLE edits (id bigserial PRIMARY KEY, room text NOT NULL, data bytea NOT NULL)"
INSERT = "INSERT INTO edits (room, data) SELECT * FROM unnest($1::text[], $2::bytea[])"
_TOPIC = "edits"
_STEP1, _BARRIER = b"\x00\x00", b"f"

Said = tuple[ServerConnection, str, bytes]


class Relay:
    def __init__(self, database: asyncpg.Connection, bus: redis.asyncio.Redis, name: bytes) -> None:
        self._database = database
        self._bus = bus
        self._name = name  # two bytes in front of what it tells the others
        self._telling: set[asyncio.Task[None]] = set()
        self._rooms: dict[str, set[ServerConnection]] = defaultdict(set)
        self._queue: list[Said] = []
        self._has_work = asyncio.Event()

    async def enter(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        path = connection.request.path
        self._rooms[path].add(connection)
        try:
            async for message in connection:
                assert isinstance(message, bytes)
                if message[:2] == _STEP1:
                    await connection.send(b"\x00\x01\x02\x00\x00")  # an empty answer
                else:
                    self._queue.append((connection, path, message))
                    self._has_work.set()
        except ConnectionClosed:
            pass
        finally:
            self._rooms[path].discard(connection)

    async def commit(self) -> None:
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            while self._queue:
                group, self._queue = self._queue, []
                edits = [said for said in group if said[2][:1] != _BARRIER]
                if edits:
                    rooms, rows = zip(*[(path, data) for _, path, data in edits], strict=True)
                    await self._database.execute(INSERT, rooms, rows)
                    telling = asyncio.create_task(
                        self._tell(edits)
                    )  # the next commit need not wait
                    self._telling.add(telling)
                    telling.add_done_callback(self._telling.discard)
                for connection, path, data in group:
                    is_barrier = data[:1] == _BARRIER
                    broadcast([connection] if is_barrier else self._others(path, connection), data)

    def _others(self, path: str, author: ServerConnection) -> set[ServerConnection]:
        return self._rooms[path] - {author}

    async def _tell(self, edits: list[Said]) -> None:
        async with self._bus.pipeline(transaction=False) as together:
            for _, path, data in edits:
                together.publish(_TOPIC, self._name + path.encode() + b"\n" + data)
            await together.execute()

    async def hear(self) -> None:
        subscription = self._bus.pubsub(ignore_subscribe_messages=True)
        await subscription.subscribe(_TOPIC)
        async for message in subscription.listen():
            name, said = message["data"][:2], message["data"][2:]
            if name != self._name:
                path, _, data = said.partition(b"\n")
                broadcast(self._rooms[path.decode()], data)


async def main(port: int, database_url: str, redis_url: str) -> None:
    database = await asyncpg.connect(database_url)
    bus = redis.asyncio.Redis.from_url(redis_url)
    relay = Relay(database, bus, port.to_bytes(2))
    async with (
        asyncio.TaskGroup() as tasks,
        serve(relay.enter, "127.0.0.1", port, compression=None, ping_interval=None),
    ):
        tasks.create_task(relay.commit())
        tasks.create_task(relay.hear())
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
