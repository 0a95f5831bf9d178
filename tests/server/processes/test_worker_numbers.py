"""Numbers of workers: the lowest that nobody has, and never one that somebody has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.server.processes.worker_numbers import Numbers, flight_file


def values(numbers: Numbers, count: int) -> list[int]:
    return [numbers.take().value for _ in range(count)]


def test_they_count_from_nought_and_come_back(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path)
    first, second, third = (numbers.take() for _ in range(3))
    assert [first.value, second.value, third.value] == [0, 1, 2]
    numbers.give_back(second)
    assert values(numbers, 2) == [1, 3]


def test_two_servers_on_one_folder_never_have_the_same(tmp_path: Path) -> None:
    ours, theirs = Numbers(tmp_path), Numbers(tmp_path)
    assert values(ours, 2) == [0, 1]
    assert values(theirs, 2) == [2, 3]
    assert values(ours, 1) == [4]


def test_one_is_held_as_long_as_a_worker_lives_that_inherited_it(tmp_path: Path) -> None:
    before = Numbers(tmp_path)
    number = before.take()
    inherited = os.dup(number.claim)
    before.give_back(number)  # as when the parent dies
    assert values(Numbers(tmp_path), 1) == [1]
    os.close(inherited)
    assert values(Numbers(tmp_path), 1) == [0]


def test_the_recorders_own_use_of_the_file_does_not_let_go_of_it(tmp_path: Path) -> None:
    assert values(Numbers(tmp_path), 1) == [0]
    with flight_file(tmp_path, 0).open("a+b") as recorder:
        recorder.write(b"x")
    assert values(Numbers(tmp_path), 1) == [1]


def test_a_folder_that_is_gone_stops_nobody(tmp_path: Path) -> None:
    numbers = Numbers(tmp_path / "none")
    assert values(numbers, 2) == [0, 1]


@pytest.mark.parametrize("errno", [95, 37])
def test_nor_does_a_file_system_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, errno: int
) -> None:
    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(errno, os.strerror(errno))

    monkeypatch.setattr("app.server.processes.worker_numbers.fcntl.flock", refuse)
    assert values(Numbers(tmp_path), 2) == [0, 1]
