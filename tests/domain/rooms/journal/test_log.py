"""The stored history: loaded whole, or begun anew where a row of it had to go."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.domain.rooms.errors import RoomNotFound
from app.domain.rooms.journal.flight import InFlight
from app.domain.rooms.wire import protocol
from app.kit.ids import new_id
from tests.support.engine import Engine, running_engine, stored
from tests.support.yclient import YClient


async def three_words(engine: Engine) -> tuple[UUID, YClient]:
    """A document with one row per word, the second standing on the first."""
    engine.person("ann")
    room = await engine.document("")
    ann = YClient(engine.room_url(room), "ann")
    await ann.open()
    for word in ("one ", "two ", "three "):
        await ann.edit(len(ann.content), word)
        await ann.durable()
    await ann.close()
    return room, ann


class TestTornHistory:
    async def test_a_row_that_killed_the_process_goes_and_the_rest_opens(
        self, data_dir: Any
    ) -> None:
        """What stood on it goes with it; the others can be opened and written again."""
        async with running_engine(data_dir) as engine:
            room, ann = await three_words(engine)
            epoch = (await engine.rooms.hub.read(room)).epoch
            actor = engine.doorkeeper.people["ann"]
        ((update,),) = stored(data_dir, 'SELECT "update" FROM room_journal WHERE seq = 2')
        async with running_engine(data_dir) as engine:
            engine.doorkeeper.people["ann"] = actor
            crash = InFlight(room, actor.actor, 2, update)
            await engine.rooms.hub.log.quarantine_crash(crash)
            reading = await engine.rooms.hub.read(room)
            assert reading.text == "one "
            assert reading.epoch != epoch
            ann.url = engine.room_url(room)
            await ann.open(wait=False)
            await ann.send_json(protocol.CLIENT_HELLO, {"v": 1, "epoch": epoch})
            assert await ann.closed() in (4409, 4422)
            async with YClient(engine.room_url(room), "ann") as fresh:
                await fresh.edit(4, "more")
                await fresh.durable()
        assert stored(data_dir, "SELECT reason FROM room_quarantine") == [("crash",)]

    async def test_the_last_row_leaves_no_copy_behind_that_cannot_come_back(
        self, tmp_path: Path, either_url: str
    ) -> None:
        """And the next is written behind it, where a database counts by itself, too."""
        async with running_engine(tmp_path, either_url) as engine:
            room, _ = await three_words(engine)
            before = await engine.rooms.hub.read(room)
            log = engine.rooms.hub.log
            update = (await log.rows_after(room, 2)).rows[3][1]
        async with running_engine(tmp_path, either_url) as engine:
            log = engine.rooms.hub.log
            await log.quarantine_crash(InFlight(room, "user:ann", 3, update))
            loaded = await log.load(room)
            assert loaded.document.text == "one two "
            assert loaded.epoch != before.epoch
            engine.person("ann")
            async with YClient(engine.room_url(room), "ann") as ann:
                await ann.edit(0, "> ")
                await ann.durable()
        async with running_engine(tmp_path, either_url) as engine:
            assert (await engine.rooms.hub.read(room)).text == "> one two "

    async def test_a_row_that_is_missing_does_not_keep_a_room_shut(self, data_dir: Any) -> None:
        async with running_engine(data_dir) as engine:
            room, _ = await three_words(engine)
        stored(data_dir, "DELETE FROM room_journal WHERE seq = 2")
        async with running_engine(data_dir) as engine:
            engine.person("ann")
            assert (await engine.rooms.hub.read(room)).text == "one "
            assert stored(data_dir, "SELECT seq FROM room_journal") == []
            async with YClient(engine.room_url(room), "ann") as ann:
                await ann.edit(0, "> ")
                await ann.durable()
        async with running_engine(data_dir) as engine:
            assert (await engine.rooms.hub.read(room)).text == "> one "

    async def test_a_crash_over_an_edit_that_was_never_written_keeps_the_epoch(
        self, engine: Engine
    ) -> None:
        room, _ = await three_words(engine)
        before = await engine.rooms.hub.read(room)
        crash = InFlight(room, "user:eve", -1, b"\x00\x00")
        await engine.rooms.hub.log.quarantine_crash(crash)
        loaded = await engine.rooms.hub.log.load(room)
        assert (loaded.epoch, loaded.document.text) == (before.epoch, "one two three ")

    async def test_a_crash_in_a_document_that_is_gone_is_forgotten(self, engine: Engine) -> None:
        await engine.rooms.hub.log.quarantine_crash(InFlight(new_id(), "user:eve", -1, b"\x00\x00"))
        assert stored(engine.data_dir, "SELECT count(*) FROM room_quarantine") == [(0,)]


async def test_what_is_not_there_is_not_found(engine: Engine) -> None:
    with pytest.raises(RoomNotFound):
        await engine.rooms.hub.log.load(new_id())


async def test_the_recorder_names_each_row_while_it_is_loaded(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, _ = await three_words(engine)
    armed = []
    log = engine.rooms.hub.log
    monkeypatch.setattr(log._recorder, "arm", lambda *arguments: armed.append(arguments[3]))
    await log.load(room)
    assert armed == [1, 2, 3]
