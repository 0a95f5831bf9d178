"""From frames to decisions: what one socket sends is bounded, parsed and handed to its room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from time import thread_time

from app.domain.rooms import limits
from app.domain.rooms.hub.hub import Hub
from app.domain.rooms.hub.open_room import Open
from app.domain.rooms.metrics import EPOCH_CONFLICTS, FRAME_BYTES, HASH_MISMATCHES
from app.domain.rooms.room.member import Member
from app.domain.rooms.room.presence import claim
from app.domain.rooms.wire import protocol
from app.domain.rooms.wire.protocol import CloseCode
from app.domain.rooms.wire.refusal import Refused

OLDEST_CLIENT = 1  # `v` of a client's HELLO; older ones have to reload


class Connection:
    """Feeds a member's frames to its room, on the event loop, one after the other."""

    def __init__(self, hub: Hub, open_: Open, member: Member) -> None:
        self._hub = hub
        self._open = open_
        self._room = open_.room
        self._member = member
        self._loop = asyncio.get_running_loop()
        self._held = 0  # messages that wait until the room takes any again
        self.closed: asyncio.Future[int] = self._loop.create_future()
        self._takers: dict[type, Callable[..., None]] = {
            protocol.SyncUpdate: self._update,
            protocol.Barrier: self._barrier,
            protocol.AwarenessFrame: self._awareness,
            protocol.SyncStep1: self._step1,
            protocol.SyncStep2: self._update,
            protocol.QueryAwareness: self._query_awareness,
            protocol.ClientHello: self._hello,
            protocol.ClientTextHash: self._text_hash,
            protocol.Unknown: lambda _: None,
        }

    def frame_arrived(self, data: bytes) -> None:
        """Take one message. Whatever is wrong with it concerns this socket alone."""
        member = self._member
        if member.is_gone or member.is_leaving:
            return
        now = self._loop.time()
        if member.messages.take(now) > 0:
            member.close(CloseCode.TOO_MANY_MESSAGES)
            return
        FRAME_BYTES.observe(len(data))
        try:
            message = protocol.parse(data)
            if len(data) > _most(message):
                member.nack("too_large", "This change is too large to be sent at once.")
                member.close(CloseCode.TOO_LARGE)
                return
            if self._room.is_holding and not isinstance(message, protocol.AwarenessFrame):
                self._hold(message)
            else:
                self._takers[type(message)](message)
        except Refused as refusal:
            member.refuse(refusal.reason)

    def lost(self, code: int) -> None:
        """The socket is gone, whoever closed it."""
        self._member.is_gone = True
        if self._room.leave(self._member):
            self._share_presence_soon()
        if not self.closed.done():
            self.closed.set_result(code)

    def _hold(self, message: protocol.Frame) -> None:
        self._held += 1
        if self._held >= limits.HELD_MESSAGES:  # a disk may fail for long
            self._member.outlet.pause()
        self._room.defer(partial(self._take_later, message))

    def _take_later(self, message: protocol.Frame) -> None:
        self._held -= 1
        if self._held == 0:
            self._member.outlet.resume()
        if self._member.is_gone or self._member.is_leaving:
            return
        try:
            self._takers[type(message)](message)
        except Refused as refusal:
            self._member.refuse(refusal.reason)

    def _update(self, message: protocol.SyncUpdate | protocol.SyncStep2) -> None:
        started = thread_time()
        if isinstance(message, protocol.SyncStep2):
            self._room.receive_step2(self._member, message.update)
        else:
            self._room.receive_update(self._member, message.update)
        # Work counts like updates do: whoever finds bytes that are dear to merge pays for it.
        # Time of this thread alone, or people would pay for what else the machine does.
        tokens = 1 + (thread_time() - started) / limits.WORK_SECONDS
        debt = self._member.updates.take(self._loop.time(), tokens)
        if debt > limits.DEBT_SECONDS:
            self._member.close(CloseCode.TOO_MANY_MESSAGES)
        elif debt > 0:
            # Honest but fast: let the pressure reach the sender instead of refusing.
            self._member.outlet.pause()
            self._loop.call_later(debt, self._member.outlet.resume)

    def _barrier(self, message: protocol.Barrier) -> None:
        self._room.receive_barrier(self._member, message.payload)

    def _step1(self, message: protocol.SyncStep1) -> None:
        self._room.receive_step1(self._member, message.state_vector)

    def _awareness(self, message: protocol.AwarenessFrame) -> None:
        room = self._room
        if room.presence.receive(self._member, message.payload, room.document.guard):
            self._share_presence_soon()

    def _query_awareness(self, _: protocol.QueryAwareness) -> None:
        if (everyone := self._room.presence.everyone()) is not None:
            self._member.send_message(everyone)

    def _hello(self, message: protocol.ClientHello) -> None:
        if message.v < OLDEST_CLIENT:
            self._member.close(CloseCode.CLIENT_TOO_OLD)
        elif message.epoch is not None and message.epoch != self._room.epoch:
            EPOCH_CONFLICTS.inc()
            self._member.nack("epoch")
            self._member.close(CloseCode.EPOCH)
        elif message.client_id is not None:
            claim(self._member, message.client_id, self._room.document.guard)

    def _text_hash(self, message: protocol.ClientTextHash) -> None:
        """The client's text differs from ours at the same state: find out who is wrong."""
        HASH_MISMATCHES.inc()
        clocks = self._room.document.guard.check_state_vector(message.state_vector)
        ours = self._room.document.guard.clocks
        if clocks == {client: clock for client, clock in ours.items() if clock}:
            self._hub.repair.verify(self._open, self._member, message.sha256)

    def _share_presence_soon(self) -> None:
        self._hub.share_presence_soon(self._open)


def _most(message: protocol.Frame) -> int:
    """How long a message of this kind may be, in bytes."""
    if isinstance(message, protocol.SyncStep2):
        return limits.STEP2_BYTES
    return limits.FRAME_BYTES
