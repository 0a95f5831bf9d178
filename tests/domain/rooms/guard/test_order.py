"""The order of blocks: what no author can mean is refused, the rest stands as everywhere else."""

from __future__ import annotations

import pytest

from app.domain.rooms.guard import sight
from app.domain.rooms.guard.guard import Bounds, Gap, Guard, Refused
from app.domain.rooms.guard.ranges import RangeSet
from app.domain.rooms.guard.sight import Sights, Watch
from app.domain.rooms.wire.updates import read_update
from tests.domain.rooms.guard.yjs import deleted, gc, section, string, update

ANA, BEN = "user:ana", "user:ben"
A, B, C, D = 300_000_001, 300_000_002, 7, 400_000_000


def guard_of(*updates: bytes, sender: str = ANA) -> Guard:
    guard = Guard()
    for data in updates:
        guard.admit(guard.check(data, sender), sender)
    return guard


def state(guard: Guard) -> object:
    """All that an order holds, to be compared."""
    order = guard._known.order
    columns = {
        name: list(value) for name, value in vars(order).items() if hasattr(value, "typecode")
    }
    notes = [list(getattr(order._sights, name)) for name in ("_who", "_clocks", "_whom", "_ends")]
    lines = {
        client: (list(line.starts), list(line.runs), {w: c for w, c in line.seen.items() if c})
        for client, line in order._lines.items()
    }
    return columns, notes, lines, order._sights.count, order._undo, order._is_trial


def refusal(guard: Guard, data: bytes) -> str:
    before = state(guard)
    with pytest.raises(Refused) as caught:
        guard.check(data, ANA)
    assert state(guard) == before
    return caught.value.reason


def units(guard: Guard) -> list[tuple[int, int]]:
    """Every unit in the order of the text."""
    return [(who, clock) for who, start, end in guard._known.order for clock in range(start, end)]


HELLO = update(section(A, 0, string("hello")))


# What no author can mean


def test_neighbours_the_wrong_way_round():
    guard = guard_of(HELLO)
    assert refusal(guard, update(section(B, 0, string("x", (A, 3), (A, 2))))) == "crossed"
    assert refusal(guard, update(section(B, 0, string("xy", (A, 4), (A, 0))))) == "crossed"
    guard = guard_of(HELLO, update(section(A, 5, string("^", None, (A, 0)))))
    assert refusal(guard, update(section(B, 0, string("x", (A, 0), (A, 5))))) == "crossed"
    assert guard.check(update(section(B, 0, string("x", (A, 5), (A, 0)))), ANA).is_new


@pytest.mark.parametrize(
    ("origin", "right"),
    [((A, 1), (A, 3)), ((A, 0), (A, 2)), (None, (A, 1)), ((B, 0), (A, 3)), (None, (B, 0))],
)
def test_what_the_neighbours_have_seen_does_not_stand_between_them(origin, right):
    guard = guard_of(HELLO, update(section(B, 0, string("-", (A, 1), (A, 2)))))
    expected = refusal(guard, update(section(C, 0, string("x", origin, right))))
    assert expected == "seen_between"


def test_what_one_has_written_oneself_does_not_stand_between():
    guard = guard_of(HELLO)
    assert refusal(guard, update(section(A, 5, string("x", (A, 1), (A, 3))))) == "seen_between"
    assert refusal(guard, update(section(A, 5, string("x")))) == "seen_between"
    assert guard.check(update(section(B, 0, string("x"))), ANA).is_new


def test_what_one_has_seen_before_does_not_stand_between():
    """B has seen D's text, which has seen C's, and says so only by an earlier block."""
    guard = guard_of(
        HELLO,
        update(section(C, 0, string("c", (A, 1), (A, 2)))),
        update(section(D, 0, string("d", (C, 0), (A, 2)))),
        update(section(B, 0, string("b", (D, 0), (A, 2)))),
    )
    blind = update(section(9, 0, string("x", (A, 1))))
    assert guard.check(blind, ANA).placed[0].left == (B, 0)
    assert refusal(guard, update(section(B, 1, string("x", (A, 1), (A, 2))))) == "seen_between"
    assert guard.check(update(section(B, 1, string("x", (A, 1), (C, 0)))), ANA).is_new


