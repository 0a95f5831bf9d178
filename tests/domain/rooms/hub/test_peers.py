"""Two workers on one PostgreSQL and one Redis: one log, one text, everybody seen by everybody."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import delete, func, select

from app.domain.rooms.events import PEOPLE_NEWS_TOPIC, People
from app.domain.rooms.hub import peers as peers_module
from app.domain.rooms.hub.peers import Peers
from app.domain.rooms.models import Document, JournalEntry
from app.domain.rooms.wire import protocol
from app.kit.bus_redis import RedisBus
from tests.domain.rooms.guard import yjs
from tests.support.engine import Engine, running_engine
from tests.support.services import PostgresServer, RedisServer
from tests.support.waiting import until
from tests.support.yclient import YClient, same


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@dataclass
class Pair:
    """Two workers of one installation."""

    a: Engine
    b: Engine
    room: UUID

    def both(self) -> tuple[Engine, Engine]:
        return self.a, self.b

    async def texts(self) -> set[str]:
        """What each worker and the log say the document holds."""
        texts = {(await engine.rooms.hub.read(self.room)).text for engine in self.both()}
        loaded = await self.a.rooms.hub.log.load(self.room)
        return texts | {loaded.document.text}

    async def rows(self) -> list[int]:
        async with self.a.database.transaction(write=False) as tx:
            rows = select(JournalEntry.seq).where(JournalEntry.document_id == self.room)
            return list((await tx.execute(rows.order_by(JournalEntry.seq))).scalars())


@pytest.fixture
async def pair(tmp_path: Path, postgres: PostgresServer, redis: RedisServer) -> AsyncIterator[Pair]:
    url = postgres.database_url(postgres.create_database())
    async with AsyncExitStack() as stack:
        engines = [
            await stack.enter_async_context(
                running_engine(tmp_path / name, url, RedisBus(redis.url))
            )
            for name in "ab"
        ]
        a, b = engines
        b.doorkeeper.people = a.doorkeeper.people
        for name in ("ann", "bob", "eve"):
            a.person(name)
        yield Pair(a, b, await a.document("Hello"))


@pytest.fixture
async def ann(pair: Pair) -> AsyncIterator[YClient]:
    """On the first worker."""
    async with YClient(pair.a.room_url(pair.room), "ann") as client:
        yield client


@pytest.fixture
async def bob(pair: Pair) -> AsyncIterator[YClient]:
    """On the second worker."""
    async with YClient(pair.b.room_url(pair.room), "bob") as client:
        yield client


def silence(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that this worker writes is told to others any more."""
    monkeypatch.setattr(engine.rooms.hub.peers, "_publish", lambda *_: None)


