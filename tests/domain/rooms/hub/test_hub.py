"""The worker's rooms: opened once, read and rewritten, kept while they are dirty."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete

from app.domain.rooms import limits
from app.domain.rooms.errors import RoomNotFound, StorageFailed, TextTooLarge, UpdateRefused
from app.domain.rooms.hub import hub as hub_module
from app.domain.rooms.journal.journal import NOBODY, Entry, Group
from app.domain.rooms.models import Document
from app.domain.rooms.room.document import LibraryFailed, LiveDocument
from app.domain.rooms.room.room import Room
from app.domain.rooms.wire import protocol
from app.kit.clock import utc_now
from app.kit.ids import new_id
from tests.domain.rooms.guard import yjs
from tests.support.databases import is_on_postgres
from tests.support.engine import Engine, running_engine
from tests.support.waiting import until
from tests.support.yclient import YClient


class TestReading:
    async def test_text_state_and_who_wrote_it(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        before = await engine.rooms.hub.read(room)
        assert (before.text, before.contributors) == ("Hello", {"user:author": 5})
        await ann.edit(5, " 👋")
        await ann.durable()
        after = await engine.rooms.hub.read(room, since=before.state_vector)
        actor = engine.doorkeeper.people["ann"].actor
        assert (after.text, after.contributors) == ("Hello 👋", {actor: 3})
        assert after.seq == before.seq + 1

    async def test_only_what_is_on_disk_is_read(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        engine.disk.cause = "the disk is full"
        await ann.edit(0, "x")
        await ann.until(lambda: ann.events)
        assert (await engine.rooms.hub.read(room)).text == "Hello"
        engine.disk.cause = None
        await ann.durable()
        assert (await engine.rooms.hub.read(room)).text == "xHello"

    async def test_what_is_not_there_is_not_found(self, engine: Engine) -> None:
        with pytest.raises(RoomNotFound):
            await engine.rooms.hub.read(new_id())


class TestRewriting:
    async def test_everyone_sees_the_edit_and_keeps_writing(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        await ann.edit(5, " world")
        await ann.durable()
        reading = await engine.rooms.hub.rewrite(room, "Hello brave 語 world", "key:rest")
        assert reading.contributors == {"key:rest": 8}
        await ann.until(lambda: ann.content == "Hello brave 語 world")
        await ann.edit(0, "> ")
        await ann.durable()
        assert (await engine.rooms.hub.read(room)).text == "> Hello brave 語 world"

    async def test_a_planned_edit_is_made_of_the_text_at_that_moment(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        """Only what the plan says goes, whatever arrived while the edit was on its way."""
        await ann.edit(5, " typed")
        await ann.durable()
        reading = await engine.rooms.hub.revise(
            room, lambda text: [(0, 0, "> "), (1, 5, ""), (len(text), len(text), "!")], "key:rest"
        )
        assert (reading.text, reading.contributors) == ("> H typed!", {"key:rest": 3})

        def refuses(text: str) -> Any:
            raise UpdateRefused(text)

        with pytest.raises(UpdateRefused, match="> H typed!"):
            await engine.rooms.hub.revise(room, refuses, "key:rest")
        await ann.until(lambda: ann.content == "> H typed!")

    async def test_too_much_text_is_refused(
        self, engine: Engine, room: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "TEXT_UNITS", 10)
        with pytest.raises(TextTooLarge):
            await engine.rooms.hub.rewrite(room, "👋" * 6, "key:rest")

    async def test_a_failing_disk_is_said_and_the_edit_is_written_later(
        self, engine: Engine, room: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "READ_ONLY_AFTER", 0.1)
        engine.disk.cause = "the disk is full"
        with pytest.raises(StorageFailed, match="the disk is full"):
            await engine.rooms.hub.rewrite(room, "Hello world", "key:rest")
        with pytest.raises(StorageFailed, match="the disk is full"):
            await engine.rooms.hub.rewrite(room, "Hello again", "key:rest")
        engine.disk.cause = None
        await until(lambda: engine.rooms.hub.journal.state.ok)
        assert (await engine.rooms.hub.read(room)).text == "Hello world"

    async def test_it_waits_while_the_document_is_loaded_again(
        self, engine: Engine, room: UUID, ann: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Written into the half-changed document it would take a number that is given twice."""
        live = engine.rooms.hub.rooms[room]
        load, may_go_on = engine.rooms.hub.log.load, asyncio.Event()

        async def slow(document_id: UUID) -> Any:
            loaded = await load(document_id)
            await may_go_on.wait()
            return loaded

        monkeypatch.setattr(engine.rooms.hub.log, "load", slow)
        engine.rooms.hub.repair.reload(live)
        writing = asyncio.ensure_future(engine.rooms.hub.rewrite(room, "Hello world", "key:rest"))
        await ann.edit(0, "x")
        done, _ = await asyncio.wait([writing], timeout=0.05)
        assert not done
        may_go_on.set()
        await writing
        await ann.durable()
        await ann.until(lambda: ann.content == "Hello world")
        assert [seq for seq, _ in engine.disk.rows] == [1, 2]

    async def test_a_failing_library_leaves_the_room_as_it_was(
        self, engine: Engine, room: UUID, ann: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def planted(document: LiveDocument, text: str, actor: str, writers: object) -> None:
            document._text.insert(0, "half ")
            raise LibraryFailed("PanicException: planted")

        monkeypatch.setattr(LiveDocument, "rewrite_for", planted)
        with pytest.raises(Exception, match="Try again"):
            await engine.rooms.hub.rewrite(room, "other", "key:rest")
        monkeypatch.undo()
        await ann.edit(5, "!")
        await ann.durable()
        assert (await engine.rooms.hub.read(room)).text == "Hello!"


class TestOpening:
    async def test_a_room_is_loaded_once_however_many_ask(
        self, engine: Engine, room: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loads = []
        load = engine.rooms.hub.log.load

        async def counted(document_id: UUID) -> Any:
            loads.append(document_id)
            return await load(document_id)

        monkeypatch.setattr(engine.rooms.hub.log, "load", counted)
        opened = await asyncio.gather(*(engine.rooms.hub.open(room) for _ in range(50)))
        assert len(loads) == 1
        assert len({id(open_) for open_ in opened}) == 1

    async def test_a_room_let_go_of_while_it_was_handed_over_is_opened_again(
        self, engine: Engine, room: UUID
    ) -> None:
        """Two rooms of one document would give the same numbers to different edits."""
        hub = engine.rooms.hub
        opening = asyncio.ensure_future(hub.open(room))
        loading = await until(lambda: hub._loading.get(room))
        loading.add_done_callback(lambda _: hub.forget(room))
        opened = await opening
        assert hub.rooms[room] is opened

    async def test_one_impatient_caller_does_not_stop_the_load(
        self, engine: Engine, room: UUID
    ) -> None:
        impatient = asyncio.ensure_future(engine.rooms.hub.open(room))
        patient = asyncio.ensure_future(engine.rooms.hub.open(room))
        await asyncio.sleep(0)
        impatient.cancel()
        assert (await patient).room.id == room

    async def test_who_comes_in_while_it_closes_stays(
        self, engine: Engine, room: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with YClient(engine.room_url(room), "ann") as ann:
            await ann.edit(0, "x")
            await ann.durable()
        open_ = engine.rooms.hub.rooms[room]
        await until(lambda: open_.is_idle)
        closing = asyncio.ensure_future(engine.rooms.caretaker.close(open_))
        async with YClient(engine.room_url(room), "bob") as bob:
            await closing
            await bob.edit(0, "y")
            await bob.durable()
            assert engine.rooms.hub.rooms[room].room.document.text == bob.content == "yxHello"


class TestDocumentsThatGo:
    async def test_their_rooms_close_and_nobody_waits_for_ever(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        async with engine.database.transaction() as tx:
            await tx.execute(delete(Document).where(Document.id == room))
        with pytest.raises(RoomNotFound):
            await engine.rooms.hub.rewrite(room, "too late", "key:rest")
        assert await ann.closed() == 4404
        assert room not in engine.rooms.hub.rooms
        assert engine.rooms.hub._arrivals == {}

    async def test_other_rooms_in_the_same_commit_are_written(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        other = await engine.document("other")
        async with YClient(engine.room_url(other), "bob") as bob:
            async with engine.database.transaction() as tx:
                await tx.execute(delete(Document).where(Document.id == room))
            await ann.edit(0, "x")
            await bob.edit(0, "y")
            await bob.durable()
            assert await ann.closed() == 4404


async def test_a_second_writer_on_the_same_log_loses_nobodys_edit(
    engine: Engine, room: UUID, ann: YClient
) -> None:
    """Should another process ever take a number, its edit stays and ours is offered again."""
    intruder = yjs.update(yjs.section(77, 0, yjs.string("intruder ")))
    future: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
    entry = Entry(room, 1, "user:other", intruder, utc_now())
    epoch = engine.rooms.hub.rooms[room].room.epoch
    done = lambda error, behind=NOBODY: future.set_result(error)  # noqa: E731
    engine.disk.append([Group(room, epoch, 0, [entry])], done)
    assert await future is None
    await ann.edit(0, "x")
    if not is_on_postgres():  # where several write, and the room follows
        assert await ann.closed() == 1011
        assert ann.acknowledged < ann.sent
        await ann.open()
        await ann.barrier()
    await ann.durable()
    text = (await engine.rooms.hub.read(room)).text
    assert ann.content == text
    assert sorted([text.count("intruder "), text.count("x")]) == [1, 1]


class TestOneRoomsFailure:
    async def test_the_others_are_told_what_is_on_disk(
        self, engine: Engine, room: UUID, ann: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = await engine.document("other")
        committed = Room.committed

        def planted(self: Room, seq: int) -> None:
            if self.id == room:
                raise RuntimeError("planted")
            committed(self, seq)

        async with YClient(engine.room_url(other), "bob") as bob:
            monkeypatch.setattr(Room, "committed", planted)
            await asyncio.gather(ann.edit(0, "x"), bob.edit(0, "y"))
            await bob.durable()
            assert await ann.closed() == 1011
            monkeypatch.undo()
            await ann.open()
            await ann.barrier()
            await ann.durable()
            assert (await engine.rooms.hub.read(room)).text == ann.content == "xHello"

    async def test_a_failing_listener_is_nobodys_problem(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        told = []

        def fails(document_id: UUID, actor: str) -> None:
            raise RuntimeError("planted")

        engine.rooms.hub.on_changed += [fails, lambda document_id, actor: told.append(actor)]
        await ann.edit(0, "x")
        await ann.durable()
        assert told == [engine.doorkeeper.people["ann"].actor]


class TestStorageFails:
    async def test_no_echo_an_event_then_everything_arrives(
        self,
        engine: Engine,
        room: UUID,
        ann: YClient,
        bob: YClient,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(limits, "READ_ONLY_AFTER", 0.3)
        engine.disk.cause = "the disk is full"
        await ann.edit(5, " accepted")
        for client in (ann, bob):
            await client.until(lambda c=client: c.events)
            assert client.events[0]["data"] == {
                "ok": False,
                "cause": "the disk is full",
                "read_only": False,
            }
        before = ann.acknowledged
        await until(lambda: engine.rooms.hub.read_only_cause)
        await engine.rooms.caretaker.keep_up()
        await bob.until(lambda: bob.events[-1]["data"]["read_only"])
        await bob.edit(5, " refused")
        await bob.until(lambda: bob.nacks)
        assert bob.nacks[0]["reason"] == "storage"
        assert ann.acknowledged == before
        assert bob.content == "Hello refused"  # nothing is shown that is not on disk
        assert room in engine.rooms.hub.rooms
        engine.disk.cause = None
        await ann.durable()
        await bob.until(lambda: bob.events[-1]["data"]["ok"])
        await bob.barrier()
        await bob.durable()
        await ann.until(lambda: ann.content == bob.content)
        assert sorted(ann.content.split()) == ["Hello", "accepted", "refused"]

    async def test_newcomers_get_what_is_on_disk_and_then_the_rest(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        engine.disk.cause = "the disk is full"
        await ann.edit(5, " later")
        await ann.until(lambda: ann.events)
        async with YClient(engine.room_url(room), "bob") as bob:
            assert bob.content == "Hello"
            assert bob.hello is not None
            assert bob.hello["storage"]["ok"] is False
            engine.disk.cause = None
            await bob.until(lambda: bob.content == "Hello later")

    async def test_a_newcomer_misses_nothing_when_it_returns_meanwhile(
        self, engine: Engine, room: UUID, ann: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Read from the log before the write that was waiting, served after it."""
        load, has_read = engine.rooms.hub.log.load, asyncio.Event()
        may_go_on = asyncio.Event()

        async def slow(document_id: UUID) -> Any:
            loaded = await load(document_id)
            has_read.set()
            await may_go_on.wait()
            return loaded

        engine.disk.cause = "the disk is full"
        await ann.edit(5, " later")
        await ann.until(lambda: ann.events)
        monkeypatch.setattr(engine.rooms.hub.log, "load", slow)
        bob = YClient(engine.room_url(room), "bob")
        await bob.open(wait=False)
        await has_read.wait()
        engine.disk.cause = None
        await ann.durable()
        may_go_on.set()
        await bob.until(lambda: bob.content == "Hello later")
        await bob.close()

    async def test_the_last_leave_unloads_nothing_that_is_not_written(
        self, engine: Engine, room: UUID, ann: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "GRACE_SECONDS", 0.0)
        engine.disk.cause = "the disk is full"
        await ann.edit(0, "x")
        await ann.until(lambda: ann.events)
        ann.drop()
        open_ = engine.rooms.hub.rooms[room]
        await until(lambda: open_.is_idle)
        for _ in range(3):
            await engine.rooms.caretaker.keep_up()
            await engine.rooms.caretaker.close(open_)
        assert engine.rooms.hub.rooms[room] is open_
        engine.disk.cause = None
        await until(lambda: open_.room.is_clean)
        await engine.rooms.caretaker.close(open_)
        assert room not in engine.rooms.hub.rooms
        assert (await engine.rooms.hub.read(room)).text == "xHello"

    async def test_poison_meanwhile_gives_no_number_twice(
        self, engine: Engine, room: UUID, ann: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The room is frozen until the log has what it accepted; then it goes on from there."""
        apply = LiveDocument.apply

        def planted(document: LiveDocument, update: bytes) -> None:
            if b"POISON" in update:
                raise LibraryFailed("PanicException: planted")
            apply(document, update)

        monkeypatch.setattr(LiveDocument, "apply", planted)
        engine.disk.cause = "the disk is full"
        await ann.edit(5, " kept")
        await ann.until(lambda: ann.events)
        async with YClient(engine.room_url(room), "eve") as eve:
            await eve.edit(0, "POISON")
            assert await eve.closed() == 4422
        open_ = engine.rooms.hub.rooms[room]
        assert open_.room.is_frozen
        await ann.edit(0, "more ")
        engine.disk.cause = None
        await ann.durable()
        assert engine.rooms.hub.rooms[room] is open_
        assert [seq for seq, _ in engine.disk.rows] == [1, 2]
        assert (await engine.rooms.hub.read(room)).text == "more Hello kept"


async def test_a_clock_that_steps_back_changes_no_order(
    data_dir: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(range(1000))

    def backwards() -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) - timedelta(hours=next(times))

    async with running_engine(data_dir) as engine:
        engine.person("ann")
        room = await engine.document("")
        monkeypatch.setattr(hub_module, "utc_now", backwards)
        async with YClient(engine.room_url(room), "ann") as ann:
            for digit in "123456789":
                await ann.edit(len(ann.content), digit)
                await ann.durable()
        stamps = [entry.received_at for _, entry in engine.disk.rows]
        assert stamps == sorted(stamps, reverse=True)
    async with running_engine(data_dir) as engine:
        assert (await engine.rooms.hub.read(room)).text == "123456789"


async def test_who_is_where_each_person_once(engine: Engine, room: UUID, ann: YClient) -> None:
    elsewhere = await engine.document()
    async with YClient(engine.room_url(room), "ann"), YClient(engine.room_url(room), "bob"):
        people = engine.rooms.hub.people([room, elsewhere])
    assert sorted(person.name for person in people[room]) == ["ann", "bob"]
    assert elsewhere not in people


async def test_everything_is_the_same_after_a_restart(data_dir: Any) -> None:
    async with running_engine(data_dir) as engine:
        engine.person("ann")
        room = await engine.document("👋 ")
        async with YClient(engine.room_url(room), "ann") as ann:
            for word in ("语言", "e\u0301", "🏳️‍🌈", "x" * 2000):
                await ann.edit(0, word)
            await ann.edit(0, delete=3)
            await ann.durable()
        before = await engine.rooms.hub.read(room)
    async with running_engine(data_dir) as engine:
        after = await engine.rooms.hub.read(room)
    assert (after.text, after.seq, after.epoch) == (before.text, before.seq, before.epoch)
    assert after.contributors == before.contributors
    assert protocol.sync_update(after.state) == protocol.sync_update(before.state)
