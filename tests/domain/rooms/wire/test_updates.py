"""Updates and state vectors: read as written, and refused with the reason that fits."""

from __future__ import annotations

import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text

from app.domain.rooms.wire.encoding import LARGEST_CLOCK, LARGEST_ID, text, uint
from app.domain.rooms.wire.refusal import Refused
from app.domain.rooms.wire.updates import (
    DELETED,
    FOREIGN_KINDS,
    GC,
    STRING,
    Block,
    Section,
    Update,
    client_id,
    number,
    read_state_vector,
    read_update,
    write_state_vector,
)
from tests.domain.rooms.guard.yjs import deleted, gc, head, section, string, update

CLIENTS = st.integers(0, LARGEST_ID)
CLOCKS = st.integers(0, 2**30)
IDS = st.none() | st.tuples(CLIENTS, CLOCKS)


def refusal(data: bytes, most: int = 1000) -> str:
    with pytest.raises(Refused) as caught:
        read_update(data, most)
    return caught.value.reason


@st.composite
def blocks(draw: st.DrawFn) -> tuple[bytes, int, tuple[object, ...]]:
    """A block's bytes, its length, and what is to be read from them."""
    origin, right = draw(IDS), draw(IDS)
    if draw(st.booleans()):
        value = draw(st.text(min_size=1, max_size=20))
        length = len(value.encode("utf-16-le")) // 2
        return string(value, origin, right), length, (STRING, origin, right, value)
    length = draw(st.integers(1, 2**20))
    if draw(st.booleans()):
        return gc(length), length, (GC, None, None, None)
    return deleted(length, origin, right), length, (DELETED, origin, right, None)


@given(
    st.dictionaries(CLIENTS, st.tuples(CLOCKS, st.lists(blocks(), min_size=1, max_size=5))),
    st.dictionaries(CLIENTS, st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1)),
)
def test_updates_are_read_as_written(written, gaps):
    expected, parts = [], []
    for client, (clock, contents) in written.items():
        parts.append(section(client, clock, *(data for data, _, _ in contents)))
        end, found = clock, []
        for _, length, what in contents:
            found.append(Block(end, end + length, *what))
            end += length
        expected.append(Section(client, clock, end, found))
    deletes, ranges = {}, []
    for client, steps in gaps.items():
        at, deletes[client], known = 0, [], []
        for gap, length in steps:
            deletes[client].append((at + gap, length))
            known.append((at + gap, at + gap + length))
            at += gap + length
        ranges.append((client, known))
    assert read_update(update(*parts, deletes=deletes)) == Update(expected, ranges)


@given(st.integers(0, LARGEST_CLOCK))
def test_clocks_come_back(value: int):
    assert number(uint(value)) == value


@given(CLIENTS)
def test_client_ids_come_back(value: int):
    assert client_id(uint(value)) == value


def test_numbers_have_a_largest():
    for call, value in ((number, LARGEST_CLOCK), (client_id, LARGEST_ID)):
        with pytest.raises(Refused, match="bad_number"):
            call(uint(value + 1))


A = 300_000_000  # a client id of five bytes, as most are
ONE = section(A, 0, string("a"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated"),
        (b"\x01", "truncated"),
        (b"\x00", "truncated"),
        (b"\x00\x01", "truncated"),
        (b"\x80\x00\x00", "bad_number"),
        (b"\xff\xff\xff\xff\xff\xff" + b"\x00" * 60, "bad_number"),
        (uint(LARGEST_CLOCK) + b"\x00", "truncated"),
        (update(ONE) + b"\x00", "trailing_bytes"),
        (update(section(A, 0)), "no_blocks"),
        (update(ONE, ONE), "client_twice"),
        (update(section(A, 0, string("a"))[:-1])[:-1], "truncated"),
        (update(section(A, 0, string("")), ONE), "empty_block"),
        (update(section(A, 0, deleted(0))), "empty_block"),
        (update(section(A, 0, gc(0))), "empty_block"),
        (update(section(A, LARGEST_CLOCK, string("a"))), "bad_number"),
        (update(section(A, 0, head(STRING) + uint(3) + b"\xed\xa0\xbd")), "lone_surrogate"),
        (update(section(A, 0, head(STRING) + uint(1) + b"\xff")), "bad_text"),
        (update(section(A, 0, head(STRING) + uint(99) + b"a")), "truncated"),
        (update(section(A, 0, b"\x04\x01" + text("other") + text("a"))), "parent"),
        (update(section(A, 0, b"\x04\x00" + uint(A) + uint(0) + text("a"))), "parent"),
        (update(section(A, 0, b"\x04\x01" + text("text") + b"\x80\x00a")), "bad_number"),
        (update(section(A, 0, b"\x24\x01" + text("text") + text("key") + text("a"))), "map_key"),
        (update(section(A, 0, b"\xa4" + uint(A) + uint(0) + text("a"))), "map_key"),
        (update(section(A, 0, b"\x20\x01")), "bad_block"),
        (update(section(A, 0, b"\x80\x01")), "bad_block"),
        (update(section(A, 0, b"\x0c\x01")), "bad_block"),
        (update(section(A, 0, b"\x84" + uint(A) + b"\x80\x00" + text("a"))), "bad_number"),
        (update(section(A, 0, b"\x00\x80\x00")), "bad_number"),
        (update(deletes={A: []}), "no_blocks"),
        (update(deletes={A: [(0, 0)]}), "empty_delete"),
        (update(deletes={A: [(5, 1), (3, 1)]}), "delete_order"),
        (update(deletes={A: [(5, 2), (6, 1)]}), "delete_order"),
        (update(deletes={A: [(LARGEST_CLOCK, 1)]}), "bad_number"),
        (b"\x00\x02" + (uint(A) + b"\x01\x00\x01") * 2, "client_twice"),
        (b"\x00\x01" + uint(A) + b"\x02\x00\x01", "truncated"),
    ],
)
def test_odd_updates_are_refused(data: bytes, reason: str):
    assert refusal(data) == reason


