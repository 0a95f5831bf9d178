"""Presence, room messages and state vectors that are built to cost much, to lie or to break browsers."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from app.domain.rooms.guard.guard import Gap, Guard, Refused
from app.domain.rooms.wire import awareness, protocol
from tests.fuzz import frames, steps, wire

SEED = 20_260_731
FEW_LINES = 400  # a refusal that reads a handful of numbers, with every helper it calls
KIB = 1024


def refused(work: Callable[[], Any]) -> str:
    """The reason of a refusal; anything else that is raised comes through."""
    with suppress(Gap):
        try:
            work()
        except Refused as refusal:
            return refusal.reason
    return ""


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


def test_any_presence_is_refused_or_fit_for_every_browser():
    rng = random.Random(SEED)
    taken = 0
    for _ in range(20_000):
        payload = frames.presence(rng)
        try:
            entries = awareness.read(payload)
        except Refused:
            continue
        taken += 1
        assert len(entries) <= awareness.MOST_CLIENTS
        for entry in entries:
            assert 0 <= entry.client <= wire.LARGEST
            assert 0 <= entry.clock < 2**31
            text = json.dumps(entry.state, allow_nan=False, ensure_ascii=False)
            assert len(text.encode()) <= awareness.LARGEST_STATE * 2
            assert depth(entry.state) <= awareness.DEEPEST_STATE
        stamped = [
            e._replace(state=e.state and awareness.stamp(e.state, {"id": "x"})) for e in entries
        ]
        again = awareness.encode(stamped)
        assert not re.search(rb"NaN|Infinity", again), payload.hex()
        again.decode("utf-8", "surrogateescape")
    assert taken > 500


def test_nobody_chooses_who_they_are():
    mallory = {"id": "mallory", "name": "Mallory", "hue": "rose", "initials": "M"}
    for state in (*frames.STATES, '{"user":{"id":"ana"}}', '{"user":"ana","user":{"id":"ana"}}'):
        try:
            (entry,) = awareness.read(wire.awareness([(5, 1, state)]))
        except Refused:
            continue
        if entry.state is not None:
            assert awareness.stamp(entry.state, mallory)["user"] == mallory


@pytest.mark.parametrize(
    "state", [s for s in frames.BAD_STATES if re.search("NaN|Inf|ud800|ude00|1e999", s)]
)
def test_what_breaks_browsers_never_reaches_them(state: str):
    try:
        entries = awareness.read(wire.awareness([(5, 1, state)]))
    except Refused:
        return
    out = awareness.encode(
        [e._replace(state=e.state and awareness.stamp(e.state, {})) for e in entries]
    )
    text = out[wire_prefix(out) :].decode()
    assert not re.search(r"NaN|Infinity|\\ud[89a-f]", text, re.IGNORECASE)


def wire_prefix(payload: bytes) -> int:
    """Where the JSON of the only entry begins."""
    reader = wire.Reader(payload)
    for _ in range(4):
        reader.uint()
    return reader.at


@pytest.mark.parametrize("clock", [2**31, 2**32, 2**53, 2**63, 2**64, 2**200])
def test_a_poisoned_clock_is_refused(clock: int):
    assert refused(lambda: awareness.read(wire.awareness([(5, clock, "{}")])))


@pytest.mark.parametrize("client", [2**53, 2**63, 2**64, 2**200])
def test_an_id_no_browser_can_hold_is_refused(client: int):
    assert refused(lambda: awareness.read(wire.awareness([(client, 1, "{}")])))
    assert refused(lambda: Guard().check_state_vector(wire.state_vector([(client, 1)])))


def test_a_third_client_id_is_refused():
    entries = [(client, 1, "{}") for client in (5, 6, 7)]
    assert refused(lambda: awareness.read(wire.awareness(entries)))


def readers() -> list[tuple[str, Callable[[bytes], Any]]]:
    """Everything that reads a client's bytes."""
    return [
        ("update", lambda data: Guard().check(data, "user:m")),
        ("state vector", lambda data: Guard().check_state_vector(data)),
        ("presence", awareness.read),
        ("message", protocol.parse),
    ]