def test_the_same_within_one_update():
    tie = update(
        section(C, 0, string("c", (A, 1), (A, 2))),
        section(B, 0, string("b", (C, 0), (A, 2)), string("x", (A, 1), (A, 2))),
    )
    assert refusal(guard_of(HELLO), tie) == "seen_between"


def test_concurrent_text_may_stand_between():
    """C and B have both put a block between the same two letters; neither knew of the other."""
    guard = guard_of(HELLO, update(section(C, 0, string("c", (A, 1), (A, 2)))))
    verdict = guard.check(update(section(B, 0, string("b", (A, 1), (A, 2)))), ANA)
    assert verdict.placed[0].left == (C, 0)
    guard.admit(verdict, ANA)
    assert units(guard) == [(A, 0), (A, 1), (C, 0), (B, 0), (A, 2), (A, 3), (A, 4)]
    typed_on = guard.check(update(section(C, 1, string("c", (C, 0), (A, 2)))), ANA)
    assert typed_on.placed[0].left == (C, 0)
    guard.admit(typed_on, ANA)
    assert list(guard._known.order)[1] == (C, 0, 2)


def test_typing_on_in_front_of_something_else_is_another_run():
    """Whoever types there at the same time is put in order by its right neighbour."""
    guard = guard_of(
        HELLO,
        update(section(C, 0, string("c", (A, 1), (A, 2)))),
        update(section(B, 0, string("b", (C, 0), (A, 2)))),
        update(section(C, 1, string("c", (C, 0), (B, 0)))),
        update(section(C, 2, string("c", (C, 1), (B, 0)))),
    )
    assert list(guard._known.order) == [(A, 0, 2), (C, 0, 1), (C, 1, 3), (B, 0, 1), (A, 2, 5)]


def test_the_rest_of_a_block_stands_behind_what_is_known_of_it():
    guard = guard_of(
        HELLO,
        update(section(B, 0, string("bc", (A, 1), (A, 2)))),
        update(section(B, 0, string("bcd", (A, 1), (A, 2)))),
    )
    assert list(guard._known.order) == [(A, 0, 2), (B, 0, 3), (A, 2, 5)]


def test_typing_on_may_have_to_pass_what_others_put_there():
    """D replied to C's letter before C typed on: the smaller client id stands first."""
    guard = guard_of(
        HELLO,
        update(section(C, 0, string("c", (A, 4)))),
        update(section(3, 0, string("3", (C, 0)))),
        update(section(C, 1, string("d", (C, 0)))),
    )
    assert units(guard)[5:] == [(C, 0), (3, 0), (C, 1)]
    assert guard.check(update(section(C, 2, string("e", (C, 1)))), ANA).placed[0].left == (C, 1)


def test_equal_neighbours_end_the_search(monkeypatch: pytest.MonkeyPatch):
    """A block goes in front of a larger client's with the same neighbours, whatever follows."""
    monkeypatch.setattr(sight, "SCANS", 1)
    guard = guard_of(
        update(section(B, 0, string("b"))),
        update(section(D, 0, string("d"))),
        update(section(C, 0, string("cc"))),
    )
    assert units(guard) == [(C, 0), (C, 1), (B, 0), (D, 0)]


# Trusted bytes


def test_trusted_bytes_are_taken_as_they_are():
    guard = Guard()
    guard.learn(HELLO, ANA)
    assert not guard.learn(HELLO, ANA).is_new
    guard.learn(update(section(B, 0, string("x", (A, 3), (A, 2)))), BEN)
    guard.learn(update(section(A, 5, string("y"), string("z", (A, 1), (A, 3)))), ANA)
    guard.learn(update(section(C, 0, string("w", (A, 3), (A, 4)))), BEN)
    assert sorted(units(guard)) == [(C, 0), *((A, clock) for clock in range(7)), (B, 0)]
    assert sum(length for length, _ in guard.spans()) == guard.units


def test_trusted_bytes_that_do_not_fit_leave_nothing_behind():
    guard = guard_of(HELLO)
    before = state(guard)
    with pytest.raises(Gap):
        guard.learn(update(section(A, 5, string("x", (A, 1), (A, 2)), string("y", (B, 3)))), ANA)
    assert state(guard) == before


