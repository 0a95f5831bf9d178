"""Random schedules of one room: whatever happens in whatever order, the promises hold.

The machine plays the network, the disk, the people and the failures; after each step it looks at
every message that the room has written. Everything is made up but the room and the CRDT.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.access.permissions import Role
from app.domain.rooms import limits
from app.domain.rooms.room.document import LibraryFailed, LiveDocument
from app.domain.rooms.wire import encoding, protocol
from app.domain.rooms.wire.updates import read_state_vector, read_update
from tests.support.members import Disk, Peer, a_room

WORDS = ["a", "bc", " ", "\n", "{{x}}", "語", "👋", "👩‍💻", "e\u0301", "POISON"]
EDITORS = ["ann", "bob", "cid"]
PEOPLE = [*EDITORS, "vic"]  # vic may only read

who = st.sampled_from(PEOPLE)
editor = st.sampled_from(EDITORS)
some = st.integers(0, 9)


def clocks_of(update: bytes) -> dict[int, int]:
    return {section.client: section.end for section in read_update(update).sections}


class Schedules(RuleBasedStateMachine):
    @initialize(text=st.sampled_from(["", "Hello", "👋 world"]))
    def begin(self, text: str) -> None:
        self.disk = Disk()
        self.room = a_room(self.disk, text)
        self.on_disk: dict[int, int] = {}  # client id to clock, of the rows written
        self.looked = 0
        self.asked: dict[tuple[str, int], dict[int, int]] = {}  # what a barrier covers
        self.faults: list[str] = []
        self.lost: set[str] = set()  # whose edit never arrived, so that an echo claims too much
        self.clients: dict[str, set[int]] = {name: set() for name in PEOPLE}
        self.read_from_log: list[tuple[Any, bytes, int, bytes]] = []
        self.peers: dict[str, Peer] = {}
        for name in PEOPLE:
            self.enter(name)
        self.come_to_rest()

    # People

    def enter(self, name: str) -> None:
        peer = Peer(self.room, name, Role.VIEWER if name == "vic" else Role.EDITOR)
        self.peers[name] = peer
        self.watch(peer)

    def watch(self, peer: Peer) -> None:
        self.clients[peer.name].add(peer.doc.client_id)
        peer.tape.on_message = lambda message: self.told(peer, message)

    @rule(name=who, at=st.integers(0, 40), word=st.sampled_from(WORDS), sent=some)
    def insert(self, name: str, at: int, word: str, sent: int) -> None:
        self.edit(name, at, word)
        self.peers[name].deliver(sent)

    @rule(name=who, at=st.integers(0, 40), count=st.integers(1, 5), sent=some)
    def remove(self, name: str, at: int, count: int, sent: int) -> None:
        self.edit(name, at, remove=count)
        self.peers[name].deliver(sent)

    def edit(self, name: str, at: int, word: str = "", remove: int = 0) -> None:
        peer = self.peers[name]
        if peer.is_synced:  # an editor types into what it has loaded
            peer.edit(at, word, remove=remove)
            self.asked[name, peer.barriers] = {
                peer.doc.client_id: read_state_vector(peer.doc.get_state(), 99).get(
                    peer.doc.client_id, 0
                )
            }

    @rule(name=who)
    def show(self, name: str) -> None:
        peer = self.peers[name]
        clock = peer.barriers + 1
        state = encoding.sized(b'{"user":{"name":"forged"},"cursor":null}')
        head = encoding.uint(1) + encoding.uint(peer.doc.client_id) + encoding.uint(clock)
        peer.send(protocol.awareness(head + state))

    @rule(name=editor)
    def lose_an_edit(self, name: str) -> None:
        outgoing = self.peers[name].outgoing
        updates = [message for message in outgoing if message[:2] == b"\0\2"]
        if updates:
            outgoing.remove(updates[0])
            self.lost.add(name)

    @rule(name=who)
    def reconnect(self, name: str) -> None:
        peer = self.peers[name]
        peer.disconnect()
        self.asked = {key: v for key, v in self.asked.items() if key[0] != name}
        if peer.tape.closed or name == "vic":
            self.enter(name)  # starts afresh: its own copy can never be merged
            return
        peer.connect()
        self.watch(peer)

    # The network

    @rule(name=who, count=some)
    def deliver(self, name: str, count: int) -> None:
        self.peers[name].deliver(count)

    @rule(name=who)
    def read(self, name: str) -> None:
        self.peers[name].read()

    @rule()
    def tick(self) -> None:
        """What the caretaker and the clock do."""
        self.room.share_presence()
        for member in tuple(self.room.members):
            if member.stale_since is not None and member.has_caught_up:
                self.room.catch_up(member)

    # The disk

    @precondition(lambda self: self.disk.is_storage_ok)
    @rule(count=st.integers(1, 5))
    def commit(self, count: int) -> None:
        self.write(count)

    def write(self, count: int | None) -> None:
        for _, _, update in self.disk.queue[:count]:
            self.on_disk.update(clocks_of(update))
        self.disk.commit(self.room, count)

    @precondition(lambda self: self.disk.is_storage_ok and self.disk.queue)
    @rule()
    def disk_fails(self) -> None:
        self.disk.is_storage_ok = False
        self.room.settle_from_log()

    @precondition(lambda self: not self.disk.is_storage_ok)
    @rule()
    def it_fails_for_long(self) -> None:
        self.disk.read_only_cause = "the disk is full"

    @precondition(lambda self: not self.disk.is_storage_ok)
    @rule()
    def disk_returns(self) -> None:
        self.disk.is_storage_ok = True
        self.disk.read_only_cause = None
        self.room.ask_everyone()
        self.write(None)

    @rule()
    def the_log_is_read(self) -> None:
        """As the repair does: first the log, a moment later the answer."""
        for member, vector in self.disk.asked_log:
            state = self.disk.load().state(vector)
            self.read_from_log.append((member, vector, len(self.disk.rows), state))
        self.disk.asked_log.clear()

    @rule()
    def the_log_is_served(self) -> None:
        for member, vector, seq, state in self.read_from_log:
            if seq < self.room.seq:
                self.room.receive_step1(member, vector)
            elif member in self.room.members and not member.is_leaving:
                member.send_message(protocol.sync_step2(state))
                member.is_synced = True
        self.read_from_log.clear()

    @precondition(lambda self: self.disk.reloads and self.disk.is_storage_ok)
    @rule()
    def finish_the_reload(self) -> None:
        self.write(None)
        self.disk.finish_reload(self.room)

    @precondition(lambda self: not self.room.is_frozen)
    @rule()
    def memory_is_given_up(self) -> None:
        """A reload without any offender, as after a text hash that differed."""
        if self.room.is_clean:
            seq = self.disk.rows[-1][0] if self.disk.rows else 0
            self.room.renew(self.disk.load(), seq, self.room.quarantine)

    @precondition(lambda self: not self.room.is_frozen)
    @rule(word=st.sampled_from(WORDS[:-1]))
    def the_server_rewrites(self, word: str) -> None:
        self.room.rewrite(self.room.document.text[::-1].replace("\u0301", "")[:60] + word, "key:x")

    # What must hold

    def told(self, peer: Peer, message: bytes) -> None:
        """Every message, at the moment when the room writes it."""
        kind = message[0]
        if kind == protocol.SYNC and message[1] != protocol.STEP1:
            update = encoding.Reader(message, 2).sized()
            for client, clock in clocks_of(update).items():
                if clock > self.on_disk_of(client):
                    self.faults.append(f"{peer.name} was told what is not on disk")
        elif kind == protocol.BARRIER:
            number = int(encoding.Reader(message, 1).sized())
            for client, clock in self.asked.get((peer.name, number), {}).items():
                is_missing = clock > self.on_disk_of(client)
                if is_missing and peer.name not in self.lost and not _was_nacked(peer):
                    self.faults.append(f"{peer.name} got an echo over what is not on disk")

    def on_disk_of(self, client: int) -> int:
        if self.looked < len(self.disk.rows):
            for _, _, update in self.disk.rows[self.looked :]:
                for other, clock in clocks_of(update).items():
                    self.on_disk[other] = max(clock, self.on_disk.get(other, 0))
            self.looked = len(self.disk.rows)
        return self.on_disk.get(client, 0)

    @invariant()
    def nothing_false_was_told(self) -> None:
        assert not getattr(self, "faults", [])

    @invariant()
    def numbers_have_no_gap(self) -> None:
        if hasattr(self, "disk"):
            numbers = [seq for seq, _, _ in (*self.disk.rows, *self.disk.queue)]
            assert numbers == list(range(1, len(numbers) + 1))
            assert self.room.seq == len(self.disk.rows)

    @invariant()
    def readers_write_nothing(self) -> None:
        if hasattr(self, "disk"):
            actors = {actor for _, actor, _ in (*self.disk.rows, *self.disk.queue)}
            assert self.peers["vic"].member.actor not in actors

    @invariant()
    def everyone_writes_under_their_own_name(self) -> None:
        if hasattr(self, "disk"):
            owners = {client: name for name, ids in self.clients.items() for client in ids}
            for _, actor, update in self.disk.queue:
                names = {owners[client] for client in clocks_of(update) if client in owners}
                assert {self.peers[name].member.actor for name in names} <= {actor}

    @invariant()
    def identity_is_the_servers_word(self) -> None:
        for peer in getattr(self, "peers", {}).values():
            for state in peer.states.values():
                assert state["user"]["name"] in PEOPLE

    def teardown(self) -> None:
        """Everything heals: whoever may write ends with the text of the room and of the log."""
        if not hasattr(self, "disk"):
            return
        self.disk.is_storage_ok, self.disk.read_only_cause = True, None
        for _ in range(4):
            self.come_to_rest()
            for name, peer in self.peers.items():
                if not peer.is_connected:
                    self.reconnect(name)
            self.room.ask_everyone()
        self.come_to_rest()
        self.nothing_false_was_told()
        assert self.room.is_clean
        assert not self.room.is_frozen
        text = self.room.document.text
        assert text == self.disk.load().text
        assert "POISON" not in text
        for name in EDITORS:
            assert str(self.peers[name].text) == text
        fresh = Peer(self.room, "late")
        fresh.deliver()
        fresh.read()
        assert str(fresh.text) == text

    def come_to_rest(self) -> None:
        for _ in range(60):
            for peer in self.peers.values():
                peer.deliver()
            if self.disk.reloads:
                self.finish_the_reload()
            self.write(None)
            self.the_log_is_read()
            self.the_log_is_served()
            for peer in self.peers.values():
                peer.read()
            self.tick()
            busy = any(p.outgoing or p.tape.unread for p in self.peers.values())
            if not (busy or self.disk.queue or self.disk.asked_log or self.disk.reloads):
                return
        raise AssertionError("the room never came to rest")


def _was_nacked(peer: Peer) -> bool:
    """Whether a refusal lies unread before the peer: later barriers do not cover that edit."""
    unread = any(message[0] == protocol.NACK for message in peer.tape.unread)
    return unread or bool(peer.nacks)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that fails on POISON after half the work, and readers that are soon slow."""
    apply = LiveDocument.apply

    def planted(document: LiveDocument, update: bytes) -> None:
        apply(document, update)
        if b"POISON" in update:
            raise LibraryFailed("PanicException: planted")

    monkeypatch.setattr(LiveDocument, "apply", planted)
    monkeypatch.setattr(limits, "HIGH_WATER", 150)
    monkeypatch.setattr(limits, "LOW_WATER", 40)


def test_any_schedule_keeps_the_promises() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Schedules,
        settings=settings(
            max_examples=60,
            stateful_step_count=60,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