@pytest.mark.parametrize(("name", "read"), readers(), ids=lambda x: x if isinstance(x, str) else "")
@pytest.mark.parametrize("tail", [b"", b"\x00", b"\x01", b"\x7f"])
def test_an_endless_number_is_given_up_at_once(
    name: str, read: Callable[[bytes], Any], tail: bytes
):
    for head in (
        b"",
        b"\x01",
        b"\x01\x05",
        b"\x01\x05\x01",
        b"\x00\x02",
        b"\x01\x01\x05\x00\x04\x01",
    ):
        data = head + b"\x80" * (256 * KIB) + tail
        spent = steps.lines(lambda data=data: refused(lambda: read(data)))
        assert spent < FEW_LINES, (name, head.hex())
        assert refused(lambda data=data: read(data)), (name, head.hex())


@pytest.mark.parametrize(("name", "read"), readers(), ids=lambda x: x if isinstance(x, str) else "")
@pytest.mark.parametrize("count", [2**20, 2**28, 2**31 - 1, 2**32 - 1, 2**53 - 1, 2**64 - 1])
def test_a_huge_count_costs_nothing(name: str, read: Callable[[bytes], Any], count: int):
    for head in (
        b"",
        b"\x01",
        b"\x00",
        b"\x01\x01\x05\x00",
        b"\x00\x01\x05",
        b"\x01\x05\x01",
        b"\x00\x00",
    ):
        data = head + wire.uint(count)
        assert steps.memory(lambda data=data: refused(lambda: read(data))) < 64 * KIB, (
            name,
            head.hex(),
        )
        assert steps.lines(lambda data=data: refused(lambda: read(data))) < FEW_LINES, (
            name,
            head.hex(),
        )


def linear() -> list[tuple[str, Callable[[int], Any]]]:
    """The same kind of input at any size, each to its reader."""
    guard = Guard()
    pairs = [(client, 1) for client in range(1, 3_000)]
    a = "\U0001f600a"

    def update(*blocks: wire.Block) -> bytes:
        return wire.Update([wire.Section(1, 0, list(blocks))]).encode()

    return [
        ("state vector", lambda n: guard.check_state_vector(wire.state_vector(pairs[:n]))),
        ("one long text", lambda n: guard.check(update(wire.string(a * n)), "user:m")),
        ("many blocks", lambda n: guard.check(update(*[wire.string("a")] * n), "user:m")),
        ("deep value", lambda n: guard.check(update(wire.anys(wire.any_depth(n))), "user:m")),
        ("presence", lambda n: awareness.read(wire.awareness([(5, 1, '{"a":"' + "x" * n + '"}')]))),
        ("deep presence", lambda n: awareness.read(wire.awareness([(5, 1, "[" * n + "]" * n)]))),
        ("message", lambda n: protocol.parse(b"\x00\x02" + wire.raw(bytes(n)))),
    ]


@pytest.mark.parametrize(("name", "read"), linear(), ids=lambda x: x if isinstance(x, str) else "")
def test_cost_grows_no_faster_than_size(name: str, read: Callable[[int], Any]):
    small, large = (steps.lines(lambda n=n: refused(lambda: read(n))) for n in (150, 1_500))
    assert large <= 20 * small, name


def test_state_vectors_are_read_exactly():
    guard = Guard()
    assert guard.check_state_vector(b"\x00") == {}
    assert guard.check_state_vector(wire.state_vector([(5, 7), (2**53 - 1, 1)])) == {
        5: 7,
        2**53 - 1: 1,
    }
    assert refused(lambda: guard.check_state_vector(b""))
    assert refused(lambda: guard.check_state_vector(wire.state_vector([(5, 7)]) + b"\x00"))
    crowd = wire.state_vector([(client, 1) for client in range(50_001)])
    assert refused(lambda: guard.check_state_vector(crowd))


def test_any_state_vector_is_refused_or_safe_for_the_library():
    from pycrdt import Doc, Text

    rng = random.Random(SEED + 1)
    doc: Doc = Doc(client_id=5)
    doc.get("text", type=Text).insert(0, "hello")
    guard = Guard()
    taken = 0
    for _ in range(5_000):
        pairs = [
            (rng.choice((5, 6, *frames.EDGES)), rng.choice((0, 1, 5, 6, *frames.EDGES)))
            for _ in range(rng.randint(0, 3))
        ]
        data = wire.state_vector(pairs, rng.choice((None, None, None, len(pairs) + 1, 2**40)))
        try:
            guard.check_state_vector(data)
        except Refused:
            continue
        taken += 1
        doc.get_update(data)
    assert taken > 500


def test_any_message_is_refused_or_understood():
    rng = random.Random(SEED + 2)
    kinds = set()
    for _ in range(20_000):
        data = frames.message(rng)
        with suppress(Refused):
            kinds.add(type(protocol.parse(data)).__name__)
    assert len(kinds) >= 6