def test_what_was_given_up_has_no_place():
    guard = guard_of(HELLO, update(section(B, 0, gc(3), string("b", (A, 1), (A, 2)))))
    assert units(guard) == [(A, 0), (A, 1), (B, 3), (A, 2), (A, 3), (A, 4)]
    assert guard.spans() == [(6, ANA)]


# A check changes nothing, admitting does


@pytest.mark.parametrize(
    "data",
    [
        update(section(A, 5, string("x", (A, 4)))),
        update(section(A, 5, string("x", (A, 4))), deletes={A: [(0, 1)]}),
        update(section(A, 5, string("x", (A, 2), (A, 3)))),
        update(section(D, 1, string("x", (A, 2), (A, 3)), string("y", (A, 4)))),
        update(section(B, 0, string("x", (A, 2), (A, 3)), string("y", (A, 0), (A, 1)))),
        update(section(B, 0, string("x", (A, 2), (A, 3)), string("y", (B, 0), (A, 3)))),
        update(section(B, 0, deleted(3, None, (A, 0))), section(C, 0, string("c", (B, 1), (B, 2)))),
        update(section(C, 0, string("x"), string("y", (C, 0), (A, 0)), string("z", (A, 4)))),
    ],
)
def test_checking_changes_nothing(data: bytes):
    known = HELLO, update(section(D, 0, string("d", (A, 1), (A, 2))))
    guard = guard_of(*known)
    before = state(guard)
    verdict = guard.check(data, ANA)
    assert state(guard) == before
    guard.admit(verdict, ANA)
    learned = guard_of(*known)
    learned.learn(data, ANA)
    assert units(guard) == units(learned)
    assert len(units(guard)) == sum(guard.clocks.values())


# What putting in order may cost


def prepended(client: int, count: int, *, clock: int = 0) -> bytes:
    """Letters typed from right to left by somebody who has not seen what others wrote."""
    blocks = [string("p", None, (client, clock + at - 1)) for at in range(1, count)]
    return update(section(client, clock, string("p"), *blocks))


def test_letters_in_the_way_of_letters_are_counted(monkeypatch: pytest.MonkeyPatch):
    """Each of the second ones is looked for between the first ones, and put behind them."""
    guard = guard_of(prepended(A, 100))
    monkeypatch.setattr(sight, "SCANS", 20_000)
    assert guard.check(prepended(B, 181), ANA).is_new
    assert refusal(guard, prepended(B, 182)) == "too_tangled"
    monkeypatch.setattr(sight, "WALKS", 1 << 30)
    assert guard.check(prepended(B, 200), ANA).is_new
    assert refusal(guard, prepended(B, 201)) == "too_tangled"


def test_looking_for_what_stands_between_is_counted(monkeypatch: pytest.MonkeyPatch):
    guard = guard_of(prepended(B, 200))
    monkeypatch.setattr(sight, "WALKS", 4400)
    assert guard.check(prepended(D, 2), ANA).is_new
    assert refusal(guard, prepended(D, 3)) == "too_tangled"


def test_pieces_of_a_run_are_counted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sight, "SCANS", 99)
    holes = {A: [(at, 1) for at in range(0, 98, 2)]}
    guard = guard_of(update(section(A, 0, string("a" * 1000))), update(deletes=holes))
    assert guard.check(prepended(B, 1), ANA).is_new
    guard = guard_of(
        update(section(A, 0, string("a" * 1000))), update(deletes={A: [*holes[A], (100, 1)]})
    )
    assert refusal(guard, prepended(B, 1)) == "too_tangled"


def test_repeated_blocks_count_as_cuts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sight, "SCANS", 99)
    guard = guard_of(
        update(section(C, 0, *[string("c", (C, at - 1) if at else None) for at in range(50)]))
    )
    guard.admit(guard.check(update(section(A, 0, string("a" * 1000))), ANA), ANA)

    def again(count: int) -> bytes:
        known = [string("c", (C, at - 1) if at else None) for at in range(count)]
        return update(section(B, 0, string("b")), section(C, 0, *known))

    assert guard.check(again(2), ANA).is_new
    assert refusal(guard, again(50)) == "too_tangled"


