"""One live document and the people in it: what is accepted, what is told to whom, and when.

Every decision of the live engine is taken here, without sockets, clocks or disks. An edit goes
guard → apply → journal → (on disk) → relay to the others, echo barriers; nothing that a client
is told, whether by relay or on joining, is not on disk yet.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from uuid import UUID

from app.domain.rooms import protocol
from app.domain.rooms.document import LibraryFailed, LiveDocument
from app.domain.rooms.full_state import FullState
from app.domain.rooms.guard import Verdict
from app.domain.rooms.host import Host
from app.domain.rooms.member import Member
from app.domain.rooms.metrics import GAPS, RESYNCS
from app.domain.rooms.pending import Pending, of_others
from app.domain.rooms.presence import Presence, release
from app.domain.rooms.protocol import CloseCode
from app.domain.rooms.quarantine import Quarantine
from app.domain.rooms.refusal import Gap, Refused
from app.domain.rooms.updates import write_state_vector

EMPTY_STATE_VECTOR = b"\x00"


class Room:
    def __init__(
        self, document_id: UUID, epoch: str, document: LiveDocument, seq: int, host: Host
    ) -> None:
        self.id = document_id
        self.epoch = epoch
        self.document = document
        self.accepted_seq = seq
        self.durable_seq = seq
        self.durable_clocks = dict(document.guard.clocks)
        self.members: dict[Member, None] = {}
        self.presence = Presence()
        self.quarantine = Quarantine()
        self._host = host
        self._pending: deque[Pending] = deque()
        self._barriers: deque[tuple[int, Member, bytes]] = deque()
        self._joining: list[tuple[Callable[[], None], Callable[[], None]]] = []
        self._held: deque[Callable[[], None]] = deque()
        self._is_holding = False
        self._is_frozen = False
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
        return self.durable_seq == self.accepted_seq and not self._held

    @property
    def is_holding(self) -> bool:
        """Messages wait, because a newcomer is owed a state that is wholly on disk."""
        return self._is_holding

    @property
    def is_frozen(self) -> bool:
        """The document is being loaded again; what is in memory is not to be touched."""
        return self._is_frozen

    def freeze(self) -> None:
        """Take no messages until `thaw`: the document is being loaded again."""
        self._is_holding = self._is_frozen = True

    def thaw(self) -> None:
        self._is_frozen = False
        self.settle()

    def give_up(self) -> None:
        """It will never settle: those who wait for that get what the log says."""
        self._is_frozen = False
        self.settle_from_log()

    def defer(self, call: Callable[[], None]) -> None:
        """Do `call` when the room takes messages again, in order."""
        self._held.append(call)

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
        frame = protocol.websocket_frame(protocol.barrier(payload))
        if self.durable_seq >= self.accepted_seq:
            member.send(frame)
        else:
            self._barriers.append((self.accepted_seq, member, frame))

    def rewrite(self, text: str, actor: str) -> int:
        """Edit the text into `text`; returns the sequence number to wait for.

        Raises `LibraryFailed` and the caller then reloads the room.
        """
        edit = self.document.rewrite(text, actor)
        if edit is not None:
            update, verdict = edit
            self._accept(None, actor, update, verdict)
        return self.accepted_seq

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
        self.accepted_seq += 1
        frame = protocol.websocket_frame(protocol.sync_update(update))
        self._pending.append(Pending(self.accepted_seq, author, frame, verdict))
        self._host.record(self, self.accepted_seq, actor, update)

    # On disk

    def committed(self, seq: int) -> None:
        """Everything up to `seq` is on disk: relay it, echo barriers, let newcomers in."""
        done: list[Pending] = []
        while self._pending and self._pending[0].seq <= seq:
            done.append(self._pending.popleft())
        self.durable_seq = max(self.durable_seq, seq)
        if done:
            self._relay(done)
        while self._barriers and self._barriers[0][0] <= seq:
            _, member, frame = self._barriers.popleft()
            if member in self.members:
                member.send(frame)
        if self.durable_seq >= self.accepted_seq:
            self.settle()

    def settle(self) -> None:
        """Serve who waited for a durable state, then take the messages that were held."""
        while not self._is_frozen and self.durable_seq >= self.accepted_seq:
            joining, self._joining = self._joining, []
            for serve, _ in joining:
                serve()
            self._release()
            if not self._joining and not self._held:
                return

    def settle_from_log(self) -> None:
        """The disk refuses: serve who waits with what it holds, and let edits be typed on."""
        joining, self._joining = self._joining, []
        for _, serve in joining:
            serve()
        if not self._is_frozen:
            self._release()

    def _release(self) -> None:
        self._is_holding = False
        while self._held and not self._is_holding:
            self._held.popleft()()

    def when_durable(self, call: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """Do `call` at a moment when all that the document holds is on disk.

        `otherwise` is done instead while the disk refuses.
        """
        if not self._host.is_storage_ok:
            otherwise()
        elif self.durable_seq >= self.accepted_seq and not self._is_frozen:
            call()
        else:
            self._joining.append((call, otherwise))
            self._is_holding = True

    def _relay(self, done: list[Pending]) -> None:
        for pending in done:
            has_deletes = bool(pending.verdict.deletes)
            self._full.follow(pending.seq, pending.frame, has_deletes=has_deletes)
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
                member.send(self._full.frame(self.durable_seq, self._encode))
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
        """Go on with `document`, freshly loaded from the log up to `seq`."""
        self.document = document
        self.quarantine = quarantine
        self.accepted_seq = self.durable_seq = seq
        self.durable_clocks = dict(document.guard.clocks)
        self._full.forget()
