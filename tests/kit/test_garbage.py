"""No full collection while people type, unless very much has grown old."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from app.kit.garbage import Sweeper, keep_from_collecting


@pytest.fixture(autouse=True)
def _own_collector() -> Iterator[None]:
    before = gc.get_threshold()
    gc.collect()
    keep_from_collecting()
    yield
    gc.set_threshold(*before)


def full_collections() -> int:
    return gc.get_stats()[2]["collections"]


def grow_old(objects: int) -> list[list[None]]:
    return [[] for _ in range(objects)]


async def test_what_grows_old_is_not_collected_by_the_way() -> None:
    before = full_collections()
    kept = grow_old(400_000)
    assert full_collections() == before
    assert len(kept) == 400_000


class Clocks:
    """Seconds that have passed, and those of them in which the process worked."""

    now = 100.0
    busy = 10.0

    def sweeper(self) -> Sweeper:
        return Sweeper(lambda: self.now, lambda: self.busy)


async def test_a_quiet_moment_is_used_once() -> None:
    clocks = Clocks()
    sweeper = clocks.sweeper()
    kept = grow_old(30_000)
    before = full_collections()
    await sweeper.look()
    assert full_collections() == before  # it has only just begun
    clocks.now += 1.0
    await sweeper.look()
    assert full_collections() == before + 1
    clocks.now += 1.0
    await sweeper.look()
    assert full_collections() == before + 1  # nothing new since
    assert kept


async def test_an_edit_puts_it_off_until_very_much_has_grown_old() -> None:
    clocks = Clocks()
    sweeper = clocks.sweeper()
    kept = grow_old(30_000)
    before = full_collections()
    clocks.now += 10.0
    sweeper.disturb("document", "actor")
    clocks.now += 0.3
    await sweeper.look()
    assert full_collections() == before
    kept += grow_old(400_000)
    await sweeper.look()
    assert full_collections() == before + 1


async def test_other_work_puts_it_off_too() -> None:
    clocks = Clocks()
    sweeper = clocks.sweeper()
    kept = grow_old(30_000)
    before = full_collections()
    clocks.now, clocks.busy = clocks.now + 1.0, clocks.busy + 0.4
    await sweeper.look()
    assert full_collections() == before
    clocks.now += 1.0
    await sweeper.look()
    assert full_collections() == before + 1
    assert kept
