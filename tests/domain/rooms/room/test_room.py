"""One room with made-up members: what is accepted, what is told to whom, and when."""

from __future__ import annotations

import pytest
from pycrdt import Doc, Text

from app.access.permissions import Role
from app.domain.rooms import limits
from app.domain.rooms.room.document import LibraryFailed, LiveDocument
from app.domain.rooms.room.room import Room
from app.domain.rooms.wire import protocol
from app.domain.rooms.wire.updates import write_state_vector
from tests.domain.rooms.guard import yjs
from tests.support.members import Disk, Peer, a_member, a_room, settle


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def room(disk: Disk) -> Room:
    return a_room(disk, "Hello")


def kinds(peer: Peer) -> list[tuple[int, ...]]:
    """What lies unread before a peer, by type and sync step."""
    return [
        tuple(message[:2]) if message[0] == 0 else (message[0],) for message in peer.tape.unread
    ]


UPDATE = (protocol.SYNC, protocol.UPDATE)
STEP1 = (protocol.SYNC, protocol.STEP1)
STEP2 = (protocol.SYNC, protocol.STEP2)
ECHO = (protocol.BARRIER,)
NACK = (protocol.NACK,)


class TestSaying:
    def test_an_edit_reaches_the_others_and_not_its_author(self, room: Room, disk: Disk) -> None:
        ann, bob = Peer(room, "ann"), Peer(room, "bob")
        settle(room, disk, ann, bob)
        ann.edit(5, " world")
        ann.deliver()
        disk.commit(room)
        assert kinds(bob) == [UPDATE]
        assert kinds(ann) == [ECHO]
        bob.read()
        assert str(bob.text) == "Hello world"

    def test_nothing_is_told_before_it_is_on_disk(self, room: Room, disk: Disk) -> None:
        ann, bob = Peer(room, "ann"), Peer(room, "bob")
        settle(room, disk, ann, bob)
        ann.edit(0, "x")
        ann.deliver()
        assert kinds(ann) == kinds(bob) == []
        disk.commit(room)
        assert kinds(ann) == [ECHO]

    def test_a_barrier_waits_for_what_came_before_it_alone(self, room: Room, disk: Disk) -> None:
        ann = Peer(room, "ann")
        settle(room, disk, ann)
        before = ann.barriers
        ann.edit(0, "x")
        ann.edit(0, "y")
        ann.deliver()
        disk.commit(room, 1)
        ann.read()
        assert ann.echoed[-1] == before + 1
        disk.commit(room)
        ann.read()
        assert ann.echoed[-1] == before + 2

    def test_what_the_room_has_already_takes_no_row(self, room: Room, disk: Disk) -> None:
        ann = Peer(room, "ann")
        settle(room, disk, ann)
        rows = len(disk.rows)
        ann.send(protocol.sync_step2(ann.doc.get_update()))
        ann.barrier()
        settle(room, disk, ann)
        assert len(disk.rows) == rows
        assert ann.echoed[-1] == ann.barriers

    def test_an_edit_sent_twice_is_there_once(self, room: Room, disk: Disk) -> None:
        ann = Peer(room, "ann")
        settle(room, disk, ann)
        ann.edit(5, "!")
        ann.outgoing.extend(list(ann.outgoing))
        settle(room, disk, ann)
        assert room.document.text == "Hello!"
        assert len(disk.rows) == 2

    def test_numbers_rise_by_one(self, room: Room, disk: Disk) -> None:
        ann, bob = Peer(room, "ann"), Peer(room, "bob")
        settle(room, disk, ann, bob)
        for at in range(5):
            ann.edit(at, "a")
            bob.edit(at, "b")
            settle(room, disk, ann, bob)
        assert [seq for seq, _, _ in disk.rows] == list(range(1, 12))