class TestRows:
    async def test_an_edit_on_one_worker_reaches_the_other(
        self, pair: Pair, ann: YClient, bob: YClient
    ) -> None:
        await ann.edit(0, "x")
        await bob.until(lambda: bob.content == "xHello")
        await bob.edit(6, "!")
        await ann.until(lambda: ann.content == "xHello!")
        await ann.durable()
        await bob.durable()
        assert await pair.texts() == {"xHello!"}
        assert await pair.rows() == [1, 2]

    async def test_both_write_at_once(self, pair: Pair, ann: YClient, bob: YClient) -> None:
        for round_ in range(40):
            await asyncio.gather(ann.edit(0, f"a{round_} "), bob.edit(0, f"b{round_} "))
        await ann.durable()
        await bob.durable()
        assert await pair.texts() == {await same(ann, bob)}
        assert all(f"{who}{n} " in ann.content for who in "ab" for n in range(40))
        assert await pair.rows() == list(range(1, 81))

    async def test_who_writes_is_known_on_both(
        self, pair: Pair, ann: YClient, bob: YClient
    ) -> None:
        await ann.edit(0, "from ann ")
        await ann.durable()
        reading = await pair.b.rooms.hub.read(pair.room)
        assert reading.contributors[pair.a.doorkeeper.people["ann"].actor] == 9

    async def test_what_was_acknowledged_is_read_at_once_on_the_other(
        self, pair: Pair, ann: YClient, bob: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Publishing may come by another worker than the edit did."""
        silence(pair.a, monkeypatch)
        for number in range(20):
            await ann.edit(0, f"{number} ")
            await ann.durable()
            assert (await pair.b.rooms.hub.read(pair.room)).text == ann.content

    async def test_a_lost_message_is_made_up_for_by_the_next(
        self, pair: Pair, ann: YClient, bob: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as lost:
            silence(pair.a, lost)
            await ann.edit(0, "lost ")
            await ann.durable()
        await ann.edit(0, "and ")
        await bob.until(lambda: bob.content == "and lost Hello")

    async def test_a_lost_last_message_is_found(
        self, pair: Pair, ann: YClient, bob: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        silence(pair.a, monkeypatch)
        await ann.edit(0, "last ")
        await bob.until(lambda: bob.content == "last Hello", 15)

    async def test_who_writes_behind_lost_messages_is_put_off_and_tried_again(
        self, pair: Pair, ann: YClient, bob: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        silence(pair.a, monkeypatch)
        silence(pair.b, monkeypatch)
        for number in range(10):
            await ann.edit(0, f"a{number}")
            await ann.durable()
            await bob.edit(0, f"b{number}")
            await bob.durable()
        assert len(await pair.texts()) == 1
        assert await pair.rows() == list(range(1, 21))

    async def test_a_rewrite_on_one_and_typing_on_the_other(
        self, pair: Pair, ann: YClient, bob: YClient
    ) -> None:
        async def rewrite() -> None:
            for number in range(10):
                text = (await pair.b.rooms.hub.read(pair.room)).text
                await pair.b.rooms.hub.rewrite(pair.room, f"{text}\nline {number}", "key:rest")

        async def type_on() -> None:
            for number in range(30):
                await ann.edit(0, f"{number},")

        await asyncio.gather(rewrite(), type_on())
        await ann.durable()
        await ann.until(lambda: ann.content.count("line ") == 10)
        await bob.until(lambda: bob.content == ann.content)
        assert await pair.texts() == {ann.content}


class TestCollisions:
    async def test_a_client_that_moves_to_another_worker_with_an_edit_on_its_way(
        self, pair: Pair, ann: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its blocks then come from both sides; they are there once, and acknowledged."""
        silence(pair.a, monkeypatch)
        await ann.edit(0, "once ")
        await ann.durable()  # on disk, but unheard of on the other worker
        before = ann.content
        ann.drop()
        ann.url = pair.b.room_url(pair.room)
        await ann.open()
        await ann.barrier()
        await ann.durable()
        assert ann.content == before
        assert await pair.texts() == {"once Hello"}

    async def test_the_same_blocks_on_both_workers_are_written_once(
        self, pair: Pair, bob: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One tab, two connections: the update lies with both before either has written it."""
        silence(pair.a, monkeypatch)
        pair.b.disk.cause = "held for the test"
        update = yjs.update(yjs.section(77, 0, yjs.string("twice ")))
        async with (
            YClient(pair.a.room_url(pair.room), "ann") as here,
            YClient(pair.b.room_url(pair.room), "ann") as there,
        ):
            await there.send_raw(protocol.sync_update(update))
            await there.barrier()
            await until(lambda: pair.b.rooms.hub.rooms[pair.room].room.own)
            await here.send_raw(protocol.sync_update(update))
            await here.barrier()
            await here.durable()
            pair.b.disk.cause = None
            await bob.until(lambda: bob.content.count("twice ") == 1, 15)
        assert (await pair.texts()) == {bob.content}
        assert await pair.rows() == [1]

    async def test_a_forger_who_is_faster_elsewhere_loses_to_the_log(
        self, pair: Pair, ann: YClient, bob: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Eve claims Ann's id where Ann is not; what is in the log first is right everywhere."""
        silence(pair.a, monkeypatch)
        pair.b.disk.cause = "held for the test"
        forged = yjs.update(yjs.section(ann.doc.client_id, 0, yjs.string("forged ")))
        async with YClient(pair.b.room_url(pair.room), "eve") as eve:
            await eve.send_raw(protocol.sync_update(forged))
            await until(lambda: pair.b.rooms.hub.rooms[pair.room].room.own)
            await ann.edit(0, "honest ")
            await ann.durable()
            pair.b.disk.cause = None
            assert await eve.closed() is not None
        await bob.until(lambda: "honest " in bob.content)
        assert await pair.texts() == {"honest Hello"}
        await ann.edit(0, "still ")
        await ann.durable()
        await bob.until(lambda: bob.content == "still honest Hello")


class TestTheLogMovesOn:
    async def test_rows_folded_away_before_they_were_heard_of(
        self, pair: Pair, ann: YClient, bob: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        silence(pair.a, monkeypatch)
        await ann.edit(0, "folded ")
        await ann.durable()
        await pair.a.rooms.caretaker.compact(pair.a.rooms.hub.rooms[pair.room])
        assert await pair.rows() == []
        await bob.edit(5, "!")
        assert await bob.closed() == 1012  # its edit stood on a log that is no more; it comes back
        await bob.open()
        await bob.barrier()
        await bob.durable()
        assert bob.content == "folded Hello!"
        assert await pair.texts() == {"folded Hello!"}

    async def test_a_new_epoch_sends_everyone_to_it(
        self, pair: Pair, ann: YClient, bob: YClient
    ) -> None:
        pair.a.rooms.hub.repair.begin_epoch(pair.a.rooms.hub.rooms[pair.room])
        assert await ann.closed() == 4409
        await bob.edit(0, "too late ")
        assert await bob.closed() == 4409
        assert bob.acknowledged < bob.sent or "too late" not in str(await pair.texts())

    async def test_a_document_that_is_gone(self, pair: Pair, ann: YClient, bob: YClient) -> None:
        async with pair.a.database.transaction() as tx:
            await tx.execute(delete(Document).where(Document.id == pair.room))
        await ann.edit(0, "x")
        assert await ann.closed() == 4404
        assert await bob.closed(15) == 4404


class TestFailing:
    async def test_a_commit_whose_answer_was_lost_is_recognised(
        self, pair: Pair, ann: YClient, bob: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = pair.a.disk._store
        append = store._append

        async def lost(groups: object) -> object:
            await append(groups)
            monkeypatch.setattr(store, "_append", append)
            raise ConnectionError("planted")

        monkeypatch.setattr(store, "_append", lost)
        await ann.edit(0, "x")
        await ann.durable()
        await bob.until(lambda: bob.content == "xHello")
        assert await pair.rows() == [1]
        assert await pair.texts() == {"xHello"}

    async def test_redis_stops_and_edits_go_by_the_log(
        self, pair: Pair, ann: YClient, bob: YClient, redis: RedisServer
    ) -> None:
        redis.stop()
        try:
            await until(lambda: not pair.b.rooms.hub.bus.is_healthy)
            await ann.edit(0, "by the log ")
            await ann.durable()
            await bob.until(lambda: bob.content == "by the log Hello", 5)
        finally:
            redis.start()
        await until(lambda: pair.a.rooms.hub.bus.is_healthy and pair.b.rooms.hub.bus.is_healthy)
        await bob.edit(0, "and by the bus ")
        await ann.until(lambda: ann.content == "and by the bus by the log Hello")


class TestPresence:
    async def test_people_of_other_workers_are_seen_and_leave(
        self, pair: Pair, ann: YClient, bob: YClient
    ) -> None:
        await ann.show({"cursor": None})
        await bob.until(lambda: _names(bob) == ["ann"])
        await bob.show({"cursor": None})
        await ann.until(lambda: _names(ann) == ["ann", "bob"])
        await ann.close()
        await bob.until(lambda: _names(bob) == ["bob"])

    async def test_a_newcomer_sees_who_was_there_before(self, pair: Pair, ann: YClient) -> None:
        await ann.show({"cursor": None})
        async with YClient(pair.b.room_url(pair.room), "bob") as bob:
            await bob.until(lambda: _names(bob) == ["ann"])

    async def test_the_library_knows_who_is_in_a_room_elsewhere(
        self, pair: Pair, ann: YClient
    ) -> None:
        hub = pair.b.rooms.hub
        people = await until(lambda: hub.people([pair.room]), 10)
        assert [person.name for person in people[pair.room]] == ["ann"]
        await ann.close()
        await until(lambda: not hub.people([pair.room]), 10)

    async def test_between_beats_only_what_changed_is_told(
        self, pair: Pair, ann: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other, here, there = await pair.a.document("Other"), pair.a.rooms.hub, pair.b.rooms.hub
        await until(lambda: there.people([pair.room]), 10)
        monkeypatch.setattr(Peers, "_publish_people", lambda *_: None)
        news: list[People] = []
        publish = here.bus.publish

        def listen(topic: str, payload: bytes) -> None:
            if topic == PEOPLE_NEWS_TOPIC:
                news.append(msgspec.msgpack.decode(payload[16:], type=People))
            publish(topic, payload)

        monkeypatch.setattr(here.bus, "publish", listen)
        async with YClient(pair.a.room_url(other), "eve"):
            await until(lambda: there.people([other]), 10)
            assert there.people([pair.room])[pair.room][0].name == "ann"
        await until(lambda: not there.people([other]), 10)
        assert there.people([pair.room])[pair.room][0].name == "ann"
        assert [list(told) for told in news] == [[other.hex], [other.hex]]
        assert [[one.name for one in told[other.hex]] for told in news] == [["eve"], []]

    async def test_a_silent_workers_people_are_gone(
        self, pair: Pair, ann: YClient, bob: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await ann.show({"cursor": None})
        await bob.until(lambda: _names(bob) == ["ann"])
        hub = pair.b.rooms.hub
        await until(lambda: len(hub.people([pair.room]).get(pair.room, ())) == 2, 10)
        monkeypatch.setattr(peers_module, "SILENCE_SECONDS", 0.1)
        monkeypatch.setattr(Peers, "_publish_people", lambda *_: None)
        await asyncio.sleep(0.2)
        assert hub.peers is not None
        await hub.peers.beat()
        await bob.until(lambda: _names(bob) == [])

    async def test_a_worker_that_dies_before_its_first_beat_is_missed_too(
        self, pair: Pair, bob: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Peers, "_publish_people", lambda *_: None)
        async with YClient(pair.a.room_url(pair.room), "ann") as ann:
            await ann.show({"cursor": None})
            await bob.until(lambda: _names(bob) == ["ann"])
            silence(pair.a, monkeypatch)
            monkeypatch.setattr(peers_module, "SILENCE_SECONDS", 0.1)
            await asyncio.sleep(0.2)
            peers = pair.b.rooms.hub.peers
            assert peers is not None
            await peers.beat()
            await bob.until(lambda: _names(bob) == [], 3)


def _names(client: YClient) -> list[str]:
    return sorted(state["user"]["name"] for state in client.presence.values() if state)


async def test_many_hands_on_two_workers_end_with_one_text(pair: Pair) -> None:
    random_ = random.Random(7)
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                YClient(pair.both()[number % 2].room_url(pair.room), "ann")
            )
            for number in range(8)
        ]

        async def hammer(client: YClient) -> None:
            for number in range(25):
                at = random_.randrange(len(client.content) + 1)
                await client.edit(at, f"<{clients.index(client)}.{number}>")
                await asyncio.sleep(random_.random() / 100)

        await asyncio.gather(*map(hammer, clients))
        for client in clients:
            await client.durable(40)
        await same(*clients)
    assert await pair.texts() == {clients[0].content}
    async with pair.a.database.transaction(write=False) as tx:
        count = select(func.count()).where(JournalEntry.document_id == pair.room)
        assert (await tx.execute(count)).scalar_one() == 200
