"""The flight recorder: who is to blame for a process that died, and who is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from app.domain.rooms.journal.flight import FlightRecorder, InFlight, is_the_librarys_doing

ROOM = UUID(int=7)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "flight-0.bin"


@pytest.fixture
def recorder(path: Path) -> Iterator[FlightRecorder]:
    recorder = FlightRecorder(path)
    yield recorder
    recorder.close()


def after_death(path: Path, *, blamed: bool = True) -> InFlight | None:
    """What the next process finds, without having dealt with it."""
    successor = FlightRecorder(path)
    found = successor.recover(is_blamed=blamed)
    successor.close()
    return found


def test_a_new_recorder_accuses_nobody(path: Path) -> None:
    assert after_death(path) is None


def test_what_was_in_flight_is_found(recorder: FlightRecorder, path: Path) -> None:
    recorder.arm(ROOM, "user:ann", b"poison", 12)
    assert after_death(path) == InFlight(ROOM, "user:ann", 12, b"poison")


def test_what_came_through_is_not(recorder: FlightRecorder, path: Path) -> None:
    recorder.arm(ROOM, "user:ann", b"fine")
    recorder.disarm()
    assert after_death(path) is None


def test_the_last_one_armed_counts(recorder: FlightRecorder, path: Path) -> None:
    recorder.arm(ROOM, "user:ann", b"a longer one that was fine")
    recorder.arm(ROOM, "user:bob", b"poison")
    found = after_death(path)
    assert found is not None
    assert (found.actor, found.seq, found.update) == ("user:bob", -1, b"poison")


def test_it_is_known_until_it_is_dealt_with(recorder: FlightRecorder, path: Path) -> None:
    """The next process can fail too, before the quarantine is written: a full disk, say."""
    recorder.arm(ROOM, "user:ann", b"poison")
    assert after_death(path) is not None
    assert after_death(path, blamed=False) is not None
    recorder.disarm()
    assert after_death(path) is None


def test_a_kill_from_outside_blames_nobody(recorder: FlightRecorder, path: Path) -> None:
    """Otherwise an acknowledged row would be taken out of the log for having been loaded."""
    recorder.arm(ROOM, "user:ann", b"innocent", 12)
    assert after_death(path, blamed=False) is None
    assert after_death(path) is None  # and the matter is closed


def test_three_kills_over_the_same_update_are_no_accident(
    recorder: FlightRecorder, path: Path
) -> None:
    """As when it makes the library take all memory and the kernel ends the process."""
    for times in (1, 2, 3):
        recorder.arm(ROOM, "user:ann", b"memory hog")
        found = after_death(path, blamed=False)
        assert (found is not None) == (times == 3)


def test_three_kills_over_different_updates_are(recorder: FlightRecorder, path: Path) -> None:
    for update in (b"one", b"two", b"one", b"two", b"one"):
        recorder.arm(ROOM, "user:ann", update)
        assert after_death(path, blamed=False) is None


def test_every_page_of_it_has_its_place_on_disk(recorder: FlightRecorder, path: Path) -> None:
    """The kernel kills who writes to a mapped hole that a full disk cannot fill."""
    status = path.stat()
    assert status.st_blocks * 512 >= status.st_size


def test_without_room_for_it_the_server_runs_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    recorder = FlightRecorder(path)
    recorder.arm(ROOM, "user:ann", b"x" * 4_000_000)
    recorder.disarm()
    assert recorder.recover(is_blamed=True) is None
    recorder.close()


@pytest.mark.parametrize(
    ("death", "expected"),
    [
        ("signal SIGSEGV", True),
        ("signal SIGABRT", True),
        ("signal SIGBUS", True),
        ("signal SIGILL", True),
        ("hung", True),
        ("signal SIGKILL", False),
        ("signal SIGTERM", False),
        ("exit code 1", False),
        ("", False),
    ],
)
def test_which_deaths_are_the_librarys_doing(death: str, expected: bool) -> None:
    assert is_the_librarys_doing(death) is expected
