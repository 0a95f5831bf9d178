"""Open pages that are told what changes while somebody looks: how much is new, and one prompt.

Nothing that an event says is the truth. It says that the database is worth a look, and the count
beside it was read there a moment ago. So nothing has to be kept for who is not listening, and who
comes back reads what is.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import structlog
from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError

from app.access.principal import Principal
from app.db.engine import Database
from app.domain.accounts import service as accounts
from app.domain.inbox.audience import TOPIC
from app.domain.inbox.service import unread
from app.domain.rooms.events import ACCESS_TOPIC, ROOM_TOPIC, AccessChanged, RoomEvent
from app.domain.workspaces import service as workspaces
from app.errors import AppError
from app.kit.bus import Bus
from app.kit.supervise import Supervisor
from app.web.event_stream import BEAT, PERSON_TOPIC, Told, event

log = structlog.get_logger(__name__)

STREAMS = Gauge(
    "promptroom_event_streams", "Pages that are told of changes", multiprocess_mode="livesum"
)

MOST_OF_ONE = 20  # of one person on one worker; tabs that nobody looks at have none
BEAT_SECONDS = 15.0  # proxies close what is silent for a minute, many after half of one
RECHECK_SECONDS = 30.0  # the safety net under a lost message
GATHER_SECONDS = 0.1  # what happens within it is told at once
RETRY_MS = 2000  # until a browser comes back after the connection was lost
BUSY_MS = 30_000  # who has too many gets one count that often instead
LEAVE_MS = 1500  # everybody of a worker that goes comes back to others within that time


class Stream:
    """One open page."""

    def __init__(self, who: Principal, room_id: UUID | None) -> None:
        self.who = who
        self.room_id = room_id  # of the prompt whose activity is shown
        self.is_due = True  # to be told how much is new
        self.happened: set[str] = set()  # kinds of what happened to the prompt since
        self.told: set[str] = set()  # kinds of what else changed for this person
        self.end: bytes | None = None  # what is said last
        self._stirred = asyncio.Event()

    def stir(self) -> None:
        self._stirred.set()

    def finish(self, last: bytes) -> None:
        self.end = self.end or last
        self.stir()

    async def wait(self, seconds: float) -> bool:
        """Whether there is something to say within that time."""
        try:
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
        except TimeoutError:
            return False
        self._stirred.clear()
        return True


class Streams:
    """Those of this worker."""

    def __init__(self, database: Database, bus: Bus, tasks: Supervisor) -> None:
        # everywhere: it looks after people of all workspaces, each in the one they are in
        self._database = database.everywhere()
        self._open: set[Stream] = set()
        self._of_person: defaultdict[UUID | None, set[Stream]] = defaultdict(set)
        self._of_room: defaultdict[UUID | None, set[Stream]] = defaultdict(set)
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_leaving = False
        self._subscriptions = [
            bus.subscribe(TOPIC, self._changed),
            bus.subscribe(ACCESS_TOPIC, self._access_changed),
            bus.subscribe(ROOM_TOPIC, self._happened),
            bus.subscribe(PERSON_TOPIC, self._told),
            bus.on_gap(self._missed),
        ]
        tasks.every("inbox.recheck", RECHECK_SECONDS, lambda: self._recheck(AccessChanged()))

    def leave(self) -> None:
        """The process goes: send everybody elsewhere, at times of their own."""
        self._is_leaving = True
        for stream in tuple(self._open):
            wait = random.randrange(100, LEAVE_MS)  # noqa: S311  # spreads people, hides nothing
            stream.finish(event("bye", {}, retry_ms=wait))

    async def stop(self) -> None:
        self.leave()
        for unsubscribe in self._subscriptions:
            unsubscribe()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def events(self, who: Principal, room_id: UUID | None = None) -> AsyncIterator[bytes]:
        """What `who` is told, until they leave, may not listen any more, or the worker goes."""
        if self._is_leaving or len(self._of_person.get(who.user_id, ())) >= MOST_OF_ONE:
            retry = LEAVE_MS if self._is_leaving else BUSY_MS
            yield event("unread", {"count": await self.count(who)}, retry_ms=retry)
            return
        stream = Stream(who, room_id)
        self._add(stream)  # before the first look, so that nothing falls between
        try:
            await self._look_at(stream)  # rights may have changed since they were asked for
            yield event("hello", {}, retry_ms=RETRY_MS)
            async for chunk in self._tell(stream):
                yield chunk
        finally:
            self._drop(stream)

    def _add(self, stream: Stream) -> None:
        self._open.add(stream)
        self._of_person[stream.who.user_id].add(stream)
        self._of_room[stream.room_id].add(stream)
        STREAMS.inc()
        stream.stir()

    def _drop(self, stream: Stream) -> None:
        self._open.discard(stream)
        STREAMS.dec()
        for index, key in (
            (self._of_person, stream.who.user_id),
            (self._of_room, stream.room_id),
        ):
            index[key].discard(stream)
            if not index[key]:
                del index[key]  # no entry stays behind for somebody of the past

    async def count(self, who: Principal) -> int:
        if who.user_id is None:
            return 0
        async with self._database.transaction(write=False) as tx:
            return await unread(tx, who, who.user_id)

    async def _tell(self, stream: Stream) -> AsyncIterator[bytes]:
        while True:
            if not await stream.wait(BEAT_SECONDS):
                yield BEAT
                continue
            if stream.end is None:
                await asyncio.sleep(GATHER_SECONDS)
            if stream.end is not None:
                yield stream.end
                return
            if stream.is_due:
                stream.is_due = False
                yield event("unread", {"count": await self.count(stream.who)})
            if stream.happened:
                kinds, stream.happened = sorted(stream.happened), set()
                yield event("activity", {"kinds": kinds})
            while stream.told:
                yield event(stream.told.pop(), {})

    # What the bus says

    def _changed(self, payload: bytes) -> None:
        for user_id in msgspec.json.decode(payload, type=list[UUID]):
            for stream in self._of_person.get(user_id, ()):
                stream.is_due = True
                stream.stir()

    def _happened(self, payload: bytes) -> None:
        told = msgspec.json.decode(payload, type=RoomEvent)
        for stream in self._of_room.get(told.document_id, ()):
            stream.happened.add(told.kind)
            stream.stir()

    def _told(self, payload: bytes) -> None:
        told = msgspec.json.decode(payload, type=Told)
        for stream in self._of_person.get(told.user_id, ()):
            stream.told.add(told.kind)
            stream.stir()

    def _missed(self) -> None:
        for stream in self._open:
            stream.is_due = True
            if stream.room_id is not None:
                stream.happened.add("gap")
            stream.stir()

    def _access_changed(self, payload: bytes) -> None:
        change = msgspec.json.decode(payload, type=AccessChanged)
        task = asyncio.ensure_future(self._recheck(change))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Who may stay

    async def _recheck(self, change: AccessChanged) -> None:
        for stream in tuple(self._open):
            who = stream.who
            if change.workspace_id in (None, who.workspace_id) and change.actor in (
                None,
                who.actor,
            ):
                await self._look_at(stream)

    async def _look_at(self, stream: Stream) -> None:
        try:
            stream.who = await self._as_of_now(stream.who)
        except AppError:
            log.info("events.revoked", actor=stream.who.actor)
            stream.finish(event("gone", {}))
        except (SQLAlchemyError, OSError) as error:
            # Nothing is known about this one; the others are still to be looked at.
            log.warning("events.recheck_failed", error=type(error).__name__)

    async def _as_of_now(self, who: Principal) -> Principal:
        """Raises when the session has ended or the person is no member any more."""
        async with self._database.transaction(write=False) as tx:
            user_id: Any = who.user_id
            person = await accounts.still_signed_in(tx, who.credential_id, user_id)
            if person is None:
                raise AppError
            return await workspaces.enter_by_id(tx, person, who.workspace_id)
