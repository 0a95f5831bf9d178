"""Matches are common subsequences, as long as they can be while the budget lasts."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from app.kit.align import matches

ITEMS = st.lists(st.sampled_from("aabbcdefgh"), max_size=30)


def longest_common(old, new):
    row = [0] * (len(new) + 1)
    for item in old:
        previous = 0
        for at, other in enumerate(new, 1):
            previous, row[at] = (
                row[at],
                (previous + 1 if item == other else max(row[at], row[at - 1])),
            )
    return row[-1]


@given(ITEMS, ITEMS)
def test_matches_are_equal_runs_in_rising_order(old, new):
    end_old = end_new = 0
    for at_old, at_new, length in matches(old, new):
        assert length > 0
        assert at_old >= end_old
        assert at_new >= end_new
        assert (at_old, at_new) != (end_old, end_new) or end_old == 0  # runs are joined
        assert old[at_old : at_old + length] == new[at_new : at_new + length]
        end_old, end_new = at_old + length, at_new + length


REPEATING = st.lists(st.sampled_from("ab"), max_size=14)


@given(REPEATING, REPEATING)
def test_without_anchors_the_match_is_the_longest(old, new):
    doubled_old, doubled_new = [x for x in old for _ in "12"], [x for x in new for _ in "12"]
    found = sum(length for _, _, length in matches(doubled_old, doubled_new))
    assert found == longest_common(doubled_old, doubled_new)


@given(ITEMS, ITEMS)
def test_without_a_budget_matches_are_coarse_and_still_right(old, new):
    for at_old, at_new, length in matches(old, new, budget=0):
        assert old[at_old : at_old + length] == new[at_new : at_new + length]


def test_an_item_inserted_at_the_front_leaves_the_rest_matched():
    assert matches(list("bcd"), list("abcd")) == [(0, 1, 3)]


def test_items_that_occur_once_hold_their_places():
    assert matches(list("xaybw"), list("zacbv")) == [(1, 1, 1), (3, 3, 1)]


def test_equal_sequences_match_whole():
    assert matches(list("aaa"), list("aaa")) == [(0, 0, 3)]


def test_nothing_in_common_is_no_match():
    assert matches(list("ab"), list("cd")) == []
    assert matches([], list("cd")) == []


def test_many_repeated_items_cost_bounded_time():
    old, new = ["a", "b", "b"] * 20_000, ["b", "a", "c"] * 20_000
    begun = time.perf_counter()
    matches(old, new)
    assert time.perf_counter() - begun < 2  # about 0.15 s; difflib needs minutes
