"""What the engine does on the clock: compaction, closing, checkpoints, comparing texts."""

from __future__ import annotations

import asyncio
import random
from typing import Any
from uuid import UUID

import pytest

from app.domain.rooms import limits
from app.domain.rooms.hub import caretaker as caretaker_module
from app.domain.rooms.journal.compaction import compact
from tests.support.engine import Engine, running_engine, stored
from tests.support.waiting import until
from tests.support.yclient import YClient


@pytest.fixture(autouse=True)
def compactions_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compactions in this process: starting the helper takes longer than all these tests."""

    async def run(self: Any, call: Any, *arguments: Any) -> Any:
        await asyncio.sleep(0)
        return call(*arguments)

    monkeypatch.setattr("app.kit.helper.Helper.run", run)


def rows(engine: Engine) -> int:
    ((count,),) = stored(engine.data_dir, "SELECT count(*) FROM room_journal")
    return int(count)


class TestCompaction:
    async def test_at_random_moments_a_reload_gives_the_live_text(
        self, data_dir: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dice = random.Random(5)
        async with running_engine(data_dir) as engine:
            for name in ("ann", "bob"):
                engine.person(name)
            room = await engine.document("Hello")
            ann, bob = (YClient(engine.room_url(room), name) for name in ("ann", "bob"))
            await asyncio.gather(ann.open(), bob.open())
            open_ = engine.rooms.hub.rooms[room]
            for _ in range(150):
                client = dice.choice((ann, bob))
                text = client.content
                at = dice.randrange(len(text) + 1)
                gone = text[at : at + dice.randrange(3)]
                start = len(text[:at].encode())
                await client.edit(
                    start, dice.choice(["x", "語", "👋", ""]), delete=len(gone.encode())
                )
                if dice.random() < 0.1:
                    await client.durable()
                    await engine.rooms.caretaker.compact(open_)
                if dice.random() < 0.05:
                    client.drop()
                    await client.closed()
                    await client.open()
            for client in (ann, bob):
                await client.barrier()
                await client.durable()
            await ann.until(lambda: ann.content == bob.content)
            before = await engine.rooms.hub.read(room)
            await asyncio.gather(ann.close(), bob.close())
            assert rows(engine) < before.seq
        async with running_engine(data_dir) as engine:
            after = await engine.rooms.hub.read(room)
        assert after.text == before.text == ann.content
        assert (after.seq, after.contributors) == (before.seq, before.contributors)

    async def test_a_large_journal_is_folded_by_itself(
        self, engine: Engine, room: UUID, ann: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "COMPACT_ROWS", 10)
        for _ in range(12):
            await ann.edit(0, "x")
            await ann.durable()
        await engine.rooms.caretaker.keep_up()
        await until(lambda: rows(engine) == 0)
        await until(lambda: engine.rooms.hub.rooms[room].journal_rows == 0)
        await ann.edit(0, "y")
        await ann.durable()
        assert engine.rooms.hub.rooms[room].journal_rows == 1

    async def test_edits_during_it_stay_in_the_journal(
        self, engine: Engine, room: UUID, ann: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        is_folding, may_go_on = asyncio.Event(), asyncio.Event()

        async def slow(self: Any, call: Any, *arguments: Any) -> Any:
            is_folding.set()
            await may_go_on.wait()
            return call(*arguments)

        monkeypatch.setattr("app.kit.helper.Helper.run", slow)
        await ann.edit(0, "one ")
        await ann.durable()
        open_ = engine.rooms.hub.rooms[room]
        folding = asyncio.ensure_future(engine.rooms.caretaker.compact(open_))
        await is_folding.wait()
        await ann.edit(0, "two ")
        await ann.durable()
        may_go_on.set()
        await folding
        assert rows(engine) == 1
        loaded = await engine.rooms.hub.log.load(room)
        assert (loaded.document.text, loaded.seq) == ("two one Hello", 2)

    async def test_edits_before_the_log_is_read_stay_there_too(
        self, engine: Engine, room: UUID, ann: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log = engine.rooms.hub.log
        read, is_reading, may_go_on = log._read, asyncio.Event(), asyncio.Event()

        async def slow(document_id: UUID) -> Any:
            is_reading.set()
            await may_go_on.wait()
            return await read(document_id)

        await ann.edit(0, "one ")
        await ann.durable()
        monkeypatch.setattr(log, "_read", slow)
        open_ = engine.rooms.hub.rooms[room]
        first = open_.room.document
        folding = asyncio.ensure_future(engine.rooms.caretaker.compact(open_))
        await is_reading.wait()
        await ann.edit(0, "two ")
        await ann.durable()
        may_go_on.set()
        await folding
        assert rows(engine) == 1
        assert open_.room.document is first  # and nobody took that for damage

    async def test_nothing_is_folded_while_something_is_on_its_way(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        engine.disk.cause = "the disk is full"
        await ann.edit(0, "x")
        await ann.until(lambda: ann.events)
        before = engine.rooms.hub.rooms[room].snapshot_seq
        await engine.rooms.caretaker.compact(engine.rooms.hub.rooms[room])
        assert engine.rooms.hub.rooms[room].snapshot_seq == before
        engine.disk.cause = None
        await ann.durable()

    async def test_memory_that_differs_from_the_log_is_given_up(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        await ann.edit(0, "x")
        await ann.durable()
        live = engine.rooms.hub.rooms[room].room
        first = live.document
        first._text.insert(0, "ghost ")
        await engine.rooms.caretaker.compact(engine.rooms.hub.rooms[room])
        await until(lambda: live.document is not first)
        assert live.document.text == ann.content == "xHello"

    async def test_a_helper_that_dies_costs_nothing_but_time(
        self, engine: Engine, room: UUID, ann: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def dies(self: Any, call: Any, *arguments: Any) -> Any:
            raise OSError("the helper died")

        await ann.edit(0, "x")
        await ann.durable()
        open_ = engine.rooms.hub.rooms[room]
        monkeypatch.setattr("app.kit.helper.Helper.run", dies)
        with pytest.raises(OSError, match="died"):
            await engine.rooms.caretaker.compact(open_)
        assert rows(engine) == 1
        assert not open_.is_compacting
        await ann.edit(0, "y")
        await ann.durable()

    def test_an_empty_history_folds_to_nothing(self) -> None:
        folded = compact(b"\x00\x00", [])
        assert (folded.text, folded.state) == ("", b"\x00\x00")


class TestClosing:
    async def test_an_idle_room_is_let_go_of_after_its_grace(
        self, engine: Engine, room: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with YClient(engine.room_url(room), "ann") as ann:
            await ann.edit(0, "x")
            await ann.durable()
            await engine.rooms.caretaker.keep_up()
            assert room in engine.rooms.hub.rooms
        await until(lambda: engine.rooms.hub.rooms[room].is_idle)
        await engine.rooms.caretaker.keep_up()
        assert room in engine.rooms.hub.rooms  # someone may come right back
        monkeypatch.setattr(limits, "GRACE_SECONDS", 0.0)
        await asyncio.sleep(0.001)
        await engine.rooms.caretaker.keep_up()
        await until(lambda: room not in engine.rooms.hub.rooms)
        assert rows(engine) == 0
        assert (await engine.rooms.hub.read(room)).text == "xHello"

    async def test_many_idle_rooms_are_closed_when_memory_is_short(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rooms = [await engine.document(f"number {at}") for at in range(6)]
        for room in rooms:
            await engine.rooms.hub.read(room)
        async with YClient(engine.room_url(rooms[0]), "ann") as ann:
            monkeypatch.setattr(limits, "OPEN_BYTES", 300 * 1024)
            await engine.rooms.caretaker.keep_up()
            await until(lambda: len(engine.rooms.hub.rooms) <= 3)
            assert rooms[0] in engine.rooms.hub.rooms  # someone is in there
            await ann.edit(0, "x")
            await ann.durable()

    async def test_a_room_that_is_being_repaired_is_not_let_go_of(
        self, engine: Engine, room: UUID
    ) -> None:
        await engine.rooms.hub.read(room)
        open_ = engine.rooms.hub.rooms[room]
        engine.rooms.hub.repair.reload(open_)
        await engine.rooms.caretaker.close(open_)
        assert engine.rooms.hub.rooms.get(room) is open_
        await until(lambda: not open_.is_reloading)


class TestTelling:
    async def test_the_last_to_leave_and_a_pause_are_told_once(
        self, engine: Engine, room: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told: list[str] = []

        async def left(document_id: UUID) -> None:
            told.append("left")

        async def idle(document_id: UUID) -> None:
            told.append("idle")

        engine.rooms.hub.on_left.append(left)
        engine.rooms.hub.on_idle.append(idle)
        async with YClient(engine.room_url(room), "ann") as ann:
            await ann.edit(0, "x")
            await ann.durable()
            await engine.rooms.caretaker.keep_up()
            assert told == []
            monkeypatch.setattr(caretaker_module, "IDLE_SECONDS", 0.0)
            for _ in range(3):
                await engine.rooms.caretaker.keep_up()
            await until(lambda: told)
            monkeypatch.undo()
            await ann.edit(0, "y")
            await ann.durable()
        await until(lambda: len(told) == 2)
        async with YClient(engine.room_url(room), "ann"):
            pass  # looked and changed nothing
        await until(lambda: engine.rooms.hub.rooms[room].is_idle)
        assert told == ["idle", "left"]

    async def test_texts_are_compared_once_per_state(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        await ann.edit(0, "x")
        await ann.durable()
        for _ in range(3):
            await engine.rooms.caretaker.compare_texts()
        await ann.barrier()
        await ann.durable()
        assert len(ann.hashes) == 1
