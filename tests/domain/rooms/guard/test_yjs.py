"""What real Yjs clients sent (see recordings/record.mjs): none of it is refused."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path

import pytest
from pycrdt import Doc, Text

from app.domain.rooms.guard.guard import Gap, Guard, Refused
from app.domain.rooms.wire.updates import read_state_vector

RECORDINGS = sorted(Path(__file__).parent.glob("recordings/*.json"))


def messages(path: Path):
    for actor, update, state_vector in json.loads(path.read_text())["sent"]:
        yield actor, b64decode(update), read_state_vector(b64decode(state_vector), 1000)


def test_there_are_recordings():
    assert len(RECORDINGS) >= 3


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_nothing_that_yjs_sends_is_refused(path: Path):
    guard, doc = Guard(), Doc()
    text = doc.get("text", type=Text)
    for actor, update, expected in messages(path):
        before = doc.get_update()
        verdict = guard.check(update, actor)
        doc.apply_update(update)
        guard.admit(verdict, actor)
        assert guard.clocks == expected == guard.check_state_vector(doc.get_state())
        assert guard.units == len(str(text).encode("utf-16-le")) // 2
        assert verdict.is_new or doc.get_update() == before
        assert not guard.check(update, "somebody else").is_new
    assert str(text) == json.loads(path.read_text())["text"]
    assert {guard.owners[client] for client in guard.clocks} == {
        "user:1",
        "user:2",
        "user:3",
        "key:4",
    }


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_the_guard_is_rebuilt_from_the_journal_or_from_the_state(path: Path):
    live, journal, state, doc = Guard(), Guard(), Guard(), Doc()
    for actor, update, _ in messages(path):
        live.admit(live.check(update, actor), actor)
        journal.learn(update, actor)
        doc.apply_update(update)
    for written in live.author_ranges():
        state.credit(*written)
    state.learn(doc.get_update(), None)
    for guard in (journal, state):
        assert guard.clocks == live.clocks
        assert guard.units == live.units
        assert guard.owners == live.owners
        assert sorted(guard.author_ranges()) == sorted(live.author_ranges())
        assert not guard.check(doc.get_update(), "somebody else").is_new


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_what_arrives_too_early_is_a_gap(path: Path):
    """Drop one message: whatever builds on it waits; only its author may bring it again."""
    sent = list(messages(path))
    for dropped in range(0, len(sent), 7):
        guard, gaps = Guard(), 0
        for actor, update, _ in sent[:dropped] + sent[dropped + 1 :]:
            try:
                guard.admit(guard.check(update, actor), actor)
            except Gap:
                gaps += 1
            except Refused as refusal:
                gaps += 1
                assert refusal.reason == "foreign_client"  # noqa: PT017
        assert gaps or guard.clocks == sent[-1][2]
