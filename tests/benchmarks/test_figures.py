"""The table that a benchmark prints."""

from __future__ import annotations

from benchmarks.figures import Goal, lines


def test_a_measurement_that_gave_out_early_is_told_with_the_others() -> None:
    ours = [{"relay p50, ms": 1.0}, {"relay p50, ms": 3.0, "relay p99, ms": 5.0}]
    told = lines(ours, [{"relay p50, ms": 1.0}], {"relay p99, ms": Goal(4)}).splitlines()
    assert [" ".join(line.split()) for line in told] == [
        "relay p50 2.00 ms (1.00 to 3.00) 1.00 ms 2.0",
        "relay p99 5.00 ms - ≤ 4 ms: MISSED",
    ]


def test_what_has_no_figure_of_ours_stands_beside_it_alone() -> None:
    told = lines([], [{"a commit alone p50, ms": 0.25}], {})
    assert told.split() == ["a", "commit", "alone", "p50", "-", "0.25", "ms"]
