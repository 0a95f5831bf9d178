"""One socket's place in a room: rights, budgets, and what it is told at the end."""

from __future__ import annotations

import json

import pytest

from app.access.permissions import Role, Scope
from app.access.principal import Principal
from app.domain.rooms import limits
from app.domain.rooms.room.member import Bucket, Member, user_of
from app.domain.rooms.wire import encoding, protocol
from app.domain.rooms.wire.protocol import CloseCode
from app.kit.ids import new_id
from tests.support.members import Tape, a_member, a_principal


class TestBucket:
    def test_a_burst_is_free_and_more_is_debt(self) -> None:
        bucket = Bucket(rate=10, burst=5)
        assert [bucket.take(100.0) for _ in range(5)] == [0.0] * 5
        assert bucket.take(100.0) == pytest.approx(0.1)
        assert bucket.take(100.0) == pytest.approx(0.2)

    def test_time_pays(self) -> None:
        bucket = Bucket(rate=10, burst=5)
        for _ in range(10):
            bucket.take(100.0)
        assert bucket.take(100.7) == 0.0

    def test_no_more_than_the_burst_is_saved(self) -> None:
        bucket = Bucket(rate=10, burst=5)
        bucket.take(1.0)
        assert [bucket.take(1e9) for _ in range(5)] == [0.0] * 5
        assert bucket.take(1e9) > 0

    def test_what_is_dear_costs_more(self) -> None:
        assert Bucket(rate=10, burst=5).take(1.0, tokens=25) == pytest.approx(2.0)


class TestRights:
    @pytest.mark.parametrize(
        ("role", "writes"),
        [
            (Role.OWNER, True),
            (Role.ADMIN, True),
            (Role.REVIEWER, True),
            (Role.EDITOR, True),
            (Role.COMMENTER, False),
            (Role.VIEWER, False),
        ],
    )
    def test_by_role(self, role: Role, writes: bool) -> None:
        member, _ = a_member("ann", role)
        assert (member.role, member.can_write) == (str(role), writes)

    @pytest.mark.parametrize(("scope", "role"), [(Scope.READ, "viewer"), (Scope.WRITE, "editor")])
    def test_by_key(self, scope: Scope, role: str) -> None:
        key = Principal.of_key(new_id(), new_id(), "checkout", frozenset({scope}))
        assert Member("c", key, Tape(), speaks_ours=True).role == role

    def test_none_from_the_moment_of_revocation(self) -> None:
        member, _ = a_member("ann")
        member.is_revoked = True
        assert not member.can_write


@pytest.mark.parametrize(
    ("name", "initials"),
    [("Priya Natarajan", "PN"), ("Ana Maria de la Cruz", "AC"), ("cher", "C"), (" ", "?")],
)
def test_initials(name: str, initials: str) -> None:
    assert user_of(a_principal(name))["initials"] == initials


class TestSaying:
    def test_a_nack_says_why_in_a_sentence(self) -> None:
        member, tape = a_member("ann")
        member.nack("readonly")
        reader = encoding.Reader(tape.take()[0])
        assert reader.uint() == protocol.NACK
        told = json.loads(reader.text())
        assert (told["reason"], told["count"]) == ("readonly", 1)
        assert told["message"].endswith(".")

    def test_a_stock_client_gets_none(self) -> None:
        member, tape = a_member("ann", stock=True)
        member.nack("readonly")
        member.send_ours(protocol.drain(100))
        assert tape.take() == []

    def test_a_close_reason_fits_into_its_frame(self) -> None:
        member, tape = a_member("ann")
        member.close(CloseCode.FORBIDDEN, "ä" * 200)
        assert tape.closed is not None
        assert len(tape.closed[1].encode()) <= 123

    def test_a_temporary_close_denies_nothing(self) -> None:
        member, tape = a_member("ann", stock=True)
        member.close(CloseCode.RESTART)
        assert tape.take() == []

    def test_who_reads_nothing_at_all_is_cut_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "ABORT_WATER", 100)
        member, tape = a_member("ann")
        for _ in range(10):
            member.send_message(b"x" * 50)
        assert tape.is_aborted
        assert tape.buffered < 200
