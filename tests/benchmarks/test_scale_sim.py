"""The simulation of many users: what must hold whatever the dice say, and the table in the docs."""

from __future__ import annotations

from itertools import pairwise

import pytest

from benchmarks import scale_costs as costs
from benchmarks.scale_sim import Load, Room, affinity, anywhere, enough, load, rooms_for, table
from tests.architecture.source import ROOT

PEOPLE = 6_000


@pytest.fixture(scope="module")
def rooms() -> list[Room]:
    return rooms_for(PEOPLE)


@pytest.fixture(scope="module")
def spread(rooms: list[Room]) -> Load:
    return load(rooms, 8, anywhere)


@pytest.fixture(scope="module")
def together(rooms: list[Room]) -> Load:
    return load(rooms, 8, affinity)


def test_everybody_is_in_one_room_and_at_one_worker(
    rooms: list[Room], spread: Load, together: Load
) -> None:
    assert sum(room.people for room in rooms) == PEOPLE
    assert spread.online == together.online == PEOPLE


def test_room_sizes_have_a_heavy_tail() -> None:
    rooms = rooms_for(200_000)
    for size in (2, 5, 20):
        share = sum(room.people >= size for room in rooms) / len(rooms)
        assert share == pytest.approx(size**-costs.TAIL, rel=0.1)
    assert max(room.people for room in rooms) == costs.MOST_PEOPLE


def test_as_many_type_as_assumed(rooms: list[Room]) -> None:
    assert sum(room.typing for room in rooms) == pytest.approx(PEOPLE * costs.TYPING, rel=0.1)
    assert all(room.typing <= room.people for room in rooms)


def test_where_people_are_changes_neither_what_they_write_nor_what_they_see(
    rooms: list[Room], spread: Load, together: Load
) -> None:
    assert spread.edits == pytest.approx(sum(room.edits for room in rooms))
    assert spread.edits == pytest.approx(together.edits)
    assert spread.deliveries == pytest.approx(together.deliveries)
    assert sum(spread.written) == pytest.approx(spread.edits)


def test_two_in_a_room_by_hand() -> None:
    """One types three times a second; the other is at the other worker."""
    found = Load(2)
    found.add(Room(people=2, typing=1, edits=3.0, ticks=20.0), [0, 1])
    whole = 1 / costs.WHOLE_SECONDS
    assert found.followed == 3
    assert found.deliveries == 3 + 2 * 3  # the edits to one, the cursor to both
    assert found.said == pytest.approx(3 + 3 + 2 * whole)
    assert found.handed_out == 2 * found.said
    assert found.news == pytest.approx(2 * 2 / costs.VISIT)  # each alone at their worker
    assert found.cpu == pytest.approx(
        [
            3 * costs.EDIT + 3 * costs.DELIVERY + (6 + whole) * costs.SAY,
            3 * costs.FOLLOW + 6 * costs.DELIVERY + 3 * costs.HEAR + whole * costs.SAY,
        ]
    )


def test_with_affinity_nobody_follows_and_messages_only_come_back(together: Load) -> None:
    assert together.followed == 0
    assert together.handed_out == together.said
    assert together.held == together.rooms


def test_anywhere_costs_more_messages_copies_and_cores(spread: Load, together: Load) -> None:
    assert spread.handed_out > together.handed_out
    assert spread.held > together.held
    assert sum(spread.cpu) > sum(together.cpu)


def test_affinity_has_the_busier_busiest_worker(spread: Load, together: Load) -> None:
    assert max(spread.cpu) / sum(spread.cpu) < max(together.cpu) / sum(together.cpu)


def test_one_worker_has_nobody_to_tell(rooms: list[Room]) -> None:
    alone = load(rooms, 1, anywhere)
    assert (alone.said, alone.handed_out, alone.followed, alone.lists_bytes) == (0, 0, 0, 0)
    assert alone.cpu == load(rooms, 1, affinity).cpu


def test_more_workers_follow_more_and_a_room_is_at_no_more_than_it_has_people(
    rooms: list[Room],
) -> None:
    growing = [load(rooms, workers, anywhere) for workers in (1, 2, 4, 16, 64)]
    assert all(fewer.followed < more.followed for fewer, more in pairwise(growing))
    assert growing[-1].followed <= sum(room.edits * (room.people - 1) for room in rooms)
    assert growing[-1].held <= PEOPLE


def test_a_worker_commits_one_group_at_a_time(spread: Load) -> None:
    assert 0 < spread.commits <= spread.edits
    assert spread.commits <= spread.workers / costs.COMMIT_SECONDS


def test_there_are_enough_workers_and_none_too_many(rooms: list[Room]) -> None:
    found = enough(rooms, anywhere)
    assert found.online <= found.workers * costs.MOST_CONNECTIONS
    assert sum(found.cpu) <= found.workers * costs.MOST_BUSY
    fewer = load(rooms, found.workers - 1, anywhere)
    assert (
        sum(fewer.cpu) > fewer.workers * costs.MOST_BUSY
        or fewer.online > fewer.workers * costs.MOST_CONNECTIONS
    )


def test_other_dice_say_about_the_same(spread: Load) -> None:
    other = load(rooms_for(PEOPLE, seed=2), 8, anywhere, seed=2)
    assert other.cpu != spread.cpu
    assert sum(other.cpu) == pytest.approx(sum(spread.cpu), rel=0.3)


def test_the_table_in_the_docs_is_what_the_program_prints() -> None:
    told = (ROOT / "docs" / "scale.md").read_text("utf-8")
    assert "\n".join(table()) in told
