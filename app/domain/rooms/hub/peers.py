"""The other workers: what they write and who is with them comes and goes over the bus.

All of it is hint or decoration. Rows are in the log, and what a lost message would have said is
said again a few seconds later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import structlog

from app.domain.rooms.events import (
    PEOPLE_NEWS_TOPIC,
    PEOPLE_TOPIC,
    People,
    RoomMessage,
    RowsWritten,
    StatesChanged,
    WhoIsHere,
    room_topic,
)
from app.domain.rooms.hub.follower import Follower
from app.domain.rooms.hub.open_room import Open
from app.domain.rooms.journal.journal import Entry
from app.domain.rooms.reading import PersonHere
from app.kit.bus import Bus
from app.kit.ids import new_id

log = structlog.get_logger(__name__)

BEAT_SECONDS = 3.0
SILENCE_SECONDS = 10.0  # three beats and a bit; a killed worker's people are gone within 15 s
NEWS_SECONDS = 0.25
LOOK_SECONDS = 1.0  # between looks at the log while the bus is down
_LOOKS = 5  # so many of these between looks while it is up: for a last message that was lost
_NAME = 16  # bytes in front of each message: whose it is

_messages = msgspec.msgpack.Decoder(RoomMessage)
_people = msgspec.msgpack.Decoder(People)
_encode = msgspec.msgpack.Encoder().encode


class Peers:
    """Speaks for this worker's rooms, and listens to those that others have open as well."""

    def __init__(
        self,
        bus: Bus,
        follower: Follower,
        rooms: dict[UUID, Open],
        share_presence: Callable[[Open], None],
        spawn: Callable[[Awaitable[Any]], None],
    ) -> None:
        self._name = new_id().bytes
        self.follower = follower
        self._bus = bus
        self._rooms = rooms
        self._share_presence = share_presence
        self._spawn = spawn
        self._heard: dict[bytes, tuple[float, People]] = {}
        self._told: People = {}
        self._beats = self._looks = 0
        self._stops = [
            bus.subscribe(PEOPLE_TOPIC, self._people_arrived),
            bus.subscribe(PEOPLE_NEWS_TOPIC, self._news_arrived),
            bus.on_gap(self._missed),
        ]

    def stop(self) -> None:
        """Tell the others that nobody is here any more."""
        self._publish_people({})
        for stop in self._stops:
            stop()

    # What this worker's rooms report

    def opened(self, open_: Open) -> None:
        topic = room_topic(open_.room.id)
        open_.stop_listening = self._bus.subscribe(topic, partial(self._arrived, open_))
        self._spawn(self._begin(open_))

    def wrote(self, open_: Open, first: int, entries: list[Entry]) -> None:
        rows = [(entry.actor, entry.update) for entry in entries]
        self._publish(open_, RowsWritten(open_.room.epoch, first, rows))

    def presence_changed(self, open_: Open) -> None:
        if entries := open_.room.presence.take_own_changes():
            self._publish(open_, StatesChanged(is_all=False, entries=entries))

    def people(self, document_id: UUID) -> dict[str, PersonHere]:
        """Who is in a room by other workers, by actor."""
        return {
            person.id: person
            for _, rooms in self._heard.values()
            for person in rooms.get(document_id.hex, ())
        }

    def occupied(self) -> set[UUID]:
        """The rooms that somebody is in by other workers."""
        return {
            UUID(room)
            for _, rooms in self._heard.values()
            for room, people in rooms.items()
            if people
        }

    # On the clock

    async def beat(self) -> None:
        """Say who is here, and forget workers that have not said so for long."""
        now = asyncio.get_running_loop().time()
        for worker in [w for w, (at, _) in self._heard.items() if now - at > SILENCE_SECONDS]:
            log.warning("peer.silent", peer=worker.hex())
            self._lose(worker)
        self._beats += 1
        self._publish_people(self._people())
        if self._beats % 2 == 0:
            for open_ in tuple(self._rooms.values()):
                if open_.room.members:
                    self._publish_states(open_)

    async def news(self) -> None:
        """Between beats: tell at once where somebody came or went, and only that.

        Every worker hears it. All of it each time would grow with the square of the workers; what
        was lost on the way comes with the next beat.
        """
        people = self._people()
        rooms = people.keys() | self._told.keys()
        if changed := {
            room: people.get(room, []) for room in rooms if people.get(room) != self._told.get(room)
        }:
            self._told = people
            self._bus.publish(PEOPLE_NEWS_TOPIC, self._name + _encode(changed))

    async def look(self) -> None:
        """Compare all open rooms with the log; every second while the bus is down."""
        self._looks += 1
        if not self._bus.is_healthy or self._looks % _LOOKS == 0:
            await self._catch_up_all(tuple(self._rooms))

    # What arrives

    def _arrived(self, open_: Open, payload: bytes) -> None:
        worker = payload[:_NAME]
        if worker == self._name or self._rooms.get(open_.room.id) is not open_:
            return
        message = _messages.decode(payload[_NAME:])
        if isinstance(message, RowsWritten):
            if not self.follower.heard(open_, message):
                self._spawn(self.follower.catch_up(open_))
        elif isinstance(message, StatesChanged):
            self._heard_of(worker)
            if open_.room.presence.hear(worker, message.entries, is_all=message.is_all):
                self._share_presence(open_)
        elif open_.room.members:
            self._publish_states(open_)

    def _people_arrived(self, payload: bytes) -> None:
        worker = payload[:_NAME]
        if worker == self._name:
            return
        if people := _people.decode(payload[_NAME:]):
            self._heard[worker] = asyncio.get_running_loop().time(), people
        else:
            self._lose(worker)

    def _news_arrived(self, payload: bytes) -> None:
        worker = payload[:_NAME]
        if worker == self._name:
            return
        _, people = self._heard.get(worker, (0.0, {}))
        changed = _people.decode(payload[_NAME:])
        here = {room: there for room, there in (people | changed).items() if there}
        self._heard[worker] = asyncio.get_running_loop().time(), here

    def _heard_of(self, worker: bytes) -> None:
        """A worker may die between its first person's cursor and its first beat: miss it too."""
        self._heard.setdefault(worker, (asyncio.get_running_loop().time(), {}))

    def _lose(self, worker: bytes) -> None:
        self._heard.pop(worker, None)
        for open_ in tuple(self._rooms.values()):
            if open_.room.presence.lose(worker):
                self._share_presence(open_)

    def _missed(self) -> None:
        """Messages may have been lost: look at everything, and have everyone told again."""
        self._spawn(self._catch_up_all(tuple(self._rooms)))
        self._publish_people(self._people())
        for open_ in tuple(self._rooms.values()):
            self._publish(open_, WhoIsHere())
            if open_.room.members:
                self._publish_states(open_)

    async def _catch_up_all(self, document_ids: Collection[UUID]) -> None:
        for open_ in await self.follower.look(document_ids):
            self._spawn(self.follower.catch_up(open_))

    async def _begin(self, open_: Open) -> None:
        """Look up what was written between the load and the moment when the subscription stood."""
        await self._bus.settled()
        if self._rooms.get(open_.room.id) is open_:
            self._publish(open_, WhoIsHere())
            await self.follower.catch_up(open_)

    # What is told

    def _people(self) -> People:
        return {
            document_id.hex: list(open_.people().values())
            for document_id, open_ in self._rooms.items()
            if open_.room.members
        }

    def _publish_people(self, people: People) -> None:
        self._told = people
        self._bus.publish(PEOPLE_TOPIC, self._name + _encode(people))

    def _publish_states(self, open_: Open) -> None:
        entries = open_.room.presence.own()
        self._publish(open_, StatesChanged(is_all=True, entries=entries))

    def _publish(self, open_: Open, message: RoomMessage) -> None:
        self._bus.publish(room_topic(open_.room.id), self._name + _encode(message))
