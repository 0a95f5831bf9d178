"""Hostile updates by the ten thousand: nothing dies, hangs or diverges, and honest people go on editing."""

from __future__ import annotations

import os
import time

import pytest

from tests.fuzz import runner

COUNT = int(os.environ.get("FUZZ_COUNT", "20000"))
SEED = int(os.environ.get("FUZZ_SEED", "0")) or time.time_ns() % 1_000_000_007


@pytest.fixture(scope="module")
def report() -> runner.Report:
    """One run; its seed is in every failure's message."""
    return runner.run(COUNT, SEED)


def test_nothing_breaks(report: runner.Report):
    assert not report.findings, report.summary()


def test_enough_was_tried(report: runner.Report):
    assert report.offered >= COUNT
    assert report.taken >= COUNT // 20, report.summary()


def test_no_apply_and_no_check_is_slow(report: runner.Report):
    slow = {key: n for key, n in report.tally.items() if key.startswith("- slow")}
    assert not slow, report.summary()


def test_the_same_seed_is_the_same_run():
    one, two = (runner.run(400, 11).tally for _ in range(2))
    assert {k: n for k, n in one.items() if "slow" not in k} == {
        k: n for k, n in two.items() if "slow" not in k
    }


def test_a_bare_library_would_not_pass():
    """The fuzzer bites: without the guard the same updates do harm at once."""
    assert len(runner.run(800, 5, bare=True).findings) > 10
