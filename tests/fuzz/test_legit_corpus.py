"""What real Yjs clients send must all be let in: no false refusal, and every account exact."""

from __future__ import annotations

import pytest
from pycrdt import Doc, Text

from app.domain.rooms.guard.guard import Gap, Guard, Refused
from tests.fuzz import wire
from tests.fuzz.traffic import MERGED, STEP2, Session, sessions

SESSIONS = list(sessions())
MEANT = 30_000  # what a release is promised: no false refusal among this many


def play(session: Session) -> tuple[Guard, Doc, list[str]]:
    """The session as a server would live it; whatever was refused is named."""
    guard, doc = Guard(), Doc()
    text = doc.get("text", type=Text)
    refused = []
    for index, (actor, _, update) in enumerate(session.arrivals):
        before, old = wire.parse_state_vector(doc.get_state()), wire.units(str(text))
        try:
            verdict = guard.check(update, actor)
        except (Refused, Gap) as refusal:
            refused.append(f"{session.name} {index}: {refusal!r} {update.hex()[:200]}")
            continue
        doc.apply_update(update)
        guard.admit(verdict, actor)
        after = wire.parse_state_vector(doc.get_state())
        grown = sorted((c, before.get(c, 0), k) for c, k in after.items() if k > before.get(c, 0))
        assert sorted(verdict.ranges) == grown, f"{session.name} {index}"
        change = wire.units(str(text)) - old
        assert verdict.inserted - verdict.removed == change, f"{session.name} {index}"
        assert verdict.is_new or not (grown or change), f"{session.name} {index}"
    return guard, doc, refused


def test_the_corpus_is_large_and_varied():
    kinds = [kind for session in SESSIONS for _, kind, _ in session.arrivals]
    assert len(kinds) >= MEANT
    assert kinds.count(STEP2) >= 300
    assert kinds.count(MERGED) >= 1_000


@pytest.mark.parametrize("part", range(6))
def test_real_clients_are_never_refused(part: int):
    for session in SESSIONS[part::6]:
        guard, doc, refused = play(session)
        assert not refused
        assert str(doc.get("text", type=Text)) == session.text, session.name
        assert guard.clocks == wire.parse_state_vector(doc.get_state()), session.name
        for client, actor in guard.owners.items():
            assert actor.startswith("user:"), (session.name, client)


def test_a_loaded_document_lets_the_same_traffic_go_on():
    """A restart in the middle: the guard learns half as a journal and half must pass as before."""
    for session in SESSIONS[::9]:
        half = len(session.arrivals) // 2
        guard = Guard()
        for actor, _, update in session.arrivals[:half]:
            guard.learn(update, actor)
        for index, (actor, _, update) in enumerate(session.arrivals[half:]):
            verdict = guard.check(update, actor)
            guard.admit(verdict, actor)
            assert guard.owners, f"{session.name} {index}"


def test_a_snapshot_lets_the_same_traffic_go_on():
    """The same after compaction: one state, then who owns which id, then the rest of the traffic."""
    for session in SESSIONS[4::9]:
        half = len(session.arrivals) // 2
        before, doc = Guard(), Doc()
        doc.get("text", type=Text)
        for actor, _, update in session.arrivals[:half]:
            before.learn(update, actor)
            doc.apply_update(update)
        guard = Guard()
        guard.learn(doc.get_update(), None)
        for client, actor in before.owners.items():
            guard.bind(client, actor)
        assert guard.clocks == before.clocks
        for actor, _, update in session.arrivals[half:]:
            guard.admit(guard.check(update, actor), actor)


def test_receiving_everything_twice_is_nothing_new():
    for session in SESSIONS[2::11]:
        guard, _, _ = play(session)
        for actor, _, update in session.arrivals:
            assert not guard.check(update, actor).is_new, session.name
