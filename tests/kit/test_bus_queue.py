"""What waits to be told to others: in order, bounded, and sent again when nobody confirmed it."""

from __future__ import annotations

import pytest

from app.kit import bus_queue
from app.kit.bus_queue import BusQueue


def filled(*commands: bytes) -> BusQueue:
    queue = BusQueue()
    for command in commands:
        queue.put(command)
    return queue


def test_what_comes_first_leaves_first() -> None:
    queue = filled(b"1", b"2")
    assert queue.take() == [b"1", b"2"]
    assert queue.take() == []


def test_it_stays_until_it_has_arrived() -> None:
    queue = filled(b"1", b"2", b"3")
    queue.take()
    queue.answered()
    assert len(queue) == 2
    queue.rewind()
    assert queue.take() == [b"2", b"3"]


def test_what_is_sent_again_comes_before_what_is_new() -> None:
    queue = filled(b"1", b"2")
    queue.take()
    queue.put(b"3")
    queue.rewind()
    assert queue.take() == [b"1", b"2", b"3"]


def test_a_batch_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_queue, "BATCH", 2)
    queue = filled(b"1", b"2", b"3")
    assert [queue.take(), queue.take()] == [[b"1", b"2"], [b"3"]]
    monkeypatch.setattr(bus_queue, "BATCH_BYTES", 5)
    queue = filled(b"123456", b"7")
    assert [queue.take(), queue.take()] == [[b"123456"], [b"7"]]


def test_the_oldest_that_waits_goes_for_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_queue, "MOST", 3)
    queue = filled(b"1")
    queue.take()
    assert [queue.put(command) for command in (b"2", b"3", b"4")] == [0, 0, 1]
    assert queue.has_lost
    assert queue.take() == [b"3", b"4"]


def test_what_was_sent_is_never_taken_from_under_its_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bus_queue, "MOST", 2)
    queue = filled(b"1", b"2")
    queue.take()
    assert queue.put(b"3") == 1, "the new one itself"
    queue.answered()
    queue.answered()
    assert len(queue) == 0


def test_bytes_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_queue, "MOST_BYTES", 10)
    queue = filled(b"12345", b"1234")
    assert queue.put(b"12345") == 1
    assert queue.put(b"12345678901") == 3, "one that never fits takes all with it, and itself"
    assert len(queue) == 0
    assert queue.put(b"1234567890") == 0, "nothing that went is still counted"


def test_what_is_refused_is_not_sent_again() -> None:
    queue = filled(b"1", b"2")
    queue.take()
    queue.put(b"3")
    assert queue.give_up_sent() == 2
    assert queue.has_lost
    queue.rewind()
    assert queue.take() == [b"3"]


def test_giving_up_nothing_loses_nothing() -> None:
    queue = filled(b"1")
    assert queue.give_up_sent() == 0
    assert not queue.has_lost
