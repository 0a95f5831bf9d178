"""Rooms over real sockets: what clients see, whatever one of them does."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import random
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from app.access.permissions import Role
from app.domain.rooms import limits
from app.domain.rooms.guard.guard import Bounds
from app.domain.rooms.wire import encoding, protocol
from app.kit.ids import new_id
from tests.domain.rooms.guard import yjs
from tests.support.engine import Engine
from tests.support.guessing import knock
from tests.support.waiting import until
from tests.support.yclient import YClient, same

EVIL = yjs.update(yjs.section(5, 0, b"\x07\x01\x04text"))  # a nested type


@pytest.fixture
async def room(engine: Engine) -> UUID:
    return await engine.document("Hello 👋 world")


async def settled(*clients: YClient) -> str:
    """What all of them show once everything they sent is on disk and everywhere."""
    for client in clients:
        await client.barrier()
        await client.durable()
    return await same(*clients)


async def rows(engine: Engine, room: UUID) -> int:
    return (await engine.rooms.hub.read(room)).seq


class TestEditing:
    async def test_two_type_at_once_and_end_equal(
        self, engine: Engine, room: UUID, ann: YClient, bob: YClient
    ) -> None:
        dice = random.Random(7)
        for _ in range(60):
            for client in (ann, bob):
                text = client.content
                at = len(text[: dice.randrange(len(text) + 1)].encode())
                await client.edit(at, dice.choice(["a", "語", "👩‍💻", "é", " "]))
        text = await settled(ann, bob)
        assert text == (await engine.rooms.hub.read(room)).text
        assert engine.rooms.hub.rooms[room].room.is_clean

    async def test_a_gap_is_asked_for_and_healed(self, ann: YClient, bob: YClient) -> None:
        ann.type(0, "lost ")
        assert ann.take_outgoing()
        await ann.edit(5, "and found ")
        assert await settled(bob, ann) == "lost and found Hello 👋 world"
        assert ann.received[protocol.SYNC, protocol.STEP1] == 2

    async def test_offline_edits_arrive_on_return(
        self, engine: Engine, room: UUID, ann: YClient, bob: YClient
    ) -> None:
        ann.drop()
        await ann.closed()
        ann.type(0, "offline ")
        await bob.edit(0, "online ")
        await ann.open()
        assert "offline " in await settled(ann, bob)

    async def test_an_idle_join_writes_nothing(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        await ann.edit(0, "x")
        await ann.durable()
        entries = len(engine.disk.rows)
        for _ in range(3):
            ann.drop()
            await ann.closed()
            await ann.open()
            await ann.barrier()
            await ann.durable()
        assert len(engine.disk.rows) == entries

    async def test_a_paste_larger_than_a_frame_goes_as_a_sync_step(
        self, ann: YClient, bob: YClient
    ) -> None:
        ann.type(0, "x" * (limits.FRAME_BYTES + 1000))
        (update,) = ann.take_outgoing()
        await ann.send_raw(protocol.sync_step2(update))
        assert len(await settled(ann, bob)) > limits.FRAME_BYTES


class TestHello:
    async def test_it_is_the_first_message_and_says_who_where_and_how_much(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        hello = ann.hello
        assert hello is not None
        assert hello["role"] == "editor"
        assert hello["can_write"] is True
        assert hello["epoch"] == engine.rooms.hub.rooms[room].room.epoch
        assert hello["limits"]["frame"] == 262_144
        assert hello["user"]["name"] == "ann"
        assert hello["storage"] == {"ok": True, "cause": None, "read_only": False}

    async def test_the_same_history_goes_on(self, engine: Engine, room: UUID, ann: YClient) -> None:
        epoch = engine.rooms.hub.rooms[room].room.epoch
        await ann.send_json(protocol.CLIENT_HELLO, {"v": 1, "epoch": epoch, "client_id": 7})
        await ann.barrier()
        await ann.durable()

    async def test_another_history_is_never_merged(self, ann: YClient, bob: YClient) -> None:
        await ann.send_json(protocol.CLIENT_HELLO, {"v": 1, "epoch": "of another time"})
        await ann.edit(0, "old words")
        assert await ann.closed() == 4409
        assert ann.nacks[0]["reason"] == "epoch"
        assert await settled(bob) == "Hello 👋 world"

    async def test_a_client_of_the_past_has_to_reload(self, ann: YClient) -> None:
        await ann.send_json(protocol.CLIENT_HELLO, {"v": 0, "epoch": None})
        assert await ann.closed() == 4426


class TestStockClients:
    async def test_they_get_nothing_but_what_they_know(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        async with YClient(engine.room_url(room, ack=False), "bob") as stock:
            engine.rooms.hub.announce(room, "prompt.changed", {"fields": ["title"]}, None)
            await ann.show({"cursor": None})
            await ann.edit(0, "x")
            await stock.until(lambda: stock.content.startswith("x"))
            await stock.until(lambda: stock.presence)
            await stock.send_raw(protocol.sync_update(EVIL))
            assert await stock.closed() == 4422
            assert {kind for kind, _ in stock.received} <= {0, 1, 2, 3}
            assert stock.denied

    async def test_they_may_ask_who_is_here(self, engine: Engine, room: UUID, ann: YClient) -> None:
        await ann.show({"cursor": None})
        async with YClient(engine.room_url(room, ack=False), "bob") as stock:
            await stock.until(lambda: stock.presence)
            stock.presence.clear()
            await stock.send_raw(bytes((protocol.QUERY_AWARENESS,)))
            await stock.until(lambda: stock.presence)


class TestDoor:
    @pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.failure)])
    async def test_random_rooms_are_all_the_same_to_a_stranger(
        self, engine: Engine, room: UUID, count: int
    ) -> None:
        """None joins, none opens a room, all end alike."""
        names = (str(new_id()) if number % 3 else f"{number:x}" for number in range(count))
        said = await knock(engine.url, "ann", names)
        ((words, times),) = said.items()
        assert times == count
        denied = protocol.websocket_frame(protocol.permission_denied("There is no such room."))
        code = (4404).to_bytes(2) + b"There is no such room."
        assert words == denied + bytes((0x88, len(code))) + code
        assert engine.rooms.hub.rooms == {}

    @pytest.mark.parametrize("bearer", ["", "nobody"])
    async def test_nobody_enters_without_sign_in(
        self, engine: Engine, room: UUID, bearer: str
    ) -> None:
        client = YClient(engine.room_url(room), bearer)
        await client.open(wait=False)
        assert await client.closed() == 4401
        assert engine.rooms.hub.rooms == {}

    async def test_a_full_room_takes_nobody_more(
        self, engine: Engine, room: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "CONNECTIONS_PER_ROOM", 3)
        clients = [YClient(engine.room_url(room), name) for name in ("ann", "bob", "cid", "eve")]
        await asyncio.gather(*(client.open(wait=False) for client in clients))
        await until(lambda: sum(not client.is_open for client in clients) == 1)
        closed = [client.close_code for client in clients if not client.is_open]
        assert closed == [4503]
        assert len(engine.rooms.hub.rooms[room].room.members) == 3
        await asyncio.gather(*(client.close() for client in clients))

    async def test_one_person_fills_no_room_alone(
        self, engine: Engine, room: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "CONNECTIONS_PER_PERSON", 1)
        async with YClient(engine.room_url(room), "ann"):
            second = YClient(engine.room_url(room), "ann")
            await second.open(wait=False)
            assert await second.closed() == 4503
            async with YClient(engine.room_url(room), "bob"):
                pass

    async def test_a_storm_of_joins_is_let_in(self, engine: Engine) -> None:
        room = await engine.document("x" * 50_000)
        for at in range(100):
            engine.person(f"p{at}")
        clients = [YClient(engine.room_url(room), f"p{at}") for at in range(100)]
        await asyncio.gather(*(client.open() for client in clients))
        assert {client.content for client in clients} == {"x" * 50_000}
        assert len(engine.rooms.hub.rooms[room].room.members) == 100
        await asyncio.gather(*(client.close() for client in clients))
        await until(lambda: not engine.rooms.hub.rooms[room].room.members)

    async def test_more_than_can_wait_are_sent_away_for_a_moment(
        self, engine: Engine, room: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "JOINS_WAITING", -1)
        client = YClient(engine.room_url(room), "ann")
        await client.open(wait=False)
        assert await client.closed() == 1013


class TestViewers:
    @pytest.fixture
    async def vic(self, engine: Engine, room: UUID) -> AsyncIterator[YClient]:
        engine.person("vic", Role.VIEWER)
        async with YClient(engine.room_url(room), "vic") as client:
            yield client

    async def test_whatever_they_send_changes_no_byte(
        self, engine: Engine, room: UUID, ann: YClient, vic: YClient
    ) -> None:
        before = await engine.rooms.hub.read(room)
        await vic.edit(0, "x")
        await vic.durable()
        await vic.send_raw(protocol.sync_step2(vic.doc.get_update()))
        await vic.barrier()
        await vic.durable()
        assert {nack["reason"] for nack in vic.nacks} == {"readonly"}
        assert len(vic.nacks) >= 2
        assert vic.is_open
        after = await engine.rooms.hub.read(room)
        assert (after.state, after.seq) == (before.state, before.seq)
        assert engine.disk.rows == []
        assert ann.content == "Hello 👋 world"

    async def test_they_may_show_where_they_look(self, ann: YClient, vic: YClient) -> None:
        await vic.show({"cursor": None, "mode": "viewing"})
        await ann.until(lambda: ann.presence)
        (state,) = ann.presence.values()
        assert state["user"]["name"] == "vic"

    async def test_a_thousand_odd_frames_change_nothing(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        engine.person("vic", Role.VIEWER)
        dice = random.Random(3)
        good = [
            protocol.sync_update(yjs.update(yjs.section(9, 0, yjs.string("evil")))),
            protocol.sync_step2(ann.doc.get_update()),
            protocol.sync_step1(ann.doc.get_state()),
            protocol.awareness(b"\x01\x07\x01\x02{}"),
            protocol.barrier(b"1"),
        ]
        sent = 0
        while sent < 1000:
            client = YClient(engine.room_url(room), "vic")
            await client.open()
            while client.is_open and sent < 1000:
                message = bytearray(dice.choice(good))
                for _ in range(dice.randrange(4)):
                    message[dice.randrange(len(message))] = dice.randrange(256)
                await client.send_raw(bytes(message))
                sent += 1
                await asyncio.sleep(0)
            await client.close()
        assert engine.disk.rows == []
        assert await settled(ann) == "Hello 👋 world"


class TestHostileMessages:
    @pytest.mark.parametrize(
        "message",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"\x00", id="short"),
            pytest.param(b"\x00\x07\x00", id="unknown sync step"),
            pytest.param(b"\x80\x00\x02\x00", id="number written too long"),
            pytest.param(b"\x00\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff", id="endless number"),
            pytest.param(protocol.sync_update(EVIL), id="nested type"),
            pytest.param(protocol.sync_update(b"\x00\x00\x00"), id="bytes left over"),
            pytest.param(
                protocol.sync_update(
                    yjs.update(yjs.section(5, 0, yjs.head(4) + encoding.sized(b"\xed\xa0\xbd")))
                ),
                id="half a surrogate pair",
            ),
            pytest.param(protocol.sync_step1(b"\xff\xff\xff\xff\x0f"), id="state vector bomb"),
            pytest.param(protocol.awareness(b"\x01\x05\x01\x03NaN"), id="NaN"),
            pytest.param(
                protocol.awareness(b"\x01\x05\x01" + encoding.sized(b'{"a":' * 999 + b"1" + b"}" * 999)),
                id="depth bomb",
            ),
            pytest.param(
                protocol.awareness(b"\x01\x05\x01" + encoding.sized(b'{"a":"' + b"x" * 5000 + b'"}')),
                id="large state",
            ),
            pytest.param(protocol.awareness(b"\x03\x05\x01\x00\x06\x01\x00\x07\x01\x00"), id="three ids"),
            pytest.param(protocol.barrier(b"x" * 65), id="long barrier"),
            pytest.param(encoding.uint(protocol.CLIENT_HELLO) + b"\x01{", id="broken hello"),
        ],
    )  # fmt: skip
    async def test_they_close_their_socket_and_no_other(
        self, engine: Engine, room: UUID, ann: YClient, message: bytes
    ) -> None:
        async with YClient(engine.room_url(room), "eve") as eve:
            await eve.send_raw(message)
            assert await eve.closed(2) == 4422
        await ann.edit(0, "x")
        await ann.durable()
        assert engine.rooms.hub.rooms[room].room.document.text == "xHello 👋 world"

    async def test_half_an_emoji_cannot_be_deleted(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        (client,) = engine.rooms.hub.rooms[room].room.document.guard.clocks
        async with YClient(engine.room_url(room), "eve") as eve:
            await eve.send_raw(protocol.sync_update(yjs.update(deletes={client: [(7, 1)]})))
            assert await eve.closed(2) == 4422
        assert await settled(ann) == "Hello 👋 world"

    async def test_an_update_that_waits_for_others_is_not_applied(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        """The library would keep it pending and lose it in every snapshot."""
        async with YClient(engine.room_url(room), "eve") as eve:
            asked = eve.received[protocol.SYNC, protocol.STEP1]
            for clock in range(1, 200):
                pending = yjs.section(99, clock, yjs.string("x", origin=(99, clock - 1)))
                await eve.send_raw(protocol.sync_update(yjs.update(pending)))
            await eve.until(lambda: eve.received[protocol.SYNC, protocol.STEP1] > asked)
            await eve.barrier()
            assert eve.is_open
        assert engine.disk.rows == []
        assert await settled(ann) == "Hello 👋 world"

    async def test_a_type_of_the_future_is_passed_over(self, ann: YClient) -> None:
        await ann.send_raw(encoding.uint(120) + b"\x05whoknows")
        await ann.edit(0, "x")
        await ann.durable()

    async def test_a_text_message_is_not_our_protocol(self, ann: YClient, bob: YClient) -> None:
        await ann.ws.send("hello?")
        assert await ann.closed(2) == 1003
        await bob.edit(0, "x")
        await bob.durable()

    async def test_a_frame_beyond_every_limit(self, ann: YClient, bob: YClient) -> None:
        await ann.send_raw(bytes(limits.STEP2_BYTES + 100_000))
        assert await ann.closed() == 1009
        await bob.edit(0, "x")
        await bob.durable()

    async def test_an_update_beyond_its_limit(self, ann: YClient, bob: YClient) -> None:
        ann.type(0, "x" * (limits.FRAME_BYTES + 1))
        await ann.flush()
        assert await ann.closed() == 4413
        assert ann.nacks[0]["reason"] == "too_large"
        assert await settled(bob) == "Hello 👋 world"

    async def test_too_many_fragments_are_no_message(
        self, engine: Engine, room: UUID, bob: YClient
    ) -> None:
        """Empty ones count for nothing in a message's size, but they are kept."""
        first, more = b"\x02\x80" + bytes(4), b"\x00\x80" + bytes(4)
        async with YClient(engine.room_url(room), "eve") as eve:
            eve.ws.transport.write(first + more * 2000)
            assert await eve.closed() == 1009
        await bob.edit(0, "x")
        await bob.durable()

    async def test_a_message_in_fragments_is_taken(self, ann: YClient, bob: YClient) -> None:
        ann.type(0, "x")
        (update,) = ann.take_outgoing()
        message = protocol.sync_update(update)
        await ann.ws.send([message[:3], message[3:7], message[7:]])
        assert await settled(ann, bob) == "xHello 👋 world"


