"""The worker's rooms: opened once, shared, kept while they are dirty, closed when idle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
import structlog

from app.access.principal import Principal
from app.domain.rooms import limits
from app.domain.rooms.errors import RoomNotFound, UpdateRefused
from app.domain.rooms.events import ACCESS_TOPIC, ROOM_TOPIC, AccessChanged, RoomEvent
from app.domain.rooms.hub import whereabouts
from app.domain.rooms.hub.open_room import Open
from app.domain.rooms.hub.opening import Opening
from app.domain.rooms.hub.peers import Peers
from app.domain.rooms.hub.repair import Repair
from app.domain.rooms.hub.revising import revised
from app.domain.rooms.hub.waiting import Durability, durable_reading
from app.domain.rooms.journal.flight import FlightRecorder
from app.domain.rooms.journal.journal import (
    DocumentsGone,
    Entry,
    Journal,
    StorageState,
    Store,
    Unwritable,
)
from app.domain.rooms.journal.log import DocumentLog
from app.domain.rooms.metrics import DIRTY, DURABLE_SECONDS, LOAD_SECONDS, ROOMS
from app.domain.rooms.reading import PersonHere, Reading, reading_of
from app.domain.rooms.room.crediting import Writers
from app.domain.rooms.room.document import Plan
from app.domain.rooms.room.member import Member, user_of
from app.domain.rooms.room.presence import tick_seconds
from app.domain.rooms.room.room import Room
from app.domain.rooms.service import check_size
from app.domain.rooms.wire import protocol
from app.domain.rooms.wire.protocol import CloseCode
from app.kit.bus import Bus, Unsubscribe
from app.kit.clock import utc_now
from app.kit.edits import Edit, applied

log = structlog.get_logger(__name__)

Changed = Callable[[UUID, str], None]
Settled = Callable[[UUID], Awaitable[None]]


class Hub(Opening):
    """Opens rooms and connects them to the journal, the bus and the people who listen."""

    peers: Peers | None = None  # the other workers; None when there can be none

    def __init__(self, log_: DocumentLog, store: Store, recorder: FlightRecorder, bus: Bus) -> None:
        super().__init__()
        self.log = log_
        self.bus = bus
        self.journal = Journal(store, self)
        self.on_changed: list[Changed] = []
        self.on_idle: list[Settled] = []
        self.on_left: list[Settled] = []
        self.durability = Durability()
        self.repair = Repair(log_, self.spawn, self.durability.reached, self.forget, self.replaced)
        self._recorder = recorder
        self._arrivals: dict[tuple[UUID, int], float] = {}
        self._unsubscribe: Unsubscribe = lambda: None

    def start(self) -> None:
        self._unsubscribe = self.bus.subscribe(ROOM_TOPIC, self._event_arrived)

    async def stop(self) -> None:
        self._unsubscribe()
        if self.peers is not None:
            self.peers.stop()
        await self.stop_tasks()
        await self.journal.close()

    # For other slices

    async def read(self, document_id: UUID, since: bytes | None = None) -> Reading:
        """What is on disk, with who wrote how much since state vector `since`."""
        async with self.borrow(document_id) as open_:
            if self.peers is not None:  # what another worker has acknowledged has to be in it
                await self.peers.follower.catch_up(open_)
            # Meanwhile it may have been given up, and what is in memory may be half changed.
            is_ours = self.rooms.get(document_id) is open_
            if is_ours and (reading := await durable_reading(open_.room, since)) is not None:
                return reading
        loaded = await self.log.load(document_id)
        return reading_of(document_id, loaded.epoch, loaded.seq, loaded.document, since)

    async def rewrite(
        self, document_id: UUID, text: str, actor: str, writers: Writers = ()
    ) -> Reading:
        """Edit the document into `text` and wait until that is on disk.

        What comes is credited to `writers` (units and actor, over all of `text`), else to `actor`.

        Raises `TextTooLarge`, `StorageFailed` when the disk refuses for ten seconds.
        Never call it inside a write transaction: on SQLite the journal would wait for it.
        """
        check_size(text)
        return await revised(self, document_id, lambda it: it.room.rewrite(text, actor, writers))

    async def revise(self, document_id: UUID, plan: Plan, actor: str) -> Reading:
        """The same with the edits that `plan` gives for the text at the moment of the edit.

        What `plan` raises comes from here, too, and then nothing was done.
        """

        def checked(text: str) -> Sequence[Edit]:
            edits = plan(text)
            if edits:  # where nothing comes nothing is too large
                check_size(applied(text, edits))
            return edits

        return await revised(self, document_id, lambda it: it.room.revise(checked, actor))

    def announce(
        self, document_id: UUID, kind: str, data: dict[str, Any], by: Principal | None
    ) -> None:
        """Tell everyone in the room, on every worker, what happened beside the text."""
        user = user_of(by) if by is not None else None
        event = RoomEvent(document_id, kind, data, user)
        self.bus.publish(ROOM_TOPIC, msgspec.json.encode(event))

    def access_changed(
        self,
        workspace_id: UUID | None = None,
        actor: str | None = None,
        document_id: UUID | None = None,
    ) -> None:
        """Have every worker look again, at once, at the sockets that this may concern.

        Call it after the transaction that changed the rights has committed.
        """
        change = AccessChanged(workspace_id, actor, document_id)
        self.bus.publish(ACCESS_TOPIC, msgspec.json.encode(change))

    def people(self, document_ids: Iterable[UUID]) -> dict[UUID, list[PersonHere]]:
        """Who has which document open, on any worker; each person once."""
        return whereabouts.people(self.rooms, self.peers, document_ids)

    def occupied(self) -> set[UUID]:
        """The rooms that somebody is in, on any worker."""
        return whereabouts.occupied(self.rooms, self.peers)

    # Opening

    async def _load(self, document_id: UUID) -> Open:
        loop = asyncio.get_running_loop()
        with LOAD_SECONDS.time():
            loaded = await self.log.load(document_id)
        room = Room(document_id, loaded.epoch, loaded.document, loaded.seq, self)
        room.quarantine = loaded.quarantine
        open_ = Open(room, loaded, loop.time())
        self.rooms[document_id] = open_
        ROOMS.set(len(self.rooms))
        if self.peers is not None:
            self.peers.opened(open_)
        return open_

    def forget(self, document_id: UUID) -> None:
        """Let go of a clean, idle room, or of one that nobody can go on with."""
        open_ = self.rooms.pop(document_id, None)
        ROOMS.set(len(self.rooms))
        if open_ is not None:
            if open_.room.own:  # then its people are being sent away and will offer it again
                self._drop(document_id)
            open_.forgotten()

    # What rooms ask of their host

    @property
    def is_storage_ok(self) -> bool:
        return self.journal.state.ok

    @property
    def read_only_cause(self) -> str | None:
        state = self.journal.state
        if state.ok or asyncio.get_running_loop().time() - state.since < limits.READ_ONLY_AFTER:
            return None
        return state.cause

    def record(self, room: Room, number: int, actor: str, update: bytes) -> None:
        self._arrivals[room.id, number] = asyncio.get_running_loop().time()
        self.journal.submit(Entry(room.id, number, actor, update, utc_now()))
        DIRTY.inc()

    def arm(self, room: Room, actor: str, update: bytes, seq: int = -1) -> None:
        self._recorder.arm(room.id, actor, update, seq)

    def disarm(self) -> None:
        self._recorder.disarm()

    def reload(self, room: Room, offender: Member, update: bytes, cause: str) -> None:
        offender.refuse("bad_block")
        open_ = self.rooms.get(room.id)
        if open_ is not None:
            self.repair.reload(open_, (offender.actor, update, cause))

    def serve_from_log(self, room: Room, member: Member, state_vector: bytes) -> None:
        self.repair.serve_from_log(room, member, state_vector)

    # The journal's reports

    def position(self, document_id: UUID) -> tuple[str, int]:
        room = self.rooms[document_id].room
        return room.epoch, room.seq

    def behind(self, document_id: UUID) -> None:
        open_ = self.rooms[document_id]  # what waits for a room that was let go of is dropped
        if self.peers is None or open_.room.is_frozen:
            # Nothing can be followed into a document that is being loaded again.
            self.give_up_own(open_)
        else:
            self.spawn(self.peers.follower.make_up(open_))

    def written(self, entries: Sequence[Entry]) -> None:
        now = asyncio.get_running_loop().time()
        groups: dict[UUID, list[Entry]] = {}
        for entry in entries:
            groups.setdefault(entry.document_id, []).append(entry)
            arrived = self._arrivals.pop((entry.document_id, entry.number), now)
            DURABLE_SECONDS.observe(now - arrived)
            if (open_ := self.rooms.get(entry.document_id)) is not None:
                open_.journal_bytes += len(entry.update)
        DIRTY.dec(len(entries))
        for document_id, group in groups.items():
            if (open_ := self.rooms.get(document_id)) is not None:
                self._tell_written(open_, group, now)

    def _tell_written(self, open_: Open, group: list[Entry], now: float) -> None:
        """What goes wrong in one room, or with a listener, is nobody else's misfortune."""
        open_.changed(now)
        entry, first = group[-1], open_.room.seq + 1
        try:
            open_.room.committed(entry.number)
        except Exception:
            log.exception("room.failed", room=str(open_.room.id))
            open_.room.own.written(entry.number)
            open_.room.seq = max(open_.room.seq, first + len(group) - 1)
            open_.room.close_everyone(CloseCode.SERVER_ERROR)
            self.repair.reload(open_)
        self.durability.wake(entry.document_id, entry.number)
        if self.peers is not None:
            self.peers.wrote(open_, first, group)
            self.peers.follower.advance(open_)
        for changed in self.on_changed:
            try:
                changed(entry.document_id, entry.actor)
            except Exception:
                log.exception("room.listener_failed", room=str(open_.room.id))

    def give_up_own(self, open_: Open) -> None:
        """What the room has accepted and not written will not be; its authors offer it again."""
        self._drop(open_.room.id)
        open_.room.give_up_own()

    def _drop(self, document_id: UUID) -> None:
        self.journal.drop((document_id,))
        self._not_written((document_id,))
        self.durability.fail(document_id, UpdateRefused("Try again in a moment."))

    def _not_written(self, document_ids: Collection[UUID]) -> None:
        for key in [key for key in self._arrivals if key[0] in document_ids]:
            del self._arrivals[key]
            DIRTY.dec()

    # What following the log comes to

    def collided(self, open_: Open) -> None:
        """An edit on its way here and another worker's row cannot both be; the log is right."""
        log.warning("room.collided", room=str(open_.room.id), seq=open_.room.seq)
        self.give_up_own(open_)
        self.repair.reload(open_)

    def replaced(self, open_: Open) -> None:
        """Another worker has begun a new epoch: everyone comes back to that one."""
        room = open_.room
        log.warning("room.epoch_gone", room=str(room.id))
        self.forget(room.id)
        room.close_everyone(CloseCode.EPOCH)
        room.give_up()

    def unwritable(self, error: Unwritable) -> None:
        """What was accepted for these rooms can never be written: give them up.

        If the document still exists, people come back to what the log says, with their edits.
        """
        is_gone = isinstance(error, DocumentsGone)
        code = CloseCode.NOT_FOUND if is_gone else CloseCode.SERVER_ERROR
        self._not_written(error.document_ids)
        for document_id in error.document_ids:
            log.error("room.unwritable", room=str(document_id), cause=type(error).__name__)
            self.durability.fail(document_id, RoomNotFound() if is_gone else UpdateRefused())
            if (open_ := self.rooms.get(document_id)) is not None:
                self.forget(document_id)
                open_.room.close_everyone(code)
                open_.room.give_up()

    def storage_changed(self, state: StorageState) -> None:
        self.tell_storage()
        for open_ in tuple(self.rooms.values()):
            if state.ok:
                open_.room.ask_everyone()  # for what was refused meanwhile
            else:
                open_.room.settle_from_log()

    def tell_storage(self) -> None:
        message = protocol.event("storage", self.storage_fields(), None)
        for open_ in tuple(self.rooms.values()):
            open_.room.tell(message)

    def storage_fields(self) -> dict[str, Any]:
        state = self.journal.state
        return {
            "ok": state.ok,
            "cause": state.cause,
            "read_only": self.read_only_cause is not None,
        }

    # Small tools

    def share_presence_soon(self, open_: Open) -> None:
        """Tell everyone at the room's next tick who is here and where."""
        if open_.presence_timer is None:
            pause = tick_seconds(len(open_.room.members))
            loop = asyncio.get_running_loop()
            open_.presence_timer = loop.call_later(pause, self._share_presence, open_)

    def _share_presence(self, open_: Open) -> None:
        open_.presence_timer = None
        open_.room.share_presence()
        if self.peers is not None:
            self.peers.presence_changed(open_)

    def _event_arrived(self, payload: bytes) -> None:
        event = msgspec.json.decode(payload, type=RoomEvent)
        open_ = self.rooms.get(event.document_id)
        if open_ is not None:
            open_.room.tell(protocol.event(event.kind, event.data, event.by))