class TestJoining:
    def test_a_newcomer_is_greeted_with_our_vector(self, room: Room) -> None:
        ann = Peer(room, "ann")
        assert kinds(ann) == [STEP1]

    def test_a_newcomer_gets_the_state_once_it_is_on_disk(self, room: Room, disk: Disk) -> None:
        ann = Peer(room, "ann")
        settle(room, disk, ann)
        ann.edit(0, "x")
        ann.deliver()
        bob = Peer(room, "bob")
        bob.deliver()
        assert kinds(bob) == [STEP1]
        disk.commit(room)
        bob.read()
        assert str(bob.text) == "xHello"

    def test_messages_wait_in_order_while_a_newcomer_waits(self, room: Room, disk: Disk) -> None:
        ann, cid = Peer(room, "ann"), Peer(room, "cid")
        settle(room, disk, ann, cid)
        ann.edit(0, "1")
        ann.deliver()
        bob = Peer(room, "bob")
        bob.deliver()
        cid.edit(0, "2")
        cid.edit(1, "3")
        cid.deliver()
        assert room.is_holding
        assert not room.is_clean
        assert len(disk.queue) == 1
        settle(room, disk, ann, bob, cid)
        assert str(bob.text) == str(cid.text) == room.document.text
        assert "23" in room.document.text
        assert room.is_clean

    def test_a_storm_of_joins_costs_one_encoding(
        self, room: Room, disk: Disk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ann = Peer(room, "ann")
        settle(room, disk, ann)
        encodings: list[bytes | None] = []
        state = LiveDocument.state
        monkeypatch.setattr(
            LiveDocument,
            "state",
            lambda self, since=None: (encodings.append(since), state(self, since))[1],
        )
        newcomers = []
        for at in range(20):
            ann.edit(0, str(at))
            newcomers.append(Peer(room, f"n{at}"))
            settle(room, disk, ann, *newcomers)
        assert encodings.count(None) <= 1
        assert {str(peer.text) for peer in newcomers} == {room.document.text}

    def test_deleted_text_is_in_no_later_newcomers_state(self, room: Room, disk: Disk) -> None:
        ann, first = Peer(room, "ann"), Peer(room, "first")
        settle(room, disk, ann, first)
        ann.edit(5, " hunter2")
        settle(room, disk, ann, first)
        second = Peer(room, "second")
        settle(room, disk, ann, second)  # the state with the secret is kept for the next
        ann.edit(5, remove=8)
        settle(room, disk, ann, first, second)
        late = Peer(room, "late")
        late.deliver()
        assert b"hunter2" not in b"".join(late.tape.unread)
        settle(room, disk, late)
        assert str(late.text) == "Hello"

    def test_who_left_while_waiting_is_not_served(self, room: Room, disk: Disk) -> None:
        ann, bob = Peer(room, "ann"), Peer(room, "bob")
        settle(room, disk, ann)
        ann.edit(0, "x")
        ann.deliver()
        bob.deliver()
        bob.disconnect()
        disk.commit(room)
        assert kinds(bob) == [STEP1]

    def test_a_broken_state_vector_is_refused(self, room: Room) -> None:
        ann = Peer(room, "ann")
        ann.outgoing.clear()
        ann.send(protocol.sync_step1(b"\xff\xff\xff\xff\x0f"))
        ann.deliver()
        assert ann.tape.closed is not None
        assert ann.tape.closed[0] == 4422


class TestGaps:
    def test_an_edit_on_top_of_a_lost_one_is_asked_for_and_healed(
        self, room: Room, disk: Disk
    ) -> None:
        ann, bob = Peer(room, "ann"), Peer(room, "bob")
        settle(room, disk, ann, bob)
        ann.edit(5, " one")
        ann.outgoing.clear()  # lost on the way
        ann.edit(9, " two")
        ann.deliver()
        assert room.document.text == "Hello"
        assert disk.queue == []
        assert kinds(ann)[0] == STEP1
        settle(room, disk, ann, bob)
        assert str(bob.text) == room.document.text == "Hello one two"

    def test_no_barrier_is_echoed_over_a_gap(self, room: Room, disk: Disk) -> None:
        """The edit before the barrier was not applied, so it is not on disk."""
        ann = Peer(room, "ann")
        settle(room, disk, ann)
        ann.edit(5, " one")
        ann.outgoing.clear()
        before = len(ann.echoed)
        ann.edit(9, " two")
        ann.deliver()
        disk.commit(room)
        assert ECHO not in kinds(ann)
        settle(room, disk, ann)
        assert ann.echoed[before:] == list(range(ann.echoed[before], ann.barriers + 1))

    def test_barriers_over_a_gap_are_bounded(self, room: Room, disk: Disk) -> None:
        ann = Peer(room, "ann")
        settle(room, disk, ann)
        ann.edit(5, " one")
        ann.outgoing.clear()
        ann.edit(9, " two")
        for _ in range(1000):
            ann.barrier()
        ann.deliver()
        settle(room, disk, ann)
        assert ann.echoed[-1] == ann.barriers
        assert len(ann.echoed) < 200

    def test_a_viewers_gap_changes_nothing(self, room: Room, disk: Disk) -> None:
        vic = Peer(room, "vic", Role.VIEWER)
        settle(room, disk, vic)
        vic.edit(0, "a")
        vic.edit(0, "b")
        settle(room, disk, vic)
        assert room.document.text == "Hello"
        assert {nack["reason"] for nack in vic.nacks} == {"readonly"}


class TestRefusing:
    def test_a_viewer_changes_nothing(self, room: Room, disk: Disk) -> None:
        vic, bob = Peer(room, "vic", Role.VIEWER), Peer(room, "bob")
        settle(room, disk, vic, bob)
        vic.edit(0, "x")
        vic.send(protocol.sync_step2(vic.doc.get_update()))
        settle(room, disk, vic, bob)
        assert [nack["reason"] for nack in vic.nacks] == ["readonly", "readonly"]
        assert vic.is_connected
        assert room.document.text == str(bob.text) == "Hello"
        assert len(disk.rows) == 1

    def test_a_text_beyond_the_limit_is_refused_and_the_socket_stays(
        self, room: Room, disk: Disk
    ) -> None:
        ann = Peer(room, "ann")
        settle(room, disk, ann)
        bounds = room.document.guard.bounds
        room.document.guard.bounds = bounds._replace(text_units=20)
        ann.edit(5, "x" * 16)
        settle(room, disk, ann)
        assert [nack["reason"] for nack in ann.nacks] == ["too_large"]
        assert ann.is_connected
        ann.edit(5, remove=16)  # what helps: shorter again
        settle(room, disk, ann)
        assert str(ann.text) == room.document.text == "Hello"

    def test_storage_that_has_failed_for_long_refuses_edits(self, room: Room, disk: Disk) -> None:
        ann = Peer(room, "ann")
        settle(room, disk, ann)
        disk.read_only_cause = "the disk is full"
        ann.edit(0, "x")
        settle(room, disk, ann)
        assert ann.nacks == [
            {
                "reason": "storage",
                "count": 1,
                "message": "Not saved: the disk is full. Your edits are kept on this device.",
            }
        ]
        disk.read_only_cause = None
        room.ask_everyone()
        settle(room, disk, ann)
        assert room.document.text == "xHello"

    def test_bytes_of_no_honest_client_close_its_socket_alone(self, room: Room, disk: Disk) -> None:
        ann, bob = Peer(room, "ann"), Peer(room, "bob")
        settle(room, disk, ann, bob)
        ann.send(protocol.sync_update(b"\x01\x01\x05\x00\x07\x01\x04text\x00"))
        settle(room, disk, ann, bob)
        assert ann.tape.closed is not None
        assert ann.tape.closed[0] == 4422
        assert bob.is_connected
        bob.edit(0, "y")
        settle(room, disk, bob)
        assert room.document.text == "yHello"

    def test_nobody_writes_under_anothers_client_id(self, room: Room, disk: Disk) -> None:
        ann, eve = Peer(room, "ann"), Peer(room, "eve")
        settle(room, disk, ann, eve)
        ann.edit(0, "x")
        settle(room, disk, ann, eve)
        client = ann.doc.client_id
        eve.send(
            protocol.sync_update(
                yjs.update(yjs.section(client, 1, yjs.string("evil", origin=(client, 0))))
            )
        )
        settle(room, disk, ann, eve)
        assert eve.tape.closed is not None
        assert eve.tape.closed[0] == 4422
        assert room.document.text == "xHello"


class TestPoison:
    @pytest.fixture
    def poison(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The library fails on what holds POISON, after having changed the document."""
        apply = LiveDocument.apply

        def planted(document: LiveDocument, update: bytes) -> None:
            apply(document, update)
            if b"POISON" in update:
                raise LibraryFailed("PanicException: planted")

        monkeypatch.setattr(LiveDocument, "apply", planted)

    @pytest.mark.usefixtures("poison")
    def test_only_its_author_goes_and_the_room_is_loaded_again(
        self, room: Room, disk: Disk
    ) -> None:
        ann, eve = Peer(room, "ann"), Peer(room, "eve")
        settle(room, disk, ann, eve)
        eve.edit(0, "POISON")
        eve.deliver()
        ann.edit(5, "!")
        ann.deliver()
        assert eve.tape.closed is not None
        assert eve.tape.closed[0] == 4422
        assert disk.queue == []  # frozen: what comes now waits for the fresh document
        disk.finish_reload(room)
        settle(room, disk, ann)
        assert room.document.text == str(ann.text) == "Hello!"
        assert disk.armed == []

    @pytest.mark.usefixtures("poison")
    def test_its_blocks_are_refused_in_whatever_bytes_they_come_back(
        self, room: Room, disk: Disk
    ) -> None:
        eve = Peer(room, "eve")
        settle(room, disk, eve)
        eve.edit(0, "POISON")
        eve.deliver()
        disk.finish_reload(room)
        eve.edit(0, "more")
        eve.connect()
        settle(room, disk, eve)
        assert eve.tape.closed is not None
        assert eve.tape.closed[0] == 4422
        assert disk.reloads == []  # it never reached the library again
        assert room.document.text == "Hello"

    @pytest.mark.usefixtures("poison")
    def test_joiners_wait_for_the_fresh_document(self, room: Room, disk: Disk) -> None:
        eve = Peer(room, "eve")
        settle(room, disk, eve)
        eve.edit(0, "POISON")
        eve.deliver()
        bob = Peer(room, "bob")
        bob.deliver()
        assert STEP2 not in kinds(bob)
        disk.finish_reload(room)
        settle(room, disk, bob)
        assert str(bob.text) == "Hello"


class TestSlowReaders:
    @pytest.fixture(autouse=True)
    def marks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "HIGH_WATER", 300)
        monkeypatch.setattr(limits, "LOW_WATER", 50)
        monkeypatch.setattr(limits, "ABORT_WATER", 2000)

    def test_it_gets_one_resync_when_it_has_drained(self, room: Room, disk: Disk) -> None:
        ann, bob = Peer(room, "ann"), Peer(room, "bob")
        settle(room, disk, ann, bob)
        for at in range(50):
            ann.edit(at, "x" * 10)
            settle(room, disk, ann)
        assert bob.tape.buffered < 600
        assert bob.member.stale_since is not None
        bob.read()
        assert str(bob.text) != room.document.text
        assert bob.member.has_caught_up
        room.catch_up(bob.member)
        assert kinds(bob) == [UPDATE]
        bob.read()
        assert str(bob.text) == room.document.text

    def test_edits_after_the_resync_reach_it_again(self, room: Room, disk: Disk) -> None:
        ann, bob = Peer(room, "ann"), Peer(room, "bob")
        settle(room, disk, ann, bob)
        for at in range(50):
            ann.edit(at, "x" * 10)
            settle(room, disk, ann)
        bob.read()
        ann.edit(0, "new")
        ann.deliver()
        room.catch_up(bob.member)  # waits for the disk
        assert kinds(bob) == []
        disk.commit(room)
        settle(room, disk, ann, bob)
        assert str(bob.text) == room.document.text
        ann.edit(0, "newer")
        settle(room, disk, ann, bob)
        assert str(bob.text) == room.document.text

    def test_presence_that_it_missed_comes_with_the_resync(self, room: Room, disk: Disk) -> None:
        ann, bob = Peer(room, "ann"), Peer(room, "bob")
        settle(room, disk, ann, bob)
        bob.tape.write_frame(b"\x82\x7e\x02\x00" + b"\x65" * 512)  # busy with something else
        ann.send(protocol.awareness(b"\x01\x07\x01\x02{}"))
        ann.deliver()
        room.share_presence()
        bob.read()
        assert bob.states == {}
        room.catch_up(bob.member)
        bob.read()
        assert bob.states[7]["user"]["name"] == "ann"

    def test_one_that_reads_nothing_is_cut_off(self, room: Room, disk: Disk) -> None:
        ann, bob = Peer(room, "ann"), Peer(room, "bob")
        settle(room, disk, ann, bob)
        for _ in range(200):
            room.tell(protocol.event("prompt.changed", {"fields": ["title"]}, None))
        assert bob.tape.is_aborted


class TestPresence:
    def test_identity_comes_from_the_server(self, room: Room, disk: Disk) -> None:
        ann, bob = Peer(room, "ann"), Peer(room, "bob")
        settle(room, disk, ann, bob)
        ann.send(protocol.awareness(b'\x01\x07\x01\x1c{"user":{"name":"the boss"}}'))
        ann.deliver()
        room.share_presence()
        bob.read()
        assert bob.states[7]["user"] == ann.member.user

    def test_who_leaves_is_taken_off(self, room: Room, disk: Disk) -> None:
        ann, bob = Peer(room, "ann"), Peer(room, "bob")
        settle(room, disk, ann, bob)
        ann.send(protocol.awareness(b"\x01\x07\x01\x02{}"))
        ann.deliver()
        room.share_presence()
        ann.disconnect()
        room.share_presence()
        bob.read()
        assert bob.states == {}

    def test_a_newcomer_gets_everyone_in_one_message(self, room: Room, disk: Disk) -> None:
        here = [Peer(room, f"p{at}") for at in range(5)]
        for at, peer in enumerate(here):
            peer.send(protocol.awareness(bytes((1, at + 1, 1, 2)) + b"{}"))
            peer.deliver()
        late = Peer(room, "late")
        assert kinds(late) == [STEP1, (protocol.AWARENESS,)]
        late.read()
        assert len(late.states) == 5


class TestStorageFails:
    def test_joiners_are_served_from_the_log(self, room: Room, disk: Disk) -> None:
        ann = Peer(room, "ann")
        settle(room, disk, ann)
        ann.edit(0, "x")
        ann.deliver()
        disk.is_storage_ok = False
        bob = Peer(room, "bob")
        bob.deliver()
        assert [member for member, _ in disk.asked_log] == [bob.member]
        assert not room.is_clean

    def test_who_waited_when_it_failed_is_served_from_the_log(self, room: Room, disk: Disk) -> None:
        ann, bob = Peer(room, "ann"), Peer(room, "bob")
        settle(room, disk, ann)
        ann.edit(0, "x")
        ann.deliver()
        bob.deliver()
        assert room.is_holding
        disk.is_storage_ok = False
        room.settle_from_log()
        assert [member for member, _ in disk.asked_log] == [bob.member]
        ann.edit(0, "y")
        ann.deliver()
        assert len(disk.queue) == 2  # typing goes on, unacknowledged

    def test_everything_arrives_when_it_returns(self, room: Room, disk: Disk) -> None:
        ann, bob = Peer(room, "ann"), Peer(room, "bob")
        settle(room, disk, ann, bob)
        disk.is_storage_ok = False
        ann.edit(0, "x")
        bob.edit(5, "!")
        ann.deliver()
        bob.deliver()
        assert kinds(ann) == kinds(bob) == []
        disk.is_storage_ok = True
        settle(room, disk, ann, bob)
        assert str(ann.text) == str(bob.text) == "xHello!"
        assert ann.echoed[-1] == ann.barriers


class TestServerEdits:
    def test_a_rewrite_reaches_everyone_when_it_is_on_disk(self, room: Room, disk: Disk) -> None:
        ann = Peer(room, "ann")
        settle(room, disk, ann)
        seq = room.rewrite("Hello 👋 world", "user:rest")
        assert kinds(ann) == []
        disk.commit(room)
        assert room.own.durable == seq
        ann.read()
        assert str(ann.text) == "Hello 👋 world"

    def test_a_rewrite_into_the_same_text_writes_nothing(self, room: Room, disk: Disk) -> None:
        room.rewrite("Hello", "user:rest")
        assert disk.queue == []


class TestClosing:
    def test_everyone_is_closed_with_the_code(self, room: Room) -> None:
        peers = [Peer(room, "ann"), Peer(room, "bob")]
        room.close_everyone(protocol.CloseCode.NOT_FOUND)
        assert [peer.tape.closed and peer.tape.closed[0] for peer in peers] == [4404, 4404]

    def test_a_stock_client_is_told_in_its_own_words(self, room: Room) -> None:
        member, tape = a_member("stock", stock=True)
        room.join(member)
        tape.take()
        room.tell(protocol.event("prompt.changed", {}, None))
        assert tape.take() == []
        member.close(protocol.CloseCode.FORBIDDEN)
        assert tape.take()[0][:2] == bytes((protocol.AUTH, 0))

    def test_one_that_is_leaving_hears_nothing_more(self, room: Room, disk: Disk) -> None:
        ann, bob = Peer(room, "ann"), Peer(room, "bob")
        settle(room, disk, ann, bob)
        bob.member.close(protocol.CloseCode.FORBIDDEN)
        ann.edit(0, "secret")
        settle(room, disk, ann)
        room.share_presence()
        room.ask_everyone()
        assert bob.tape.take() == []

    def test_one_whose_access_ended_is_served_no_state(self, room: Room, disk: Disk) -> None:
        bob = Peer(room, "bob")
        bob.member.is_revoked = True
        bob.deliver()
        assert kinds(bob) == [STEP1]


def test_the_vector_that_newcomers_are_told_is_what_is_on_disk(room: Room, disk: Disk) -> None:
    ann = Peer(room, "ann")
    settle(room, disk, ann)
    ann.edit(0, "x")
    ann.deliver()
    bob = Peer(room, "bob")
    told = protocol.parse(bob.tape.unread[0])
    assert isinstance(told, protocol.SyncStep1)
    assert told.state_vector == write_state_vector(disk.load().guard.clocks)


def test_one_failing_member_does_not_keep_the_others_from_hearing(
    room: Room, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library panics while one newcomer's difference is encoded."""
    ann, bob = Peer(room, "ann"), Peer(room, "bob")
    settle(room, disk, ann, bob)
    odd = Peer(room, "odd")
    state = LiveDocument.state

    def planted(document: LiveDocument, since: bytes | None = None) -> bytes:
        if since == b"\x01\x09\x01":
            raise LibraryFailed("PanicException: planted")
        return state(document, since)

    monkeypatch.setattr(LiveDocument, "state", planted)
    ann.edit(0, "x")
    ann.deliver()
    odd.outgoing.clear()
    odd.send(protocol.sync_step1(b"\x01\x09\x01"))
    odd.deliver()
    late = Peer(room, "late")
    late.deliver()
    settle(room, disk, ann, bob, late)
    assert odd.tape.closed is not None
    assert odd.tape.closed[0] == 1011
    assert str(ann.text) == str(bob.text) == str(late.text) == "xHello"
    assert ann.echoed[-1] == ann.barriers


def test_a_document_typed_by_three_is_the_same_everywhere(room: Room, disk: Disk) -> None:
    doc: Doc[Text] = Doc()
    assert str(doc.get("text", type=Text)) == ""
    peers = [Peer(room, name) for name in ("ann", "bob", "cid")]
    settle(room, disk, *peers)
    for at, peer in enumerate(peers * 3):
        peer.edit(at, "語👋"[at % 2])
    settle(room, disk, *peers)
    assert {str(peer.text) for peer in peers} == {room.document.text, disk.load().text}