class TestFlooding:
    async def test_a_flood_is_cut_off_and_the_others_notice_nothing(
        self, engine: Engine, room: UUID, ann: YClient, bob: YClient
    ) -> None:
        loop = asyncio.get_running_loop()
        await ann.edit(0, "x")
        await ann.durable()
        message = protocol.awareness(b"\x01\x07\x01\x02{}")
        frame = bytes((0x82, 0x80 | len(message))) + bytes(4) + message
        async with YClient(engine.room_url(room), "eve") as eve:
            delays = []
            while eve.is_open:
                with contextlib.suppress(RuntimeError):  # the goodbye has been answered already
                    eve.ws.transport.write(frame * 500)
                started = loop.time()
                await ann.edit(0, "x")
                await ann.durable()
                delays.append(loop.time() - started)
            assert eve.close_code == 4529
        await settled(ann, bob)
        assert min(delays) < 0.1
        assert engine.rooms.hub.rooms[room].room.presence.everyone() is None

    async def test_fast_but_honest_typing_is_slowed_and_not_refused(
        self, ann: YClient, bob: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "WORK_SECONDS", 1e9)
        for at in range(300):
            ann.type(at, "y")
        for update in ann.take_outgoing():
            await ann.send_raw(protocol.sync_update(update))
        text = await settled(ann, bob)
        assert text.count("y") == 300
        assert ann.nacks == []

    async def test_the_text_limit_refuses_and_keeps_the_socket(
        self, engine: Engine, room: UUID, ann: YClient, bob: YClient
    ) -> None:
        engine.rooms.hub.rooms[room].room.document.guard.bounds = Bounds(text_units=30)
        await ann.edit(0, "x" * 20)
        await ann.until(lambda: ann.nacks)
        assert ann.nacks[0]["reason"] == "too_large"
        assert ann.is_open
        await ann.edit(0, delete=15)
        assert await settled(ann, bob) == "xxxxxHello 👋 world"


