"""Many imports at once: one workspace leaves room for others, and a slow body gives its place up."""

from __future__ import annotations

import asyncio

import pytest

from app.domain.exchange.errors import ImportsBusy
from app.domain.exchange.imports import running
from app.domain.exchange.imports.importing import BATCH_CHARACTERS, Importer
from app.domain.exchange.imports.running import BODIES, CALLERS
from tests.domain.exchange.imports.test_at_once import an_archive
from tests.domain.exchange.test_archive import reading
from tests.support.builders import a_key, a_workspace, as_member
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


async def test_one_workspace_keeps_no_other_out(app, client, database, monkeypatch):
    """Five hundred of one wait for its half of the places; whoever else comes is served."""
    monkeypatch.setattr(running, "TURN_SECONDS", 0.3)
    crowded = await a_workspace(database, "Crowded")
    caller = await as_member(database, crowded, crowded.owner)
    imports, inside, refused = app.state.imports, [], []
    over = asyncio.Event()

    async def one():
        try:
            async with imports.arriving(caller), imports.turn(caller):
                inside.append(1)
                await over.wait()
        except ImportsBusy:
            refused.append(1)

    tasks = [asyncio.create_task(one()) for _ in range(500)]
    await until(lambda: inside)
    key = await a_key(database, await a_workspace(database, "Other"))
    url = "/api/v1/import?file=a.prompt"

    answer = await client.post(url, content=b"Hello", headers=key.headers)

    assert answer.json()["created"] == 1
    await until(lambda: len(refused) == 500 - BODIES // 2)
    assert len(inside) == CALLERS // 2
    over.set()
    await asyncio.gather(*tasks)


async def test_a_body_that_does_not_come_gives_its_place_up(monkeypatch):
    monkeypatch.setattr(running, "READ_SECONDS", 0.05)
    monkeypatch.setattr(running, "SLOWEST", 10)

    async def body(*pauses):
        for pause in pauses:
            await asyncio.sleep(pause)
            yield b"some"  # for which it gets 0.4 seconds more

    assert [chunk async for chunk in running.at_pace(body(0, 0.2, 0.2))] == [b"some"] * 3
    with pytest.raises(ImportsBusy):
        async with asyncio.timeout(10):
            assert [chunk async for chunk in running.at_pace(body(0, 30))] == []


async def test_long_texts_are_written_a_few_at_a_time(database, monkeypatch):
    """A transaction on SQLite keeps all who write waiting."""
    place = await a_workspace(database)
    caller = await as_member(database, place, place.owner)
    monkeypatch.setattr(
        "app.domain.exchange.imports.importing.BATCH_CHARACTERS", 3 * len("Words 100")
    )
    told: list[int] = []

    await Importer(database, caller, None).archive(reading(an_archive(8)), "skip", done=told.append)

    assert told == [3, 6, 8]
    assert BATCH_CHARACTERS >= 100_000, "short ones still go by fifties"