def test_only_new_blocks_and_deletions_are_bounded():
    guard = Guard(Bounds(new_blocks=3, new_deletes=2))
    first = update(section(A, 0, string("a"), *[string("p", None, (A, at)) for at in range(2)]))
    guard.admit(guard.check(first, ANA), ANA)
    more = [string("a"), *[string("p", None, (A, at)) for at in range(5)]]
    assert guard.check(update(section(A, 0, *more)), ANA).is_new
    assert (
        refusal(guard, update(section(A, 0, *more, string("p", None, (A, 5)))))
        == "too_many_new_blocks"
    )
    guard.learn(update(section(A, 3, *[string("p", None, (A, at)) for at in range(2, 6)])), ANA)
    guard.admit(guard.check(update(deletes={A: [(0, 1), (2, 1)]}), ANA), ANA)
    assert guard.check(update(deletes={A: [(0, 1), (2, 1), (4, 1), (6, 1)]}), ANA).is_new
    every = {A: [(at, 1) for at in range(7)]}
    assert refusal(guard, update(deletes=every)) == "too_many_new_deletes"
    assert guard.learn(update(deletes=every), ANA).is_new
    for reason in ("too_many_new_blocks", "too_many_new_deletes"):
        assert Refused(reason).is_too_large


# Who wrote the visible text


def test_spans_tell_who_wrote_the_visible_text():
    guard = Guard()
    assert guard.spans() == []
    guard.learn(HELLO, ANA)
    guard.learn(update(section(B, 0, string("😀!", (A, 1), (A, 2)))), BEN)
    guard.learn(update(section(A, 5, string("?", (B, 2), (A, 2)))), ANA)
    assert guard.spans() == [(2, ANA), (3, BEN), (4, ANA)]
    guard.learn(update(deletes={A: [(1, 2)], B: [(0, 2)]}), ANA)
    assert guard.spans() == [(1, ANA), (1, BEN), (3, ANA)]
    assert list(guard.visible()) == [(A, 0, 1), (B, 2, 3), (A, 5, 6), (A, 3, 5)]
    guard.learn(update(deletes={B: [(2, 1)]}), ANA)
    assert guard.spans() == [(4, ANA)]


def test_a_run_of_several_writers_is_several_spans():
    guard = Guard()
    for start, end, actor in ((0, 2, ANA), (2, 3, BEN), (3, 5, ANA), (5, 9, BEN)):
        guard.credit(A, start, end, actor)
    guard.learn(HELLO, None)
    assert guard.spans() == [(2, ANA), (1, BEN), (2, ANA)]


# Vector clocks


def test_a_view_grows_with_what_is_noted():
    sights = Sights()
    watch = Watch(sights, {A: RangeSet()})
    sights.note(A, 0, B, 5)
    sights.note(B, 4, C, 3)
    sights.note(B, 5, C, 9)
    sights.note(D, 0, B, 6)
    assert watch.view(A, 0, 4) == {A: 1}
    assert watch.view(A, 0, 1) == {A: 1}
    assert watch.view(A, 0, 0) == {A: 1, B: 5}
    sights.note(B, 4, C, 3)
    sights.note(D, 1, C, 4)
    assert watch.view(A, 1, 0) == {A: 2, B: 5, C: 3}
    sights.note(A, 2, D, 1)
    assert watch.view(A, 2, 3) == {A: 3, B: 6, C: 9, D: 1}
    sights.forget(7)
    sights.forget(4)
    assert sights.count == 4
    assert Watch(sights, {}).view(A, 3, 0) == {A: 4, B: 5}


def test_all_that_the_bytes_say_is_in_the_order():
    data = update(
        section(A, 0, string("a"), deleted(2, (A, 0))), section(B, 0, string("b", (A, 1)))
    )
    guard = guard_of(data)
    sizes = {part.client: part.end for part in read_update(data).sections}
    assert sorted(units(guard)) == sorted(
        (who, at) for who, end in sizes.items() for at in range(end)
    )
