"""The guard's rules one by one, each with the smallest update that breaks it."""

from __future__ import annotations

import pytest
from pycrdt import Doc, Text

from app.domain.rooms.guard.guard import Bounds, Gap, Guard, Refused, Verdict
from app.domain.rooms.wire.encoding import LARGEST_CLOCK, uint
from app.domain.rooms.wire.updates import read_update, write_state_vector
from tests.domain.rooms.guard.yjs import deleted, gc, section, string, update

ANA, BEN = "user:ana", "user:ben"
A, B, C = 300_000_001, 300_000_002, 7


def guard_of(*updates: tuple[str, bytes], bounds: Bounds | None = None) -> Guard:
    guard = Guard(bounds)
    for sender, data in updates:
        guard.admit(guard.check(data, sender), sender)
    return guard


def hello(bounds: Bounds | None = None) -> Guard:
    """Ana has written `hello😀`: clocks 0 to 7, clock 6 is a low surrogate."""
    return guard_of((ANA, update(section(A, 0, string("hello😀")))), bounds=bounds)


def refusal(guard: Guard, data: bytes, sender: str = ANA) -> str:
    before = guard.clocks.copy(), guard.owners.copy(), guard.units
    with pytest.raises(Refused) as caught:
        guard.check(data, sender)
    assert (guard.clocks, guard.owners, guard.units) == before
    return caught.value.reason


def gap(guard: Guard, data: bytes, sender: str = ANA) -> tuple[int, int]:
    with pytest.raises(Gap) as caught:
        guard.check(data, sender)
    return caught.value.client, caught.value.clock


# What is new


def test_a_first_edit_binds_its_client_id():
    guard = Guard()
    verdict = guard.check(update(section(A, 0, string("hé😀"))), ANA)
    assert verdict.ranges == ((A, 0, 4),)
    assert (verdict.inserted, verdict.inserted_bytes, verdict.removed) == (4, 7, 0)
    assert guard.owners == {}
    guard.admit(verdict, ANA)
    assert guard.owners == {A: ANA}
    assert guard.clocks == {A: 4}
    assert guard.units == 4


def test_what_is_known_is_not_new():
    guard = hello()
    assert not guard.check(update(section(A, 0, string("hello😀"))), BEN).is_new
    assert not guard.check(update(), BEN).is_new
    assert guard.check(b"\x00\x00", BEN) == Verdict()


def test_of_a_partly_known_block_only_the_rest_is_new():
    guard = hello()
    data = update(section(A, 3, string("lo😀 du\u00df")))
    assert refusal(guard, data, BEN) == "foreign_client"
    verdict = guard.check(data, ANA)
    assert verdict.ranges == ((A, 7, 11),)
    assert (verdict.inserted, verdict.inserted_bytes) == (4, 5)
    assert guard.check(update(section(A, 5, string("xxyz"))), ANA).inserted == 2
    tail = guard.check(update(section(A, 5, string("😀a😀"))), ANA)
    assert (tail.ranges, tail.inserted_bytes) == (((A, 7, 10),), 5)
    assert [(client, list(lows)) for client, lows in tail.lows] == [(A, [9])]


def test_a_block_that_would_continue_inside_a_pair_is_refused():
    assert refusal(hello(), update(section(A, 6, string("😀")))) == "split_pair"


def test_new_text_holds_no_nul():
    guard = hello()
    assert refusal(guard, update(section(A, 7, string("x\0", (A, 6))))) == "nul"
    assert refusal(guard, update(section(A, 5, string("😀\0")))) == "nul"
    guard.learn(update(section(A, 7, string("x\0", (A, 6)))), ANA)  # the log is from before that
    whole = update(section(A, 0, string("hello😀x\0")))
    assert not guard.check(whole, BEN).is_new
    assert guard.check(update(section(A, 8, string("\0y"))), ANA).inserted == 1


def test_deleting_is_new_once():
    guard = hello()
    data = update(deletes={A: [(0, 2), (3, 1)]})
    verdict = guard.check(data, BEN)
    assert verdict.deletes == ((A, 0, 2), (A, 3, 4))
    assert (verdict.inserted, verdict.removed) == (0, 3)
    guard.admit(verdict, BEN)
    assert guard.units == 4
    assert not guard.check(data, BEN).is_new
    verdict = guard.check(update(deletes={A: [(0, 5)]}), BEN)
    assert verdict.deletes == ((A, 2, 3), (A, 4, 5))
    guard.admit(verdict, BEN)
    assert guard.units == 2


