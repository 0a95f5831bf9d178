"""Poison, damage and doubt: rooms that are loaded from the log again."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.domain.rooms import limits
from app.domain.rooms.hub import repair as repair_module
from app.domain.rooms.models import Quarantined
from app.domain.rooms.room.document import LibraryFailed, LiveDocument
from app.domain.rooms.wire import protocol
from tests.support.engine import Engine, running_engine, stored
from tests.support.waiting import until
from tests.support.yclient import YClient


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The library fails on what holds POISON after half the work; gives what it was fed."""
    fed: list[bytes] = []
    apply = LiveDocument.apply

    def planted(document: LiveDocument, update: bytes) -> None:
        if b"POISON" in update:
            fed.append(update)
            apply(document, update)
            raise LibraryFailed("PanicException: planted")
        apply(document, update)

    monkeypatch.setattr(LiveDocument, "apply", planted)
    return fed


async def quarantine(engine: Engine) -> list[Quarantined]:
    async with engine.database.transaction(write=False) as tx:
        return list((await tx.execute(select(Quarantined))).scalars())


class TestPoison:
    async def test_one_goes_the_others_go_on_equal(
        self, engine: Engine, room: UUID, ann: YClient, bob: YClient, poison: list[bytes]
    ) -> None:
        async with YClient(engine.room_url(room), "eve") as eve:
            await ann.edit(5, " one")
            await eve.edit(0, "POISON")
            await bob.edit(0, "two ")
            assert await eve.closed() == 4422
        for client in (ann, bob):
            await client.barrier()
            await client.durable()
        await ann.until(lambda: ann.content == bob.content)
        assert ann.content == "two Hello one"
        assert ann.content == (await engine.rooms.hub.read(room)).text
        assert engine.rooms.hub.rooms[room].room.is_clean
        (kept,) = await quarantine(engine)
        assert b"POISON" in kept.update
        assert kept.actor == engine.doorkeeper.people["eve"].actor
        assert "PanicException" in kept.reason

    async def test_it_is_refused_again_without_meeting_the_library(
        self, engine: Engine, room: UUID, ann: YClient, poison: list[bytes]
    ) -> None:
        eve = YClient(engine.room_url(room), "eve")
        await eve.open()
        await eve.edit(0, "POISON")
        assert await eve.closed() == 4422
        for _ in range(3):
            eve.type(0, "more ")  # other bytes, the same blocks among them
            await eve.open(wait=False)
            assert await eve.closed() == 4422
        assert len(poison) == 1
        assert len(await quarantine(engine)) == 1
        await ann.edit(0, "x")
        await ann.durable()

    async def test_it_is_still_known_after_a_restart(self, data_dir: Any, poison: Any) -> None:
        async with running_engine(data_dir) as engine:
            engine.person("eve")
            room = await engine.document("Hello")
            eve = YClient(engine.room_url(room), "eve")
            await eve.open()
            await eve.edit(0, "POISON")
            assert await eve.closed() == 4422
            await until(lambda: not engine.rooms.hub.rooms[room].is_reloading)
            actor = engine.doorkeeper.people["eve"]
        async with running_engine(data_dir) as engine:
            engine.doorkeeper.people["eve"] = actor
            eve.url = engine.room_url(room)
            await eve.open(wait=False)
            assert await eve.closed() == 4422
        assert len(poison) == 1

    async def test_a_quarantine_that_cannot_be_written_is_tried_again(
        self,
        engine: Engine,
        room: UUID,
        ann: YClient,
        poison: list[bytes],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(repair_module, "_RETRY_SECONDS", 0.01)
        put, tries = engine.rooms.hub.log.quarantine, []

        async def planted(*arguments: Any) -> None:
            tries.append(arguments)
            if len(tries) < 3:
                raise OSError("the disk is full")
            await put(*arguments)

        monkeypatch.setattr(engine.rooms.hub.log, "quarantine", planted)
        async with YClient(engine.room_url(room), "eve") as eve:
            await eve.edit(0, "POISON")
            assert await eve.closed() == 4422
        await ann.edit(0, "x")
        await ann.durable()
        assert len(tries) == 3
        assert len(await quarantine(engine)) == 1

    async def test_what_comes_meanwhile_waits_within_bounds(
        self,
        engine: Engine,
        room: UUID,
        ann: YClient,
        bob: YClient,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(limits, "HELD_MESSAGES", 20)
        load, may_go_on = engine.rooms.hub.log.load, asyncio.Event()

        async def slow(document_id: UUID) -> Any:
            await may_go_on.wait()
            return await load(document_id)

        monkeypatch.setattr(engine.rooms.hub.log, "load", slow)
        open_ = engine.rooms.hub.rooms[room]
        engine.rooms.hub.repair.reload(open_)
        for _ in range(100):
            ann.type(0, "y")
        for update in ann.take_outgoing():
            await ann.send_raw(protocol.sync_update(update))
        actor = engine.doorkeeper.people["ann"].actor
        (member,) = (member for member in open_.room.members if member.actor == actor)
        outlet: Any = member.outlet
        await until(lambda: outlet.read_paused)
        may_go_on.set()
        await ann.barrier()
        await ann.durable()
        await bob.until(lambda: bob.content == "y" * 100 + "Hello")


class TestDamage:
    async def flip(self, engine: Engine, table: str, column: str) -> None:
        ((blob,),) = stored(engine.data_dir, f"SELECT {column} FROM {table}")
        damaged = blob[:-2] + bytes((blob[-2] ^ 1,)) + blob[-1:]
        stored(engine.data_dir, f"UPDATE {table} SET {column} = ?", damaged)

    @pytest.mark.parametrize(
        ("table", "column"), [("room_journal", '"update"'), ("room_snapshots", "state")]
    )
    async def test_a_flipped_bit_is_never_served(
        self, engine: Engine, room: UUID, table: str, column: str
    ) -> None:
        async with YClient(engine.room_url(room), "ann") as ann:
            await ann.edit(0, "x")
            await ann.durable()
        await until(lambda: engine.rooms.hub.rooms[room].is_idle)
        engine.rooms.hub.forget(room)
        await self.flip(engine, table, column)
        bob = YClient(engine.room_url(room), "bob")
        await bob.open(wait=False)
        assert await bob.closed() in (1011, 1012)
        assert bob.content == ""
        other = await engine.document("fine")
        async with YClient(engine.room_url(other), "bob") as elsewhere:
            assert elsewhere.content == "fine"

    async def test_a_log_that_cannot_be_loaded_closes_the_room(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        await ann.edit(0, "x")
        await ann.durable()
        await self.flip(engine, "room_journal", '"update"')
        open_ = engine.rooms.hub.rooms[room]
        engine.rooms.hub.repair.reload(open_)
        reading = asyncio.ensure_future(engine.rooms.hub.read(room))
        assert await ann.closed() == 1011
        with pytest.raises(Exception, match="backup"):
            await reading  # whoever waited for the room learns it, too
        assert room not in engine.rooms.hub.rooms
