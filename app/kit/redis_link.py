"""One connection to Redis that listens and publishes at once, and is not renewed behind our back.

redis-py's own PubSub reconnects where it sees fit, and then nobody learns what was missed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from redis.asyncio.connection import ConnectionPool, DefaultParser
from redis.maint_notifications import MaintNotificationsConfig

PUSH = list  # what a message or the answer to (un)subscribing arrives as; other answers never do


class _Parser(DefaultParser):  # type: ignore[misc,valid-type]  # the faster one that is there
    async def handle_push_response(self, response: Any, **_options: Any) -> Any:
        """As it is: the original writes every message into a log line first, sent or not."""
        return response


class RedisLink:
    """A connection in Redis's third protocol, in which both directions share one."""

    def __init__(self, url: str) -> None:
        pool = ConnectionPool.from_url(
            url,
            protocol=3,
            client_name="promptroom-bus",
            parser_class=_Parser,
            socket_timeout=None,  # how long to wait is decided by whoever waits
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
        self._connection = pool.make_connection()  # type: ignore[no-untyped-call]

    async def open(self) -> None:
        """Connect, sign in, choose the database. Raises `RedisError` or `OSError`."""
        try:
            await self._connection.connect()
        except BaseException:
            await self.close()
            raise

    async def send(self, commands: Sequence[bytes]) -> None:
        """Write `commands` as one; waits while Redis does not read."""
        await self._connection.send_packed_command(commands, check_health=False)

    async def read(self) -> Any:
        """The next thing that Redis says: a `PUSH`, or the answer to a command."""
        return await self._connection.read_response(
            timeout=math.inf, disconnect_on_error=False, push_request=True
        )

    async def close(self) -> None:
        await self._connection.disconnect(nowait=True)


def command(*parts: bytes) -> bytes:
    """A command as it goes over the wire: an eighth of the time that redis-py takes for it."""
    head = b"*%d\r\n" % len(parts)
    return head + b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in parts])


def database_of(url: str) -> int:
    """The number of the database that `url` names."""
    return int(ConnectionPool.from_url(url).connection_kwargs.get("db", 0))