def test_text_can_be_deleted_by_the_update_that_brings_it():
    guard = Guard()
    verdict = guard.check(update(section(A, 0, string("abcd")), deletes={A: [(1, 2)]}), ANA)
    assert (verdict.inserted, verdict.removed) == (4, 2)
    guard.admit(verdict, ANA)
    assert guard.units == 2


def test_text_that_was_never_sent_arrives_deleted():
    """A client with gc on forgets what it typed and deleted while offline."""
    guard = hello()
    data = update(
        section(A, 7, deleted(5, (A, 6)), string("x", (A, 11))), deletes={A: [(0, 1), (7, 5)]}
    )
    verdict = guard.check(data, ANA)
    assert verdict.ranges == ((A, 7, 13),)
    assert verdict.buried == ((A, 7, 12),)
    assert verdict.deletes == ((A, 0, 1),)
    assert (verdict.inserted, verdict.removed) == (1, 1)
    guard.admit(verdict, ANA)
    assert guard.units == 7
    assert not guard.check(data, ANA).is_new
    assert not guard.check(update(deletes={A: [(7, 5)]}), BEN).is_new


def test_deleted_text_is_known_as_text_to_others():
    """What one client has collected, another may still send as a string, and back."""
    guard = hello()
    guard.admit(guard.check(update(deletes={A: [(0, 7)]}), BEN), BEN)
    assert not guard.check(update(section(A, 0, deleted(7)), deletes={A: [(0, 7)]}), BEN).is_new
    assert guard.units == 0


# Gaps


def test_what_builds_on_missing_blocks_is_a_gap():
    guard = hello()
    assert gap(guard, update(section(A, 8, string("x", (A, 7))))) == (A, 7)
    assert gap(guard, update(section(B, 0, string("x", (C, 0)))), BEN) == (C, 0)
    assert gap(guard, update(section(B, 0, string("x", None, (A, 7)))), BEN) == (A, 7)
    assert gap(guard, update(deletes={A: [(5, 3)]})) == (A, 7)
    assert gap(guard, update(deletes={C: [(0, 1)]})) == (C, 0)


def test_blocks_of_several_clients_are_placed_in_the_order_they_need():
    data = update(
        section(A, 0, string("a", (B, 0)), string("d", (B, 2), (B, 1))),
        section(B, 0, string("bb", (C, 0)), string("c", (A, 0), (B, 1))),
        section(C, 0, string("C"), string("C", (A, 1), (B, 1))),
    )
    verdict = Guard().check(data, ANA)
    assert sorted(verdict.ranges) == [(C, 0, 2), (A, 0, 2), (B, 0, 3)]


def test_blocks_that_wait_for_each_other_are_refused():
    knot = update(section(A, 0, string("a", (B, 0))), section(B, 0, string("b", (A, 0))))
    assert refusal(Guard(), knot) == "cycle"
    late = update(
        section(A, 0, string("a"), string("a", (B, 1))),
        section(B, 0, string("b", (A, 0)), string("b", None, (A, 1))),
    )
    assert refusal(Guard(), late) == "cycle"


def test_a_knot_that_also_lacks_something_is_a_gap():
    data = update(
        section(A, 0, string("a", (B, 0))),
        section(B, 0, string("b", (A, 0))),
        section(C, 0, string("c", (A, 9))),
    )
    assert gap(Guard(), data) == (A, 9)


# Neighbours


@pytest.mark.parametrize(
    ("origin", "right", "reason"),
    [
        ((A, 7), None, "origin_ahead"),
        ((A, 8), None, "origin_ahead"),
        (None, (A, 7), "origin_ahead"),
        ((A, 0), (A, 9), "origin_ahead"),
        ((A, 3), (A, 3), "origin_equal"),
        ((A, 5), None, "split_pair"),
        ((A, 5), (A, 6), "split_pair"),
        (None, (A, 6), "split_pair"),
    ],
)
def test_impossible_neighbours_are_refused(origin, right, reason: str):
    guard = hello()
    assert refusal(guard, update(section(A, 7, string("x", origin, right)))) == reason
    assert refusal(guard, update(section(A, 7, deleted(1, origin, right)))) == reason


