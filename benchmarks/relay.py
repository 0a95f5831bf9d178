"""The lower bound: a relay without CRDT, disk, sign-in or limits, on the `websockets` library.

`python -m benchmarks.relay PORT` passes every message on to the others under the same path.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

ROOMS: dict[str, set[ServerConnection]] = defaultdict(set)


async def enter(connection: ServerConnection) -> None:
    assert connection.request is not None
    room = ROOMS[connection.request.path]
    room.add(connection)
    try:
        async for message in connection:
            if message[:2] == b"\x00\x00":
                await connection.send(b"\x00\x01\x02\x00\x00")  # an empty answer to step 1
            elif message[:1] == b"f":
                await connection.send(message)  # barriers come back at once: nothing is stored
            else:
                broadcast(room - {connection}, message)
    except ConnectionClosed:
        pass
    finally:
        room.discard(connection)


async def main(port: int) -> None:
    async with serve(enter, "127.0.0.1", port, compression=None, ping_interval=None):
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
