"""Leaving in order: everyone is sent elsewhere, everything is on disk."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.domain.rooms.errors import ServerDraining
from app.domain.rooms.hub import drain as drain_module
from app.domain.rooms.hub.drain import drain
from tests.support.engine import Engine, running_engine
from tests.support.yclient import YClient


async def test_everyone_is_told_when_to_come_back_and_all_is_on_disk(data_dir: Any) -> None:
    async with running_engine(data_dir) as engine:
        rooms = [await engine.document(f"{at} ") for at in range(3)]
        clients = []
        for at, room in enumerate(rooms * 3):
            engine.person(f"p{at}")
            clients.append(YClient(engine.room_url(room), f"p{at}"))
            await clients[-1].open()
        for client in clients:
            await client.edit(0, "x")
        for client in clients:
            await client.durable()
        await drain(engine.rooms.hub)
        for client in clients:
            assert await client.closed() == 1012
            (told,) = client.drains
            assert 100 <= told["reconnect_in_ms"] < 500
        assert engine.rooms.hub.journal.backlog == 0
    async with running_engine(data_dir) as engine:
        for at, room in enumerate(rooms):
            assert (await engine.rooms.hub.read(room)).text == f"xxx{at} "


async def test_what_was_accepted_at_that_moment_is_written(data_dir: Any) -> None:
    async with running_engine(data_dir) as engine:
        engine.person("ann")
        room = await engine.document("")
        async with YClient(engine.room_url(room), "ann") as ann:
            engine.disk.cause = "the disk is full"
            await ann.edit(0, "just in time")
            await ann.until(lambda: ann.events)
            draining = asyncio.ensure_future(drain(engine.rooms.hub))
            assert await ann.closed() == 1012
            assert not draining.done()
            engine.disk.cause = None
            await draining
    async with running_engine(data_dir) as engine:
        assert (await engine.rooms.hub.read(room)).text == "just in time"


async def test_a_disk_that_never_returns_is_not_waited_for_for_ever(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain_module, "FLUSH_SECONDS", 0.05)
    room = await engine.document("")
    async with YClient(engine.room_url(room), "ann") as ann:
        engine.disk.cause = "the disk is full"
        await ann.edit(0, "x")
        await ann.until(lambda: ann.events)
        await drain(engine.rooms.hub)
        assert engine.rooms.hub.journal.backlog == 1
        assert ann.acknowledged < ann.sent


async def test_nobody_new_is_taken_in(engine: Engine) -> None:
    room = await engine.document("Hello")
    await drain(engine.rooms.hub)
    client = YClient(engine.room_url(room), "ann")
    await client.open(wait=False)
    assert await client.closed() == 1012
    with pytest.raises(ServerDraining):
        await engine.rooms.hub.read(room)


async def test_many_people_come_back_spread_out(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain_module, "PER_SECOND", 2)
    room = await engine.document("")
    clients = []
    for at in range(12):
        engine.person(f"p{at}")
        clients.append(YClient(engine.room_url(room), f"p{at}"))
        await clients[-1].open()
    await drain(engine.rooms.hub)
    for client in clients:
        await client.closed()
    waits = sorted(client.drains[0]["reconnect_in_ms"] for client in clients)
    assert waits[-1] > 500
    assert waits[-1] < 6000
