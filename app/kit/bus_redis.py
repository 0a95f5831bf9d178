"""The bus across workers, over Redis's pub/sub.

Redis forgets a message as soon as it has sent it to whoever listens at that moment. So what may
have been missed is told as a gap, and what may not have arrived is sent again. Each payload carries
its sender and a number: by them receivers drop their own echo and what came twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import secrets
from collections import deque
from typing import Any

import structlog
from redis.exceptions import RedisError, ResponseError

from app.kit import bus_metrics as metrics
from app.kit.bus import Handler, Listener, Unsubscribe
from app.kit.bus_memory import MemoryBus
from app.kit.bus_queue import BusQueue
from app.kit.redis_link import PUSH, RedisLink, command, database_of

CONNECT_SECONDS = 2.0  # Redis on the next machine takes a few milliseconds
STAND_SECONDS = 10.0  # for tens of thousands of subscriptions
PING_SECONDS = 1.0
SILENT_SECONDS = 1.0  # twice that without a word, and it hangs or is gone
SAY_SECONDS = 1.0  # for settling, and for the last words of a worker that ends
STEADY_SECONDS = 0.5  # a connection that lived this long makes the next pause short again
FIRST_PAUSE_SECONDS = 0.05
MOST_PAUSE_SECONDS = 1.0  # with jitter: a fleet finds Redis again within a second, spread over it

NAMES = 500  # topics in one command
TURN = 64  # messages read before other tasks get a turn
SENDERS = 4096  # whose last number is kept; one is a worker's life

SENDER_BYTES = 8
HEAD_BYTES = SENDER_BYTES + 8

LOSS_TOPIC = "bus.loss"  # on it a worker says that it dropped what it had to say

log = structlog.get_logger(__name__)


class RedisBus:
    """Tells other workers and hears them; within the process it is a `MemoryBus`."""

    def __init__(self, url: str) -> None:
        self._url = url
        # Redis's databases share their channels; the number keeps two installations apart.
        self._prefix = f"promptroom:{database_of(url)}:".encode()
        self._me = secrets.token_bytes(SENDER_BYTES)
        self._number = itertools.count()
        self._last: dict[bytes, int] = {}  # sender → the newest number heard of it
        self._here = MemoryBus()
        self._gap_listeners: list[Listener] = []
        self._queue = BusQueue()
        self._changed: set[str] = (
            set()
        )  # topics that gained their first or lost their last listener
        self._subscribed: set[str] = set()  # what the present connection was told
        self._pings: list[asyncio.Future[bool]] = []  # to be sent
        self._answers: deque[asyncio.Future[bool] | None] = deque()  # a ping's or a payload's
        self._reads = 0
        self._has_work = asyncio.Event()
        self._has_tried = asyncio.Event()
        self._is_standing = False
        self._is_told = False  # the log knows of the present outage
        self._task: asyncio.Task[None] | None = None
        self._here.subscribe(LOSS_TOPIC, lambda _payload: self._gap())

    # What the program calls

    @property
    def is_healthy(self) -> bool:
        return self._is_standing

    def publish(self, topic: str, payload: bytes) -> None:
        self._here.publish(topic, payload)
        self._say(topic, payload)

    def subscribe(self, topic: str, handler: Handler) -> Unsubscribe:
        if topic not in self._here.topics:
            self._change(topic)
        leave = self._here.subscribe(topic, handler)

        def unsubscribe() -> None:
            leave()
            if topic not in self._here.topics:
                self._change(topic)

        return unsubscribe

    def on_gap(self, listener: Listener) -> Unsubscribe:
        self._gap_listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._gap_listeners:
                self._gap_listeners.remove(listener)

        return unsubscribe

    async def settled(self) -> bool:
        if not self._is_standing:
            return False
        try:
            async with asyncio.timeout(SAY_SECONDS):
                return await self._ping()
        except TimeoutError:
            return False

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="bus")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._has_tried.wait()

    async def stop(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SAY_SECONDS):
                while await self.settled() and len(self._queue):
                    pass
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._gap_listeners.clear()
        await self._here.stop()

    # One connection after the other

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            try:
                await self._connect_and_serve()
            except* (RedisError, OSError) as group:
                self._note_outage(group)
            except* Exception:
                log.exception("bus.failed")  # a mistake of ours must not end the bus
            self._has_tried.set()
            is_steady = loop.time() - began > STEADY_SECONDS
            failures = 0 if is_steady else min(failures + 1, 10)
            longest = min(MOST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**failures)
            await asyncio.sleep(random.uniform(0, longest))  # noqa: S311  (spreads the fleet)

    async def _connect_and_serve(self) -> None:
        """As long as the connection lasts; always ends with an exception."""
        link = RedisLink(self._url)
        async with asyncio.timeout(CONNECT_SECONDS):
            await link.open()
        try:
            async with asyncio.TaskGroup() as tasks:
                self._begin()
                tasks.create_task(self._read(link))
                tasks.create_task(self._write(link))
                async with asyncio.timeout(STAND_SECONDS):
                    await self._ping()
                self._stand()
                await self._watch()
        finally:
            self._end()
            await link.close()

    def _begin(self) -> None:
        """A new connection knows of no topic."""
        self._subscribed.clear()
        self._changed = set(self._here.topics)
        self._has_work.set()

    def _stand(self) -> None:
        self._is_standing = True
        metrics.CONNECTED.set(1)
        log.info("bus.connected", topics=len(self._subscribed))
        if self._is_told:
            metrics.RECONNECTS.inc()
        self._is_told = False
        self._gap()
        self._has_tried.set()

    def _end(self) -> None:
        self._is_standing = False
        metrics.CONNECTED.set(0)
        self._queue.rewind()
        for ping in [*self._pings, *self._answers]:
            if ping is not None and not ping.done():
                ping.set_result(False)
        self._pings.clear()
        self._answers.clear()

    def _note_outage(self, group: BaseExceptionGroup[Any]) -> None:
        """One line per outage, however often it is tried."""
        if not self._is_told:
            self._is_told = True
            log.warning("bus.lost", cause=str(group.exceptions[0]))

    async def _watch(self) -> None:
        """Raises `TimeoutError` when Redis falls silent; a hanging one does not hang up.

        Silent twice over: this process may have stood still itself and not yet read what came. And
        an answer that only waits behind a flood is no silence, or a busy worker would make itself
        even busier by connecting again.
        """
        while True:
            await asyncio.sleep(PING_SECONDS)
            pong = self._ping()
            silent = 0
            while not pong.done():
                before = self._reads
                await asyncio.wait([pong], timeout=SILENT_SECONDS)
                silent = silent + 1 if self._reads == before else 0
                if silent == 2:
                    raise TimeoutError("no answer to a ping")

    # Saying

    def _say(self, topic: str, payload: bytes) -> None:
        head = self._me + next(self._number).to_bytes(8)
        channel = self._prefix + topic.encode()
        if dropped := self._queue.put(command(b"PUBLISH", channel, head + payload)):
            metrics.DROPPED.inc(dropped)
        self._has_work.set()

    def _change(self, topic: str) -> None:
        self._changed.add(topic)
        self._has_work.set()

    def _ping(self) -> asyncio.Future[bool]:
        """Comes true with the answer to a PING, and so after those to all commands before it."""
        ping: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._pings.append(ping)
        self._has_work.set()
        return ping

    async def _write(self, link: RedisLink) -> None:
        """All that came up during one turn of the event loop leaves as one."""
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            while commands := [*self._topic_changes(), *self._payloads(), *self._asked()]:
                await link.send(commands)
                await asyncio.sleep(0)

    def _topic_changes(self) -> list[bytes]:
        """A topic that came and went meanwhile needs nothing."""
        changed, self._changed = self._changed, set()
        wanted = {topic for topic in changed if topic in self._here.topics}
        new = wanted - self._subscribed
        old = (changed - wanted) & self._subscribed
        self._subscribed -= old
        self._subscribed |= new
        return [*self._naming(b"SUBSCRIBE", new), *self._naming(b"UNSUBSCRIBE", old)]

    def _naming(self, verb: bytes, topics: set[str]) -> list[bytes]:
        names = [self._prefix + topic.encode() for topic in topics]
        return [command(verb, *names[at : at + NAMES]) for at in range(0, len(names), NAMES)]

    def _payloads(self) -> list[bytes]:
        if self._queue.has_lost and not len(self._queue):  # there is room; with the next ping
            self._queue.has_lost = False
            self._say(LOSS_TOPIC, b"")
        batch = self._queue.take()
        self._answers.extend(None for _ in batch)
        metrics.PUBLISHED.inc(len(batch))
        return batch

    def _asked(self) -> list[bytes]:
        pings, self._pings = self._pings, []
        self._answers.extend(pings)
        return [command(b"PING") for _ in pings]

    # Hearing

    async def _read(self, link: RedisLink) -> None:
        while True:
            try:
                said = await link.read()
            except ResponseError:
                # Such as a user without permission for our channels: the same would come again.
                metrics.DROPPED.inc(self._queue.give_up_sent())
                raise
            self._reads += 1
            if not isinstance(said, PUSH):
                self._answered()
            elif said[0] == b"message":
                self._heard(said[1], said[2])
            if not self._reads % TURN:
                await asyncio.sleep(0)

    def _answered(self) -> None:
        """Answers come in the order of the commands."""
        ping = self._answers.popleft()
        if ping is None:
            self._queue.answered()
        elif not ping.done():  # whoever asked may have gone
            ping.set_result(True)

    def _heard(self, channel: bytes, data: bytes) -> None:
        if len(data) < HEAD_BYTES:
            return  # not from one of us
        sender, number = data[:SENDER_BYTES], int.from_bytes(data[SENDER_BYTES:HEAD_BYTES])
        if sender == self._me or number <= self._last.get(sender, -1):
            return  # our own, delivered when it was said; or sent again after a lost connection
        if sender not in self._last and len(self._last) >= SENDERS:
            del self._last[next(iter(self._last))]
        self._last[sender] = number
        metrics.RECEIVED.inc()
        self._here.deliver(channel[len(self._prefix) :].decode(), data[HEAD_BYTES:])

    def _gap(self) -> None:
        metrics.GAPS.inc()
        for listener in tuple(self._gap_listeners):
            try:
                listener()
            except Exception:
                log.exception("bus.gap_listener_failed")