class TestPresence:
    async def test_identity_is_the_servers_word(self, ann: YClient, bob: YClient) -> None:
        await ann.show({"user": {"name": "the boss", "hue": "rose"}, "cursor": None, "evil": "x"})
        await bob.until(lambda: bob.presence)
        (state,) = bob.presence.values()
        assert state["user"] == ann.hello["user"]  # type: ignore[index]
        assert "evil" not in state

    async def test_nobody_speaks_for_another(
        self, engine: Engine, room: UUID, ann: YClient, bob: YClient
    ) -> None:
        await ann.show({"cursor": None})
        await bob.until(lambda: bob.presence)
        async with YClient(engine.room_url(room), "eve") as eve:
            await eve.show(None, client=ann.doc.client_id)
            await eve.show({"cursor": None}, client=ann.doc.client_id)
            # Passed over like the echo that a stock client makes of whatever it hears: what
            # eve says of herself afterwards is the next that anyone is told.
            await eve.show({"cursor": None})
            await bob.until(lambda: eve.doc.client_id in bob.presence)
            assert bob.presence[ann.doc.client_id]["user"]["name"] == "ann"

    async def test_nobody_takes_a_client_id_that_wrote(
        self, engine: Engine, room: UUID, ann: YClient, bob: YClient
    ) -> None:
        await ann.edit(0, "x")
        await ann.durable()
        async with YClient(engine.room_url(room), "eve") as eve:
            await eve.show({"cursor": None}, client=ann.doc.client_id)
            await eve.show({"cursor": None})
            await bob.until(lambda: eve.doc.client_id in bob.presence)
            assert ann.doc.client_id not in bob.presence

    async def test_a_third_client_id_is_too_many(self, engine: Engine, room: UUID) -> None:
        async with YClient(engine.room_url(room), "eve") as eve:
            for client in (11, 12):
                await eve.show({"cursor": None}, client=client)
            await eve.barrier()
            await eve.durable()
            await eve.show({"cursor": None}, client=13)
            assert await eve.closed() == 4422

    async def test_who_disappears_is_taken_off(self, ann: YClient, bob: YClient) -> None:
        await ann.show({"cursor": None})
        await bob.until(lambda: bob.presence)
        ann.drop()
        await bob.until(lambda: not bob.presence)

    async def test_a_newcomer_sees_everyone_at_once(
        self, engine: Engine, room: UUID, ann: YClient, bob: YClient
    ) -> None:
        await ann.show({"cursor": None})
        await bob.show({"cursor": None})
        await ann.until(lambda: len(ann.presence) == 2)
        async with YClient(engine.room_url(room), "cid") as cid:
            await cid.until(lambda: len(cid.presence) == 2)
            assert cid.received[protocol.AWARENESS, None] == 1


