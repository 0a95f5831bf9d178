"""Sets of ranges against plain sets of numbers."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from app.domain.rooms.guard.ranges import Credits, RangeSet, holds, low_surrogates

SPANS = st.tuples(st.integers(0, 300), st.integers(1, 30)).map(lambda s: (s[0], s[0] + s[1]))


def numbers(ranges) -> set[int]:
    return {clock for start, end in ranges for clock in range(start, end)}


@given(st.lists(SPANS, max_size=60), st.booleans(), SPANS)
def test_a_range_set_is_a_set(spans, at_once: bool, asked):
    ranges = RangeSet()
    if at_once:
        ranges.add_all(spans)
    else:
        for span in spans:
            ranges.add(*span)
    expected = numbers(spans)
    assert numbers(ranges) == expected
    listed = list(ranges)
    assert len(listed) == len(ranges)
    assert all(one[1] < two[0] for one, two in itertools.pairwise(listed))
    assert all((clock in ranges) == (clock in expected) for clock in range(340))
    missing = ranges.missing(*asked)
    assert numbers(missing) == numbers([asked]) - expected
    assert all(start < end for start, end in missing)


def test_many_ranges_are_merged_with_those_that_are_there():
    ranges = RangeSet()
    ranges.add(5, 25)
    ranges.add_all([(at, at + 3) for at in range(0, 200, 4)])
    assert numbers(ranges) == numbers([(5, 25), *((at, at + 3) for at in range(0, 200, 4))])


@given(st.lists(st.tuples(st.integers(0, 100), st.sampled_from("abc"))), st.integers(0, 120))
def test_a_clock_is_credited_once(steps, since: int):
    credited, expected = Credits(), []
    for end, actor in steps:
        credited.extend(end, actor)
        expected += [actor] * (end - len(expected))
    assert credited.end == len(expected)
    told = list(credited.since(since))
    assert [actor for start, end, actor in told for _ in range(start, end)] == expected[since:]
    assert all(one[2] != two[2] for one, two in itertools.pairwise(told))


@given(st.text(), st.integers(0, 1000))
def test_low_surrogates_are_second_halves(text: str, clock: int):
    expected = []
    for character in text:
        clock_of_next = clock + (2 if ord(character) > 0xFFFF else 1)
        if clock_of_next == clock + 2:
            expected.append(clock + 1)
        clock = clock_of_next
    start = clock - len(text.encode("utf-16-le")) // 2
    found = low_surrogates(text, start)
    assert list(found) == expected
    assert all(holds(found, clock) == (clock in expected) for clock in range(start, clock + 2))
