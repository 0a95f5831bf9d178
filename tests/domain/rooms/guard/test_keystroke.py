"""The quick way says what the general way says, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.rooms.guard import keystroke
from app.domain.rooms.guard.guard import Gap, Guard, Refused
from app.domain.rooms.wire.encoding import uint
from tests.domain.rooms.guard.yjs import delete_set, deleted, gc, section, string, update

ANA, BEN = "user:ana", "user:ben"
A, B, C = 300_000_001, 300_000_002, 7


def document() -> Guard:
    guard = Guard()
    guard.learn(update(section(A, 0, string("one😀two"))), ANA)
    guard.learn(update(section(B, 0, string("x", (A, 1), (A, 2)))), BEN)
    return guard


def outcome(guard: Guard, data: bytes, sender: str):
    try:
        return guard.check(data, sender)
    except Refused as refusal:
        return refusal.reason
    except Gap as gap:
        return gap.client, gap.clock


IDS = st.tuples(st.sampled_from([A, B, C]), st.integers(0, 10))


@given(
    st.sampled_from([(A, 8), (A, 7), (A, 9), (B, 1), (C, 0)]),
    st.sampled_from(["a", "word", "é", "語", "😀", "é😀", "a\0"]),
    st.none() | IDS,
    st.none() | IDS,
    st.sampled_from([ANA, BEN]),
)
def test_both_ways_agree(start, value, origin, right, sender):
    guard = document()
    data = update(section(*start, string(value, origin, right)))
    quick = outcome(guard, data, sender)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.domain.rooms.guard.guard.typed", lambda update, known: None)
        assert outcome(guard, data, sender) == quick


@pytest.mark.parametrize(
    ("value", "origin", "right"),
    [
        ("x", (A, 7), None),
        ("é", (A, 4), (A, 5)),
        ("語語", (B, 0), (A, 2)),
        ("y" * 127, (A, 1), (B, 0)),
    ],
)
def test_typing_goes_the_quick_way(value, origin, right):
    guard = document()
    data = update(section(A, 8, string(value, origin, right)))
    assert keystroke.typed(data, guard._known) == guard.check(data, ANA)


@pytest.mark.parametrize(
    "data",
    [
        update(section(A, 8, string("x", (A, 7))), deletes={A: [(0, 1)]}),
        update(section(A, 8, string("x", (A, 7)), string("y", (A, 8)))),
        update(section(A, 8, string("x" * 128, (A, 7)))),
        update(section(A, 8, string("x", (A, 3)))),
        update(section(A, 8, string("x", (A, 2), (A, 4)))),
        update(section(A, 8, string("x", (A, 2), (A, 2)))),
        update(section(A, 8, string("x", (A, 2), (A, 8)))),
        update(section(A, 8, string("😀", (A, 7)))),
        update(section(A, 8, string("", (A, 7)))),
        update(section(A, 8, string("x\0", (A, 7)))),
        update(section(A, 8, deleted(1, (A, 7)))),
        update(section(A, 8, b"\x84" + uint(A) + uint(7) + b"\x02\xc3\xc3")),
        update(section(A, 8, string("x", (A, 7)))) + delete_set({}),
        update(section(A, 8, string("x", (A, 7))))[:-1],
    ],
)
def test_whatever_is_unusual_goes_the_general_way(data: bytes):
    assert keystroke.typed(data, document()._known) is None


def test_so_does_everything_in_a_document_with_given_up_blocks():
    guard = document()
    guard.learn(update(section(C, 0, gc(1))), BEN)
    assert keystroke.typed(update(section(A, 8, string("x", (A, 7)))), guard._known) is None
