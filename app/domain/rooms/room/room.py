"""One live document and the people in it: what is accepted, what is told to whom, and when.

Every decision of the live engine is taken here, without sockets, clocks or disks. An edit goes
guard → apply → journal → (on disk) → relay to the others, echo barriers; nothing that a client
is told, whether by relay or on joining, is not on disk yet. What another worker wrote to the log
is followed in the log's order and relayed like that.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from app.domain.rooms.guard.guard import Verdict
from app.domain.rooms.guard.quarantine import Quarantine
from app.domain.rooms.metrics import GAPS, RESYNCS
from app.domain.rooms.room.crediting import Writers
from app.domain.rooms.room.document import LibraryFailed, LiveDocument, Plan
from app.domain.rooms.room.full_state import FullState
from app.domain.rooms.room.host import Host
from app.domain.rooms.room.member import Member
from app.domain.rooms.room.pending import Pending, barrier_frame, of_others
from app.domain.rooms.room.presence import Presence, release
from app.domain.rooms.room.settling import Settling
from app.domain.rooms.wire import protocol
from app.domain.rooms.wire.protocol import CloseCode
from app.domain.rooms.wire.refusal import Gap, Refused
from app.domain.rooms.wire.updates import read_update, write_state_vector

EMPTY_STATE_VECTOR = b"\x00"


class Collides(Exception):
    """Another worker's row and an edit on its way here are by one client id."""


