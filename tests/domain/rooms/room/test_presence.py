"""Who is here: one state per client, told by those whose client it is."""

from __future__ import annotations

import pytest

from app.domain.rooms import limits
from app.domain.rooms.guard.guard import Guard
from app.domain.rooms.room.member import Member
from app.domain.rooms.room.presence import Presence
from app.domain.rooms.wire import awareness, protocol
from app.domain.rooms.wire.awareness import AwarenessEntry
from app.domain.rooms.wire.encoding import Reader
from app.domain.rooms.wire.refusal import Refused
from tests.support import members


def a_member(name: str) -> Member:
    """A connection; the same name is the same person."""
    member, _ = members.a_member(name)
    return member


def says(client: int, clock: int, **state: object) -> bytes:
    return awareness.encode([AwarenessEntry(client, clock, state)])


def leaves(client: int, clock: int) -> bytes:
    return awareness.encode([AwarenessEntry(client, clock, None)])


def told(message: bytes | None) -> dict[int, dict[str, object] | None]:
    if message is None:
        return {}
    reader = Reader(message)
    assert reader.uint() == protocol.AWARENESS
    return {entry.client: entry.state for entry in awareness.read(reader.sized(), 1000)}


class TestIdentity:
    def test_the_server_says_who_someone_is(self) -> None:
        presence, guard, ann = Presence(), Guard(), a_member("ann")
        presence.receive(ann, says(1, 1, user={"name": "Mallory"}, mode="editing"), guard)
        state = told(presence.take_changes())[1]
        assert state is not None
        assert state["user"] == ann.user
        assert state["mode"] == "editing"

    def test_anothers_client_id_cannot_be_spoken_for(self) -> None:
        presence, guard, ann, bob = Presence(), Guard(), a_member("ann"), a_member("bob")
        presence.receive(ann, says(1, 1), guard)
        before = presence.everyone()
        presence.take_changes()
        assert not presence.receive(bob, says(1, 99, mode="viewing"), guard)
        assert not presence.receive(bob, leaves(1, 100), guard)
        assert presence.everyone() == before
        assert not bob.client_ids

    def test_an_id_that_someone_wrote_under_stays_theirs_when_they_are_away(self) -> None:
        presence, guard, bob = Presence(), Guard(), a_member("bob")
        guard.bind(1, "user:ann")
        assert not presence.receive(bob, says(1, 1), guard)
        assert presence.everyone() is None

    def test_a_third_id_on_one_connection_is_refused(self) -> None:
        presence, guard, ann = Presence(), Guard(), a_member("ann")
        for client in range(limits.CLIENT_IDS_PER_CONNECTION):
            presence.receive(ann, says(client, 1), guard)
        with pytest.raises(Refused, match="too_many_new_clients"):
            presence.receive(ann, says(77, 1), guard)


class TestEchoes:
    """The stock provider sends back whatever it hears of others."""

    def test_an_echo_of_many_people_is_passed_over(self) -> None:
        presence, guard = Presence(), Guard()
        people = [a_member(f"p{n}") for n in range(30)]
        for n, person in enumerate(people):
            presence.receive(person, says(n, 1), guard)
        everyone = presence.everyone()
        assert everyone is not None
        presence.take_changes()
        echo = Reader(everyone, 1).sized()
        newcomer = a_member("new")
        assert not presence.receive(newcomer, echo, guard)
        assert not newcomer.client_ids

    def test_an_echo_of_someone_who_has_left_brings_no_ghost(self) -> None:
        presence, guard, ann, bob = Presence(), Guard(), a_member("ann"), a_member("bob")
        presence.receive(ann, says(1, 4), guard)
        presence.leave(ann)
        presence.take_changes()
        assert not presence.receive(bob, says(1, 4), guard)
        assert not presence.receive(bob, leaves(1, 5), guard)
        assert presence.everyone() is None

    def test_a_reconnected_tab_takes_its_own_id_over(self) -> None:
        presence, guard = Presence(), Guard()
        old, new = a_member("ann"), a_member("ann")
        presence.receive(old, says(1, 4), guard)
        presence.receive(new, says(1, 5, mode="editing"), guard)
        presence.leave(old)
        state = told(presence.everyone())[1]
        assert state is not None
        assert state["mode"] == "editing"


def test_who_leaves_is_gone_for_all_at_once() -> None:
    presence, guard, ann = Presence(), Guard(), a_member("ann")
    presence.receive(ann, says(1, 4), guard)
    presence.take_changes()
    assert presence.leave(ann)
    assert told(presence.take_changes()) == {1: None}
    assert presence.everyone() is None


def test_an_older_state_changes_nothing() -> None:
    presence, guard, ann = Presence(), Guard(), a_member("ann")
    presence.receive(ann, says(1, 4, mode="editing"), guard)
    presence.take_changes()
    assert not presence.receive(ann, says(1, 3, mode="viewing"), guard)
    assert not presence.receive(ann, says(1, 4, mode="viewing"), guard)