class TestEvents:
    async def test_what_others_announce_reaches_the_room(
        self, engine: Engine, room: UUID, ann: YClient
    ) -> None:
        elsewhere = await engine.document()
        engine.rooms.hub.announce(elsewhere, "version.published", {"number": 1}, None)
        by = engine.doorkeeper.people["bob"]
        engine.rooms.hub.announce(room, "version.published", {"number": 7}, by)
        await ann.until(lambda: ann.events)
        (event,) = ann.events
        assert (event["type"], event["data"]) == ("version.published", {"number": 7})
        assert event["by"]["name"] == "bob"


class TestTextHash:
    def told(self, client: YClient, text: str) -> dict[str, str]:
        return {
            "sv": base64.b64encode(client.doc.get_state()).decode(),
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
        }

    async def test_clients_are_told_what_the_text_should_be(
        self, engine: Engine, ann: YClient
    ) -> None:
        await ann.edit(0, "x")
        await ann.durable()
        await engine.rooms.caretaker.compare_texts()
        await ann.until(lambda: ann.hashes)
        assert ann.hashes[0]["sha256"] == self.told(ann, ann.content)["sha256"]

    async def test_a_client_that_differs_gives_its_history_up(
        self, ann: YClient, bob: YClient
    ) -> None:
        await ann.send_json(protocol.TEXT_HASH, self.told(ann, "something else"))
        assert await ann.closed() == 4409
        assert bob.is_open

    async def test_a_client_that_agrees_stays(self, ann: YClient) -> None:
        await ann.send_json(protocol.TEXT_HASH, self.told(ann, ann.content))
        await ann.edit(0, "x")
        await ann.durable()

    async def test_a_client_at_another_state_is_not_judged(
        self, engine: Engine, ann: YClient, bob: YClient
    ) -> None:
        told = self.told(ann, "something else")
        await bob.edit(0, "x")
        await bob.durable()
        await ann.send_json(protocol.TEXT_HASH, told)
        await ann.edit(0, "y")
        await ann.durable()
        assert ann.is_open

    async def test_memory_that_differs_is_loaded_again(
        self, engine: Engine, room: UUID, ann: YClient, bob: YClient
    ) -> None:
        """A change that is in memory alone: everyone ends with what the log says."""
        live = engine.rooms.hub.rooms[room].room
        first = live.document
        first._text.insert(0, "ghost ")
        assert live.document.text == "ghost Hello 👋 world"
        await ann.send_json(protocol.TEXT_HASH, self.told(ann, ann.content))
        await until(lambda: live.document is not first)
        assert live.document.text == "Hello 👋 world"
        assert await settled(ann, bob) == "Hello 👋 world"

    async def test_asking_often_costs_one_load(
        self, engine: Engine, room: UUID, ann: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loads = []
        load = engine.rooms.hub.log.load

        async def counted(document_id: UUID) -> object:
            loads.append(document_id)
            await asyncio.sleep(0.05)
            return await load(document_id)

        monkeypatch.setattr(engine.rooms.hub.log, "load", counted)
        message = encoding.uint(protocol.TEXT_HASH)
        message += encoding.text(json.dumps(self.told(ann, "other")))
        for _ in range(300):
            await ann.send_raw(message)
        assert await ann.closed() == 4409
        assert len(loads) == 1


class TestSlowReaders:
    @pytest.fixture(autouse=True)
    def marks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "HIGH_WATER", 64 * 1024)
        monkeypatch.setattr(limits, "LOW_WATER", 8 * 1024)

    async def fill(self, ann: YClient, engine: Engine, room: UUID) -> None:
        """Type until somebody who does not read has fallen behind."""
        members = engine.rooms.hub.rooms[room].room.members
        word = "0123456789" * 10_000
        async with asyncio.timeout(30):
            while not any(member.stale_since is not None for member in members):
                await ann.edit(0, word)
                await ann.durable()
                await ann.edit(0, delete=len(word))
                await ann.durable()

    async def test_the_others_go_on_and_it_gets_one_resync(
        self, engine: Engine, room: UUID, ann: YClient, bob: YClient
    ) -> None:
        slow = YClient(engine.room_url(room), "eve", is_lazy=True)
        await slow.open()
        await until(lambda: len(engine.rooms.hub.rooms[room].room.members) == 3)
        await self.fill(ann, engine, room)
        await ann.edit(0, "after ")
        await settled(ann, bob)
        slow.wake()
        await slow.until(lambda: slow.content == ann.content)
        await ann.edit(0, "and more ")
        await slow.until(lambda: slow.content == ann.content)
        await slow.close()

    async def test_one_that_never_reads_is_cut_off(
        self,
        engine: Engine,
        room: UUID,
        ann: YClient,
        bob: YClient,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(limits, "STALL_SECONDS", 0.3)
        slow = YClient(engine.room_url(room), "eve", is_lazy=True)
        await slow.open()
        await until(lambda: len(engine.rooms.hub.rooms[room].room.members) == 3)
        await self.fill(ann, engine, room)
        await until(lambda: len(engine.rooms.hub.rooms[room].room.members) == 2)
        await ann.edit(0, "fine ")
        await settled(ann, bob)
        slow.drop()

    async def test_one_that_pings_and_never_reads_is_cut_off(
        self, engine: Engine, room: UUID, ann: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each ping is answered into the same buffer."""
        monkeypatch.setattr("app.server.processes.websocket_protocol._MOST_UNREAD", 256 * 1024)
        slow = YClient(engine.room_url(room), "eve", is_lazy=True)
        await slow.open()
        members = engine.rooms.hub.rooms[room].room.members
        await until(lambda: len(members) == 2)
        ping = b"\x89\xfd" + bytes(4) + b"p" * 125
        transport = slow.ws.transport
        async with asyncio.timeout(20):
            while len(members) == 2:
                if transport.get_write_buffer_size() < 1_000_000:
                    transport.write(ping * 1000)
                await asyncio.sleep(0)
        slow.drop()
        await ann.edit(0, "fine ")
        await ann.durable()
