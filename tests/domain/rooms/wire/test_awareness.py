"""Presence: what clients say is bounded, and who they are is the server's word."""

from __future__ import annotations

import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Awareness, Doc

from app.domain.rooms.wire import awareness
from app.domain.rooms.wire.awareness import AwarenessEntry
from app.domain.rooms.wire.encoding import LARGEST_CLOCK, LARGEST_ID, sized, text, uint
from app.domain.rooms.wire.refusal import Refused

USER = {"id": "u1", "name": "Ana", "hue": "teal", "initials": "A"}
HERE = {"tname": "text", "assoc": 0}
ITEM = {"type": None, "tname": "text", "item": {"client": 7, "clock": 3}, "assoc": -1}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
STATES = st.none() | st.dictionaries(st.text(max_size=8), JSON, max_size=4)


def entry(client: int, clock: int, state: bytes) -> bytes:
    return uint(client) + uint(clock) + sized(state)


def refusal(payload: bytes) -> str:
    with pytest.raises(Refused) as caught:
        awareness.read(payload)
    return caught.value.reason


@given(st.dictionaries(st.integers(0, LARGEST_ID), st.tuples(st.integers(0, 2**31 - 1), STATES)))
def test_entries_come_back(told):
    entries = [AwarenessEntry(client, *rest) for client, rest in told.items()]
    assert awareness.read(awareness.encode(entries), len(entries)) == entries


def test_stock_clients_read_what_we_write():
    theirs = Awareness(Doc(client_id=1))
    theirs.set_local_state(None)
    payload = awareness.encode([AwarenessEntry(7, 3, {"user": USER, "cursor": None})])
    theirs.apply_awareness_update(payload, "test")
    assert theirs.states == {7: {"user": USER, "cursor": None}}
    theirs.apply_awareness_update(awareness.encode([AwarenessEntry(7, 4, None)]), "test")
    assert theirs.states == {}


def test_we_read_what_stock_clients_write():
    theirs = Awareness(Doc(client_id=5))
    theirs.set_local_state({"cursor": {"anchor": ITEM, "head": ITEM}})
    [told] = awareness.read(theirs.encode_awareness_update([5]))
    assert told.client == 5
    assert told.state == {"cursor": {"anchor": ITEM, "head": ITEM}}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "truncated"),
        (uint(3) + b"".join(entry(n, 1, b"{}") for n in range(3)), "too_many_clients"),
        (uint(3), "bad_number"),
        (uint(LARGEST_ID), "bad_number"),
        (uint(1) + entry(1, LARGEST_CLOCK + 1, b"{}"), "bad_number"),
        (uint(1) + uint(1) + b"\xff" * 200_000, "bad_number"),
        (uint(1) + entry(1, 1, b"{}") + b"\x00", "trailing_bytes"),
        (uint(2) + entry(1, 1, b"{}") * 2, "client_twice"),
        (uint(1) + entry(1, 1, b"{}")[:-1], "truncated"),
        (uint(1) + entry(1, 1, b'{"a":NaN}'), "bad_json"),
        (uint(1) + entry(1, 1, b'{"a":-Infinity}'), "bad_json"),
        (uint(1) + entry(1, 1, b'{"a":"\\udc00"}'), "bad_json"),
        (uint(1) + entry(1, 1, b"[]"), "bad_json"),
        (uint(1) + entry(1, 1, b"7"), "bad_json"),
        (uint(1) + entry(1, 1, b'{"a":' + b"[" * 8 + b"]" * 8 + b"}"), "too_deep"),
        (uint(1) + entry(1, 1, b'{"a":' * 600), "too_deep"),
        (uint(1) + entry(1, 1, b'{"a":"' + b"x" * 4090 + b'"}'), "too_long"),
    ],
)
def test_hostile_presence_is_refused(payload: bytes, reason: str):
    assert refusal(payload) == reason


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(payload: bytes):
    with contextlib.suppress(Refused):
        awareness.read(payload)


def test_time_is_linear():
    started = time.perf_counter()
    for payload in (b"\x01" + b"\xff" * 262_144, b"\x01\x01\x01" + text("[" * 4096)):
        refusal(payload)
    assert time.perf_counter() - started < 0.05


@given(STATES.filter(lambda state: state is not None))
def test_identity_is_the_servers_word(state):
    stamped = awareness.stamp({**state, "user": {"name": "Mallory"}, "color": "#f00"}, USER)
    assert stamped["user"] == USER
    assert set(stamped) <= {"user", "cursor", "mode", "view", "active"}
    json.dumps(stamped, allow_nan=False)


def test_known_fields_pass():
    state = {
        "cursor": {"anchor": ITEM, "head": HERE, "more": 1},
        "mode": "viewing",
        "active": False,
        "view": {"top": 12},
    }
    assert awareness.stamp(state, USER) == {
        "user": USER,
        "cursor": {"anchor": ITEM, "head": {"type": None, **HERE}},
        "mode": "viewing",
        "active": False,
        "view": {"top": 12},
    }


@pytest.mark.parametrize("state", [{"mode": "root"}, {"mode": ["editing"]}, {"active": 1}])
def test_other_values_of_known_fields_are_left_out(state):
    assert awareness.stamp(state, USER) == {"user": USER, "cursor": None}


@pytest.mark.parametrize(
    "position",
    [
        None,
        "text",
        {},
        {"tname": "other"},
        {"tname": ["text"]},
        {"tname": None, "item": None},
        {"type": {"client": 1, "clock": 1}, "tname": "text"},
        {"tname": "text", "assoc": "left"},
        {"tname": "text", "assoc": 2},
        {"tname": "text", "item": [7, 3]},
        {"item": {"client": "7", "clock": 3}},
        {"item": {"client": 7, "clock": -1}},
        {"item": {"client": 7, "clock": 2**31}},
        {"item": {"client": True, "clock": 1}},
        {"item": {"client": 7, "clock": 1.5}},
        {"item": {"client": 2**53, "clock": 1}},
        {"item": {}},
    ],
)
def test_positions_that_browsers_trip_over_are_left_out(position):
    for cursor in ({"anchor": position, "head": ITEM}, {"anchor": ITEM, "head": position}):
        assert awareness.stamp({"cursor": cursor}, USER)["cursor"] is None


def test_a_position_may_name_its_item_alone():
    item = {"item": {"client": 7, "clock": 3}}
    cursor = awareness.stamp({"cursor": {"anchor": item, "head": item}}, USER)["cursor"]
    assert cursor["anchor"] == {"type": None, "tname": None, "assoc": 0, **item}