@pytest.mark.parametrize(("kind", "reason"), FOREIGN_KINDS.items())
def test_other_content_is_refused_by_name(kind: int, reason: str):
    assert refusal(update(section(A, 0, bytes((kind,)) + b"\x01" + text("text")))) == reason


def test_what_other_types_of_the_library_write_is_refused_by_name():
    for root, reason in ((Array([1]), "kind_any"), (Map({"a": 1}), "kind_any")):
        doc = Doc()
        doc["text"] = root
        assert refusal(doc.get_update()) == reason
    doc = Doc()
    words = doc.get("text", type=Text)
    words.insert(0, "bold", {"b": True})
    assert refusal(doc.get_update()) == "kind_format"
    nested = Doc()
    nested["text"] = Array([Text("a")])
    assert refusal(nested.get_update()) == "kind_type"


def test_blocks_and_deletions_are_counted():
    many = section(A, 0, *(string("a", (A, 0)) for _ in range(4)))
    assert refusal(update(many), 3) == "too_many_blocks"
    assert refusal(update(section(A, 0, gc(1), gc(1)), section(7, 0, gc(1), gc(1))), 3) == (
        "too_many_blocks"
    )
    ranges = [(at, 1) for at in range(0, 8, 2)]
    assert refusal(update(deletes={A: ranges}), 3) == "too_many_deletes"
    assert refusal(update(deletes={A: ranges[:2], 7: ranges[:2]}), 3) == "too_many_deletes"
    read_update(update(many, deletes={A: ranges}), 4)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes):
    with contextlib.suppress(Refused):
        read_update(data)


@given(st.randoms(use_true_random=False))
def test_damaged_updates_are_read_or_refused(dice: random.Random):
    data = bytearray(update(section(A, 3, string("añ😀", (7, 1), (7, 2)), deleted(3)), ONE[:0]))
    for _ in range(dice.randrange(1, 4)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    with contextlib.suppress(Refused):
        read_update(bytes(data))


@given(st.dictionaries(CLIENTS, st.integers(0, LARGEST_CLOCK), max_size=50))
def test_state_vectors_come_back(clocks: dict[int, int]):
    assert read_state_vector(write_state_vector(clocks), 50) == clocks


def test_state_vectors_are_those_of_the_library():
    doc = Doc(client_id=A)
    doc.get("text", type=Text).insert(0, "añ😀")
    assert read_state_vector(doc.get_state(), 1) == {A: 4}
    assert write_state_vector({A: 4}) == doc.get_state()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated"),
        (b"\xff\xff\xff\xff\x0f", "too_many_clients"),
        (b"\x03" + b"\x01\x01" * 3, "too_many_clients"),
        (b"\x02\x01\x01\x01\x01", "state_vector"),
        (b"\x01\x01", "truncated"),
        (b"\x02\x01\x01\x02", "truncated"),
        (b"\x01\x01" + uint(LARGEST_CLOCK + 1), "bad_number"),
        (b"\x00\x00", "trailing_bytes"),
    ],
)
def test_odd_state_vectors_are_refused(data: bytes, reason: str):
    with pytest.raises(Refused) as caught:
        read_state_vector(data, 2)
    assert caught.value.reason == reason