def test_neighbours_of_known_blocks_are_looked_at_too():
    """Yjs splits at the neighbours of a block before it sees that it has the block."""
    assert refusal(hello(), update(section(A, 0, string("h", (A, 5)))), BEN) == "origin_ahead"
    guard = hello()
    guard.admit(guard.check(update(section(B, 0, string("x", (A, 0)))), BEN), BEN)
    assert refusal(guard, update(section(B, 0, string("x", (A, 5)))), BEN) == "split_pair"


def test_pairs_of_the_same_update_are_not_split_either():
    after = update(section(A, 0, string("😀"), string("x", (A, 0))))
    assert refusal(Guard(), after) == "split_pair"
    assert refusal(Guard(), update(section(A, 0, string("😀")), deletes={A: [(0, 1)]})) == (
        "split_pair"
    )


@pytest.mark.parametrize("hit", [(5, 1), (6, 1), (0, 6)])
def test_half_a_pair_is_not_deleted(hit: tuple[int, int]):
    assert refusal(hello(), update(deletes={A: [hit]})) == "split_pair"


def test_nothing_refers_to_what_was_given_up():
    guard = hello()
    guard.admit(guard.check(update(section(B, 0, gc(4))), BEN), BEN)
    assert guard.units == 7
    assert refusal(guard, update(section(A, 7, string("x", (B, 1))))) == "dead_origin"
    assert refusal(guard, update(section(A, 7, string("x", (A, 1), (B, 1))))) == "dead_origin"
    assert refusal(guard, update(section(B, 2, deleted(5, (A, 1)))), BEN) == "dead_origin"
    within = update(section(C, 0, gc(2), string("x", (C, 0))))
    assert refusal(guard, within) == "dead_origin"
    follow = guard.check(update(section(B, 4, string("x", (A, 1)))), BEN)
    assert follow.inserted == 1


# Client ids


def test_nobody_writes_under_the_id_of_another():
    guard = hello()
    typed = update(section(A, 7, string("x", (A, 6))))
    unusual = update(section(A, 7, string("x", (A, 6))), deletes={A: [(0, 1)]})
    assert refusal(guard, typed, BEN) == "foreign_client"
    assert refusal(guard, unusual, BEN) == "foreign_client"
    assert guard.check(typed, ANA).is_new
    assert guard.check(unusual, ANA).is_new


def test_an_id_is_claimed_once():
    guard = hello(Bounds(clients=3))
    guard.claim(A, ANA)
    guard.claim(B, BEN)
    guard.claim(B, BEN)
    for client, sender in ((A, BEN), (B, ANA)):
        with pytest.raises(Refused, match="foreign_client"):
            guard.claim(client, sender)
    assert refusal(guard, update(section(B, 0, string("x"))), ANA) == "foreign_client"
    guard.claim(C, BEN)
    with pytest.raises(Refused, match="too_many_clients"):
        guard.claim(8, BEN)
    with pytest.raises(Refused, match="foreign_client"):
        guard.bind(C, ANA)


def test_clocks_of_nobody_stay_nobodys():
    guard = Guard()
    guard.learn(update(section(A, 0, string("old"))), None)
    assert guard.owners == {}
    assert guard.ranges_since({}) == {"": 3}
    assert refusal(guard, update(section(A, 3, string("x", (A, 2))))) == "foreign_client"
    assert refusal(guard, update(section(A, 3, string("😀", (A, 2))))) == "foreign_client"
    with pytest.raises(Refused, match="foreign_client"):
        guard.claim(A, ANA)


def test_new_ids_are_counted():
    def many(count: int) -> bytes:
        return update(*(section(100 + at, 0, string("x", None, (A, 0))) for at in range(count)))

    guard = hello(Bounds(new_clients=3, clients=5))
    assert refusal(guard, many(4)) == "too_many_new_clients"
    guard.admit(guard.check(many(3), BEN), BEN)
    assert not guard.check(many(3), ANA).is_new
    guard.bind(B, BEN)
    assert refusal(guard, update(section(C, 0, string("x")))) == "too_many_clients"
    assert guard.check(update(section(B, 0, string("x"))), BEN).is_new


# Sizes


