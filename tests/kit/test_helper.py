"""The helper process: does the work, and its death is told and survived."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from app.kit.helper import Helper, HelperFailed

pytestmark = pytest.mark.anyio


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse() -> None:
    raise ValueError("planted")


@pytest.fixture
def helper() -> Iterator[Helper]:
    helper = Helper()
    yield helper
    helper.close()


async def test_it_works_elsewhere_and_stays(helper: Helper) -> None:
    first = await helper.run(os.getpid)
    assert first != os.getpid()
    assert await helper.run(os.getpid) == first
    assert await helper.run(sum, [1, 2, 3]) == 6


async def test_what_a_call_raises_comes_back(helper: Helper) -> None:
    with pytest.raises(ValueError, match="planted"):
        await helper.run(refuse)


async def test_a_death_is_told_and_the_next_call_gets_a_new_one(helper: Helper) -> None:
    first = await helper.run(os.getpid)
    with pytest.raises(HelperFailed):
        await helper.run(die)
    second = await helper.run(os.getpid)
    assert second not in (first, os.getpid())


async def test_when_it_has_finished_the_process_is_gone() -> None:
    helper = Helper()
    process = await helper.run(os.getpid)
    await helper.finish()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
