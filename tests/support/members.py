"""A room's surroundings, made up: sockets that remember, a disk that obeys, clients that edit."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

import msgspec
from pycrdt import Doc, Text

from app.access.permissions import Role
from app.access.principal import Person, Principal
from app.domain.rooms.guard.quarantine import Quarantine
from app.domain.rooms.room.document import LiveDocument
from app.domain.rooms.room.member import Member
from app.domain.rooms.room.room import Room
from app.domain.rooms.wire import encoding, protocol
from app.domain.rooms.wire.refusal import Refused
from app.domain.rooms.wire.updates import read_update

WORKSPACE = UUID("01980000-0000-7000-8000-000000000001")
DOCUMENT = UUID("01980000-0000-7000-8000-000000000002")
EPOCH = "epoch-1"


def a_principal(name: str, role: Role = Role.EDITOR) -> Principal:
    person = Person(uuid5(WORKSPACE, name), WORKSPACE, name, f"{name}@example.org", "teal")
    return Principal.of_member(person, WORKSPACE, role)


def payload(frame: bytes) -> bytes:
    """What a complete, unmasked WebSocket frame carries."""
    assert frame[0] == 0x82
    if frame[1] < 126:
        return frame[2:]
    return frame[4:] if frame[1] == 126 else frame[10:]


def split(data: bytes) -> list[bytes]:
    """The payloads of frames that were written together."""
    found = []
    while data:
        size, head = data[1], 2
        if size >= 126:
            head = 4 if size == 126 else 10
            size = int.from_bytes(data[2:head])
        found.append(data[head : head + size])
        data = data[head + size :]
    return found


@dataclass
class Tape:
    """An outlet that keeps what was written until the peer reads it."""

    unread: deque[bytes] = field(default_factory=deque)
    closed: tuple[int, str] | None = None
    is_aborted: bool = False
    is_paused: bool = False
    on_message: Callable[[bytes], None] = lambda _: None

    def write_frame(self, frame: bytes) -> None:
        for message in split(frame):
            self.on_message(message)
            self.unread.append(message)

    @property
    def buffered(self) -> int:
        return sum(map(len, self.unread))

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False

    def close_with(self, code: int, reason: str) -> None:
        self.closed = self.closed or (code, reason)

    def abort(self) -> None:
        self.is_aborted = True

    def take(self) -> list[bytes]:
        """What the peer reads when it reads everything."""
        taken = list(self.unread)
        self.unread.clear()
        return taken


def a_member(name: str, role: Role = Role.EDITOR, *, stock: bool = False) -> tuple[Member, Tape]:
    tape = Tape()
    return Member(f"conn-{name}", a_principal(name, role), tape, speaks_ours=not stock), tape


@dataclass
class Disk:
    """The host of one room, with a journal that commits when told and reloads from it."""

    rows: list[tuple[int, str, bytes]] = field(default_factory=list)
    queue: list[tuple[int, str, bytes]] = field(default_factory=list)
    poison: Callable[[bytes], bool] = lambda _: False
    is_storage_ok: bool = True
    read_only_cause: str | None = None
    reloads: list[tuple[Member, bytes, str]] = field(default_factory=list)
    asked_log: list[tuple[Member, bytes]] = field(default_factory=list)
    armed: list[bytes] = field(default_factory=list)

    def record(self, room: Room, seq: int, actor: str, update: bytes) -> None:
        self.queue.append((seq, actor, update))

    def arm(self, room: Room, actor: str, update: bytes, seq: int = -1) -> None:
        self.armed.append(update)

    def disarm(self) -> None:
        self.armed.clear()

    def reload(self, room: Room, offender: Member, update: bytes, cause: str) -> None:
        offender.refuse("bad_block")
        room.leave(offender)
        self.reloads.append((offender, update, cause))
        room.freeze()

    def serve_from_log(self, room: Room, member: Member, state_vector: bytes) -> None:
        self.asked_log.append((member, state_vector))

    def commit(self, room: Room, count: int | None = None) -> None:
        """Write `count` queued entries, all by default, and report the last of them."""
        done = self.queue[:count]
        del self.queue[: len(done)]
        if done:
            self.rows += done
            room.committed(done[-1][0])

    def finish_reload(self, room: Room) -> None:
        """What the repair does once all is on disk."""
        _, update, _ = self.reloads.pop(0)
        blocks = tuple((part.client, part.clock, part.end) for part in read_update(update).sections)
        quarantine = Quarantine(
            room.quarantine.ranges + blocks,
            room.quarantine.hashes | {hashlib.sha256(update).digest()},
        )
        room.renew(self.load(), self.rows[-1][0] if self.rows else 0, quarantine)
        room.thaw()
        room.ask_everyone()

    def load(self) -> LiveDocument:
        """A fresh document from the rows on disk."""
        document = LiveDocument()
        document.apply_all([update for _, _, update in self.rows], lambda _: None)
        document.learn([(update, actor) for _, actor, update in self.rows])
        return document


def a_room(disk: Disk, text: str = "") -> Room:
    """A room whose first row holds `text`."""
    document = LiveDocument()
    if text:
        edit = document.rewrite(text, "user:author")
        assert edit is not None
        disk.rows.append((1, "user:author", edit[0]))
    return Room(DOCUMENT, EPOCH, document, len(disk.rows), disk)


class Peer:
    """A client with a document of its own, wired to a room without any network."""

    def __init__(
        self, room: Room, name: str, role: Role = Role.EDITOR, *, client: int | None = None
    ) -> None:
        self.room = room
        self.name = name
        self.role = role
        self.doc: Doc[Text] = Doc(client_id=client) if client is not None else Doc()
        self.text = self.doc.get("text", type=Text)
        self.outgoing: deque[bytes] = deque()  # sent, not yet received by the server
        self.nacks: list[dict[str, Any]] = []
        self.echoed: list[int] = []
        self.states: dict[int, Any] = {}
        self.barriers = 0
        self.is_synced = False
        self._is_applying = False
        self._subscription = self.doc.observe(self._changed)
        self.connect()

    def connect(self) -> None:
        """A new connection, in place of the old one if there was any."""
        self.outgoing.clear()
        self.is_synced = False
        self.member, self.tape = a_member(self.name, self.role)
        self.room.join(self.member)
        self.send(protocol.sync_step1(self.doc.get_state()))

    def disconnect(self) -> None:
        self.member.is_gone = True
        self.room.leave(self.member)

    @property
    def is_connected(self) -> bool:
        return not (self.member.is_gone or self.member.is_leaving or self.tape.is_aborted)

    # Editing

    def edit(self, at: int, added: str = "", *, remove: int = 0) -> None:
        """Change the text, counted in code points, and send it with a barrier."""
        old = str(self.text)
        at = min(at, len(old))
        start = len(old[:at].encode())
        end = len(old[: at + remove].encode())
        with self.doc.transaction():
            if end > start:
                del self.text[start:end]
            if added:
                self.text.insert(start, added)
        self.barrier()

    def barrier(self) -> int:
        self.barriers += 1
        self.send(protocol.barrier(str(self.barriers).encode()))
        return self.barriers

    def send(self, message: bytes) -> None:
        self.outgoing.append(message)

    def _changed(self, event: Any) -> None:
        if not self._is_applying:
            self.send(protocol.sync_update(event.update))

    # The wire

    def deliver(self, count: int | None = None) -> None:
        """Let the server receive what was sent, as a connection would hand it on."""
        while self.outgoing and count != 0:
            message = protocol.parse(self.outgoing.popleft())
            count = None if count is None else count - 1
            if not self.is_connected:
                continue
            if self.room.is_holding:
                self.room.defer(lambda message=message: self._take(message))  # type: ignore[misc]
            else:
                self._take(message)

    def _take(self, message: protocol.Frame) -> None:
        if not self.is_connected:
            return
        room, member = self.room, self.member
        try:
            if isinstance(message, protocol.SyncStep1):
                room.receive_step1(member, message.state_vector)
            elif isinstance(message, protocol.SyncStep2):
                room.receive_step2(member, message.update)
            elif isinstance(message, protocol.SyncUpdate):
                room.receive_update(member, message.update)
            elif isinstance(message, protocol.Barrier):
                room.receive_barrier(member, message.payload)
            elif isinstance(message, protocol.AwarenessFrame):
                room.presence.receive(member, message.payload, room.document.guard)
        except Refused as refusal:
            member.refuse(refusal.reason)

    def read(self) -> None:
        """Take in everything that the server has written."""
        for message in self.tape.take():
            reader = encoding.Reader(message)
            kind = reader.uint()
            if kind == protocol.SYNC:
                self._read_sync(reader.uint(), reader.sized())
            elif kind == protocol.BARRIER:
                self.echoed.append(int(reader.sized()))
            elif kind == protocol.NACK:
                self.nacks.append(msgspec.json.decode(reader.sized()))
            elif kind == protocol.AWARENESS:
                self._read_presence(encoding.Reader(reader.sized()))

    def _read_sync(self, step: int, update: bytes) -> None:
        if step == protocol.STEP1:
            self.send(protocol.sync_step2(self.doc.get_update(update)))
            self.barrier()
            return
        self._is_applying = True
        try:
            self.doc.apply_update(update)
        finally:
            self._is_applying = False
        self.is_synced = self.is_synced or step == protocol.STEP2

    def _read_presence(self, reader: encoding.Reader) -> None:
        for _ in range(reader.uint()):
            client, _, state = reader.uint(), reader.uint(), msgspec.json.decode(reader.sized())
            if state is None:
                self.states.pop(client, None)
            else:
                self.states[client] = state


def settle(room: Room, disk: Disk, *peers: Peer) -> None:
    """Let everything that is on its way arrive, on disk and with everybody."""
    for _ in range(50):
        for peer in peers:
            peer.deliver()
        disk.commit(room)
        for peer in peers:
            peer.read()
        if not disk.queue and not any(peer.outgoing or peer.tape.unread for peer in peers):
            return
    raise AssertionError("the room never came to rest")