def test_size_is_bounded():
    guard = hello(Bounds(update_bytes=60, text_units=10, blocks=2, deletes=1))
    assert refusal(guard, b"\x00" * 61) == "update_too_large"
    assert refusal(guard, update(section(A, 7, *[string("x", (A, 0))] * 3))) == "too_many_blocks"
    assert refusal(guard, update(deletes={A: [(0, 1), (2, 1)]})) == "too_many_deletes"
    longer = update(section(A, 7, string("1234", (A, 6))))
    assert refusal(guard, longer) == "text_too_large"
    assert guard.check(update(section(A, 7, string("123", (A, 6)))), ANA).is_new
    assert guard.check(longer[:-1] + update(deletes={A: [(0, 1)]})[1:], ANA).is_new


def test_a_text_that_is_too_long_already_can_still_be_shortened():
    guard = Guard(Bounds(text_units=3))
    guard.learn(update(section(A, 0, string("hello"))), ANA)
    assert guard.check(update(deletes={A: [(0, 1)]}), BEN).removed == 1
    assert refusal(guard, update(section(A, 5, string("x", (A, 4))))) == "text_too_large"


def test_clocks_have_a_largest():
    guard = guard_of((ANA, update(section(A, 0, deleted(LARGEST_CLOCK - 1)))))
    last = LARGEST_CLOCK - 2
    assert refusal(guard, update(section(A, last + 1, string("xy", (A, last))))) == "bad_number"
    assert guard.check(update(section(A, last + 1, string("x", (A, last)))), ANA).is_new


# State vectors


def test_state_vectors_are_checked():
    guard = hello(Bounds(clients=2))
    assert guard.check_state_vector(write_state_vector({A: 5, B: 9})) == {A: 5, B: 9}
    for data, reason in (
        (write_state_vector({A: 6}), "split_pair"),
        (write_state_vector({A: 5, B: 1, C: 1}), "too_many_clients"),
        (uint(2**40), "too_many_clients"),
    ):
        with pytest.raises(Refused) as caught:
            guard.check_state_vector(data)
        assert caught.value.reason == reason


# Who wrote what


def test_clocks_are_credited_to_those_who_wrote_them():
    guard = hello()
    guard.bind(C, "server")
    guard.learn(update(section(C, 0, string("restored", (A, 6)))), BEN)
    guard.learn(update(section(C, 8, string("!", (C, 7)))), ANA)
    assert guard.owners == {A: ANA, C: "server"}
    assert guard.attribution(C) == [(0, 8, BEN), (8, 9, ANA)]
    assert guard.attribution(B) == []
    assert guard.ranges_since({}) == {ANA: 8, BEN: 8}
    assert guard.ranges_since({A: 7, C: 6}) == {BEN: 2, ANA: 1}
    assert guard.ranges_since(guard.clocks) == {}
    assert guard.author_ranges() == [(A, 0, 7, ANA), (C, 0, 8, BEN), (C, 8, 9, ANA)]


def test_credits_come_back_from_their_table():
    guard = Guard()
    guard.credit(A, 2, 5, ANA)
    guard.credit(A, 5, 6, BEN)
    guard.learn(update(section(A, 0, string("hello wo"))), None)
    assert guard.owners == {A: ANA}
    assert guard.attribution(A) == [(0, 2, ""), (2, 5, ANA), (5, 6, BEN), (6, 8, ANA)]


# Long delete sets


def test_a_long_delete_set_that_said_nothing_new_is_not_read_again():
    text = "ab" * 300
    guard = guard_of((ANA, update(section(A, 0, string(text)))))
    every = {A: [(at, 1) for at in range(0, 600, 2)]}
    first = guard.check(update(deletes=every), BEN)
    assert len(first.deletes) == 300
    assert len(guard.check(update(deletes=every), BEN).deletes) == 300
    guard.admit(first, BEN)
    assert guard.units == 300
    for _ in range(3):
        assert not guard.check(update(deletes=every), BEN).is_new
    more = update(section(A, 600, string("x", (A, 599))), deletes=every)
    assert guard.check(more, ANA).ranges == ((A, 600, 601),)
    other = update(deletes={A: [*every[A][:-1], (599, 1)]})
    assert guard.check(other, BEN).deletes == ((A, 599, 600),)
    assert refusal(guard, update(deletes=every) + b"\x00") == "trailing_bytes"


def test_why_a_state_vector_may_not_end_inside_a_pair():
    """The library answers it with blocks that are a clock short, and the pair is lost."""
    doc = Doc(client_id=A)
    doc.get("text", type=Text).insert(0, "a😀b")
    [rest] = read_update(doc.get_update(write_state_vector({A: 2}))).sections
    assert (rest.clock, rest.end) != (2, 4)