class Room(Settling):
    def __init__(
        self, document_id: UUID, epoch: str, document: LiveDocument, seq: int, host: Host
    ) -> None:
        super().__init__(seq, host)
        self.id = document_id
        self.epoch = epoch
        self.document = document
        self.seq = seq  # of the newest row of the log that the document holds
        self.durable_clocks = dict(document.guard.clocks)
        self.members: dict[Member, None] = {}
        self.presence = Presence()
        self.quarantine = Quarantine()
        self._full = FullState()

    # Who is here

    def join(self, member: Member) -> None:
        """Greet a new connection: our state vector, and everyone's presence in one message."""
        self.members[member] = None
        vector = write_state_vector(self.durable_clocks)
        member.send_message(protocol.sync_step1(vector))
        if (everyone := self.presence.everyone()) is not None:
            member.send_message(everyone)

    def leave(self, member: Member) -> bool:
        """Forget a connection; the answer is whether presence changed."""
        self.members.pop(member, None)
        release(member, self.document.guard)
        return self.presence.leave(member)

    @property
    def is_clean(self) -> bool:
        return not self.own and not self.is_owing

    # Messages

    def receive_step1(self, member: Member, state_vector: bytes) -> None:
        """Send what the client lacks, once all that we hold is on disk."""
        self.document.guard.check_state_vector(state_vector)
        self.when_durable(
            lambda: self._serve(member, state_vector),
            lambda: self._host.serve_from_log(self, member, state_vector),
        )

    def receive_update(self, member: Member, update: bytes) -> None:
        """Guard, apply and queue a client's edit."""
        try:
            verdict = self.document.guard.check(update, member.actor)
        except Gap:
            GAPS.inc()
            member.has_gap = True
            member.send_message(protocol.sync_step1(self.document.state_vector))
            return
        except Refused as refusal:
            self._turn_down(member, refusal)
            return
        if not verdict.is_new:
            return
        if self._is_refused(member, verdict, update):
            return
        self._host.arm(self, member.actor, update)
        try:
            self.document.apply(update)
        except LibraryFailed as failure:
            self._host.disarm()
            self._host.reload(self, member, update, str(failure))
            return
        self._host.disarm()
        self.document.guard.admit(verdict, member.actor)
        self._accept(member, member.actor, update, verdict)

    def receive_step2(self, member: Member, update: bytes) -> None:
        """Take all that a client has and we lack; it closes the gap under its edits, if any."""
        member.has_gap = False
        self.receive_update(member, update)
        while member.unechoed and not member.has_gap:
            self.receive_barrier(member, member.unechoed.popleft())

    def receive_barrier(self, member: Member, payload: bytes) -> None:
        """Echo `payload` when everything accepted so far is on disk."""
        if not member.speaks_ours:
            return
        if member.has_gap:  # what came before it was not accepted
            member.unechoed.append(payload)
            return
        if not self.own:
            member.send(barrier_frame(payload))
        else:
            self.own.wait(member, payload)

    def rewrite(self, text: str, actor: str, writers: Writers = ()) -> int:
        """Edit the text into `text`; returns the number of the edit to wait for.

        Raises `LibraryFailed` and the caller then reloads the room.
        """
        for author, update, verdict in self.document.rewrite_for(text, actor, writers):
            self._accept(None, author, update, verdict)
        return self.own.accepted

    def revise(self, plan: Plan, actor: str) -> int:
        """The same for the edits that `plan` gives for the text at this moment; it may raise."""
        if (edit := self.document.revise(plan, actor)) is not None:
            self._accept(None, actor, *edit)
        return self.own.accepted

    def _is_refused(self, member: Member, verdict: Verdict, update: bytes) -> bool:
        if not member.can_write:
            member.nack("readonly")
            return True
        if (cause := self._host.read_only_cause) is not None:
            member.nack("storage", f"Not saved: {cause}. Your edits are kept on this device.")
            return True
        if self.quarantine.holds(verdict, update):
            member.refuse("quarantined")
            return True
        return False

    @staticmethod
    def _turn_down(member: Member, refusal: Refused) -> None:
        """An honest client can reach a size limit; anything else no honest client sends."""
        if refusal.is_too_large:
            member.nack("too_large", refusal.message)
        else:
            member.refuse(refusal.reason)

    def _accept(self, author: Member | None, actor: str, update: bytes, verdict: Verdict) -> None:
        frame = protocol.websocket_frame(protocol.sync_update(update))
        number = self.own.accept(Pending(author, frame, verdict))
        self._host.record(self, number, actor, update)

    # On disk

    def committed(self, number: int) -> None:
        """Our edits up to `number` are on disk: relay them, echo barriers, let newcomers in."""
        if done := self.own.written(number):
            self._relay(done)
        self._echo()
        if not self.own:
            self.settle()

    def give_up_own(self) -> None:
        """Our edits that are not on disk never will be; let their authors offer them again."""
        for author in self.own.give_up():
            author.close(CloseCode.RESTART)
        self._echo()

    def _echo(self) -> None:
        for member, payload in self.own.echoes():
            if member in self.members:
                member.send(barrier_frame(payload))

    def follow(self, actor: str, update: bytes) -> None:
        """Take in the next row of the log, which another worker wrote.

        Raises `Collides`, or what the guard and the library raise; then load the room again.
        """
        clients = [section.client for section in read_update(update).sections]
        if self.own.is_by(clients):
            raise Collides
        self._host.arm(self, actor, update, self.seq + 1)
        try:
            verdict = self.document.follow(update, actor, clients)
        finally:
            self._host.disarm()
        frame = protocol.websocket_frame(protocol.sync_update(update))
        self._relay([Pending(None, frame, verdict)])

    def _relay(self, done: list[Pending]) -> None:
        first = self.seq + 1
        self.seq += len(done)
        for seq, pending in enumerate(done, first):
            has_deletes = bool(pending.verdict.deletes)
            self._full.follow(seq, pending.frame, has_deletes=has_deletes)
        authors = {pending.author for pending in done}
        everything = b"".join([pending.frame for pending in done])
        behind: bytes | None = None
        for member in self.members:
            if not member.is_synced or member.stale_since is not None:
                continue
            data = everything if member not in authors else of_others(done, member)
            if not data:
                continue
            if member.is_slow:
                behind = behind or write_state_vector(self.durable_clocks)
                member.fall_behind(behind)
            else:
                member.send(data)
        for pending in done:
            for client, _, end in pending.verdict.ranges:
                self.durable_clocks[client] = end

    # Newcomers and slow readers

    def _serve(self, member: Member, state_vector: bytes) -> None:
        if member not in self.members or member.is_leaving or member.is_revoked:
            return
        try:
            if state_vector == EMPTY_STATE_VECTOR:
                member.send(self._full.frame(self.seq, self._encode))
            else:
                message = protocol.sync_step2(self.document.state(state_vector))
                member.send_message(message)
        except LibraryFailed:
            member.close(CloseCode.SERVER_ERROR)
            return
        member.is_synced = True

    def forget_encoding(self) -> None:
        """Free the cached state of a room that nobody is joining."""
        self._full.forget()

    def _encode(self) -> bytes:
        return protocol.websocket_frame(protocol.sync_step2(self.document.state()))

    def catch_up(self, member: Member) -> None:
        """Send a reader that has drained everything it missed, as one update."""

        def send() -> None:
            if member not in self.members or member.stale_since is None:
                return
            RESYNCS.inc()
            try:
                message = protocol.sync_update(self.document.state(member.behind))
            except LibraryFailed:
                member.close(CloseCode.SERVER_ERROR)
                return
            member.stale_since = None
            member.send_message(message)
            if (everyone := self.presence.everyone()) is not None:
                member.send_message(everyone)

        # While the disk refuses it stays behind; the hub tries again.
        self.when_durable(send, lambda: None)

    # To everyone

    def tell(self, message: bytes, to: Iterable[Member] | None = None) -> None:
        """Send one of our own messages to all who asked for them."""
        frame = protocol.websocket_frame(message)
        for member in tuple(self.members if to is None else to):
            if member.speaks_ours and not member.is_leaving:
                member.send(frame)

    def share_presence(self) -> None:
        """Send what changed since the last time, encoded once."""
        message = self.presence.take_changes()
        if message is None:
            return
        frame = protocol.websocket_frame(message)
        for member in self.members:
            if member.is_slow and member.stale_since is None and not member.is_leaving:
                member.fall_behind(write_state_vector(self.durable_clocks))
            elif member.stale_since is None and not member.is_leaving:
                member.send(frame)

    def ask_everyone(self) -> None:
        """Ask all members for what we lack: after a reload, or after edits were refused."""
        message = protocol.sync_step1(self.document.state_vector)
        for member in tuple(self.members):
            if not member.is_leaving:
                member.send_message(message)

    def close_everyone(self, code: CloseCode, reason: str = "") -> None:
        for member in tuple(self.members):
            member.close(code, reason)

    def renew(self, document: LiveDocument, seq: int, quarantine: Quarantine) -> None:
        """Go on with `document`, freshly loaded from the log up to `seq`.

        With several workers the log may hold what nobody here has been told.
        """
        seen = write_state_vector(self.durable_clocks) if seq > self.seq else None
        self.document = document
        self.quarantine = quarantine
        self.seq = seq
        self.durable_clocks = dict(document.guard.clocks)
        self._full.forget()
        if seen is not None:
            self._tell_since(seen)

    def _tell_since(self, state_vector: bytes) -> None:
        frame = protocol.websocket_frame(protocol.sync_update(self.document.state(state_vector)))
        for member in self.members:
            if member.is_synced and member.stale_since is None:
                member.send(frame)
