"""Two workers on one database: what one changes the other must not go on answering.

On SQLite and on PostgreSQL. The bus carries what the test lets it carry, and no clock runs.
"""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from app.access.permissions import Scope
from app.access.principal import Principal
from app.db.engine import Database
from app.domain.keys import service as keys
from app.domain.keys.ring import KeyRing, digest_of
from app.domain.keys.service import Keys
from app.domain.prompts.jinja import Jinja
from app.domain.releases import queries
from app.domain.releases import service as releases_service
from app.domain.releases.cache import Cache
from app.domain.releases.errors import NothingReleased, ReleasesUncertain
from app.domain.releases.events import last_event
from app.domain.releases.jobs import forget_old_changes
from app.domain.releases.news import News
from app.domain.releases.reader import MOST_BYTES, Reader
from app.domain.releases.selector import Selector
from app.domain.releases.service import Releases
from app.domain.releases.stream import ChangeStream
from app.domain.versions.labels.labels import Labels
from app.domain.versions.models import Version
from app.kit import clock
from app.kit.bus_memory import MemoryBus
from app.kit.ids import new_id
from tests.support.builders import Quiet, a_key, a_prompt, a_workspace, as_member

pytestmark = pytest.mark.anyio


class Worker:
    """Memory, database and bus of one process. What it says goes to `peers` while `is_heard`."""

    def __init__(self, url):
        self.database, self.bus, self.peers, self.is_heard = Database(url), MemoryBus(), [], True
        publish = self.bus.publish

        def said(topic, payload):
            publish(topic, payload)
            for peer in self.peers if self.is_heard else []:
                peer.bus.deliver(topic, payload)

        self.bus.publish = said
        self.news = News(self.database, Cache(), self.bus)
        self.releases = Releases(self.database, self.news, Jinja())

    async def stop(self):
        await self.news.stop()
        await self.database.close()


class Scene:
    def __init__(self, place, caller, made, workers):
        self.place, self.caller, self.made, self.workers = place, caller, made, workers
        self.here, self.there = workers

    async def text(self, worker, label="production", name="a"):
        record = await worker.releases.get(self.caller, name, Selector(label))
        return record.body.decode().partition('"text":"')[2].partition('"')[0]

    async def move(self, worker, number, label="production"):
        async with worker.database.within(self.caller).transaction() as tx:
            await Labels(tx, self.caller, Quiet()).move(self.made.id, label, number)

    async def log(self, worker):
        async with worker.database.within(self.caller).transaction(write=False) as tx:
            return await queries.since(tx, self.caller, 0, 10_000)


async def version(worker, caller, made, number):
    async with worker.database.within(caller).transaction() as tx:
        row = Version(id=new_id(), workspace_id=caller.workspace_id, prompt_id=made.id)
        row.room_id, row.number, row.text = made.room_id, number, f"Text {number}"
        row.config, row.variables, row.contributors = {}, [], []
        row.content_sha256, row.epoch, row.author, row.message = "0", "e", caller.actor, "m"
        row.state = row.state_vector = b""
        row.created_at = clock.utc_now()
        tx.add(row)


@pytest.fixture
async def scene(either_url):
    workers = [Worker(either_url), Worker(either_url)]
    workers[0].peers, workers[1].peers = [workers[1]], [workers[0]]
    database = workers[0].database.everywhere()
    place = await a_workspace(database)
    caller = await as_member(database, place, place.owner)
    made = await a_prompt(database, place, "a")
    for number in (1, 2):
        await version(workers[0], caller, made, number)
    scene = Scene(place, caller, made, workers)
    await scene.move(workers[0], 1)
    yield scene
    for worker in workers:
        await worker.stop()


async def test_a_move_is_seen_by_whoever_made_it_and_by_the_other_worker(scene):
    for number in (2, 1, 2):
        for worker in scene.workers:
            await scene.text(worker)
        await scene.move(scene.here, number)
        assert [await scene.text(one) for one in scene.workers] == [f"Text {number}"] * 2


async def test_without_a_bus_the_log_is_compared(scene):
    assert await scene.text(scene.there) == "Text 1"
    scene.here.is_heard = False
    await scene.move(scene.here, 2)
    assert await scene.text(scene.there) == "Text 1"  # nothing has told it yet
    await scene.there.news.look()
    assert await scene.text(scene.there) == "Text 2"


async def test_a_gap_of_the_bus_makes_it_look(scene):
    await scene.text(scene.there)
    scene.here.is_heard = False
    await scene.move(scene.here, 2)
    scene.there.news.look_soon()
    assert await scene.text(scene.there) == "Text 2"


async def test_that_nothing_is_there_is_not_remembered_for_longer(scene):
    for worker in scene.workers:
        with pytest.raises(NothingReleased):
            await scene.text(worker, "staging")
    await scene.move(scene.here, 2, "staging")
    assert [await scene.text(one, "staging") for one in scene.workers] == ["Text 2"] * 2


async def test_what_was_read_before_a_change_is_not_kept(scene, monkeypatch):
    """The move is committed and applied while an answer of before is still being made."""
    await scene.text(scene.here, "latest")  # the workspace is known
    real, gate, reading = releases_service.answer, asyncio.Event(), asyncio.Event()

    async def slow(*given):
        made = await real(*given)
        reading.set()
        await gate.wait()
        return made

    monkeypatch.setattr(releases_service, "answer", slow)
    old = asyncio.create_task(scene.text(scene.here))
    await reading.wait()
    monkeypatch.setattr(releases_service, "answer", real)
    await scene.move(scene.here, 2)
    assert await scene.text(scene.here) == "Text 2"  # and does not wait for the other
    gate.set()
    assert await old == "Text 1"  # asked before the move
    assert await scene.text(scene.here) == "Text 2"


async def test_without_a_database_answers_hold_for_a_while_and_not_for_ever(scene, monkeypatch):
    await scene.text(scene.here)

    async def fails(*_):
        raise OSError("gone")

    monkeypatch.setattr(queries, "since", fails)
    scene.here.news.note(scene.place.id)
    assert await scene.text(scene.here) == "Text 1"
    scene.here.news.sure_until = 0.0
    with pytest.raises(ReleasesUncertain):
        await scene.text(scene.here)


async def test_numbers_have_no_gap_and_the_order_of_commits(scene):
    """Of twenty that move at once, some are rolled back; each move is on another prompt."""
    database = scene.here.database.everywhere()
    prompts = [await a_prompt(database, scene.place, f"p/{number}") for number in range(20)]
    for made in prompts:
        await version(scene.here, scene.caller, made, 1)

    async def move(index, made):
        worker = scene.workers[index % 2]
        async with worker.database.within(scene.caller).transaction() as tx:
            await Labels(tx, scene.caller, Quiet()).move(made.id, "production", 1)
            await asyncio.sleep(0)
            if index % 5 == 0:
                raise RuntimeError("rolled back")

    seen = []

    async def watch():
        while len(seen) < 16:
            last = seen[-1] if seen else before
            async with scene.there.database.within(scene.caller).transaction(write=False) as tx:
                seen.extend(row.seq for row in await queries.since(tx, scene.caller, last, 100))
            await asyncio.sleep(0)

    before = (await scene.log(scene.here))[-1].seq
    watching = asyncio.create_task(watch())
    await asyncio.gather(*(move(*one) for one in enumerate(prompts)), return_exceptions=True)
    await watching
    assert seen == list(range(before + 1, before + 17))


class TestStream:
    async def read(self, scene, worker, last="", until=b"ready"):
        """What a reader is sent up to an event, and its reader."""
        reader = Reader(scene.place.id, new_id())
        stream = ChangeStream(worker.database, worker.news, reader, last_event(last))
        sent, arrived = [], asyncio.Event()

        async def send(message):
            sent.append(message.get("body", b""))
            if until in b"".join(sent):
                arrived.set()

        async def receive():
            await asyncio.Event().wait()

        task = asyncio.create_task(stream.run({}, receive, send))
        async with asyncio.timeout(10):
            await arrived.wait()
        return sent, reader, task

    async def test_a_change_is_told_by_every_worker_and_the_rest_after_coming_again(self, scene):
        sent, reader, task = await self.read(scene, scene.there)
        ready = ids(sent)[-1]
        await scene.move(scene.here, 2)
        async with asyncio.timeout(10):
            while b"label.moved" not in b"".join(sent):  # noqa: ASYNC110  # a list tells nobody
                await asyncio.sleep(0)
        reader.close()
        await task
        await scene.move(scene.here, 1)
        missed, reader, task = await self.read(scene, scene.here, ready)
        assert b"".join(missed).count(b"event: change") == 2
        assert b'"name":"a","label":"production","version":1' in b"".join(missed)
        scene.here.news.part()
        await task  # a server that leaves ends its streams

    @pytest.mark.parametrize("last", ["1-00000000", "999-abcdef01", "7"])
    async def test_an_unknown_place_in_the_log_means_fetch_anew(self, scene, last):
        sent, reader, task = await self.read(scene, scene.here, last, b"resync")
        assert b"event: change" not in b"".join(sent)
        reader.close()
        await task

    async def test_what_was_forgotten_means_fetch_anew(self, scene, monkeypatch):
        first = (await scene.log(scene.here))[0]
        monkeypatch.setattr(clock, "utc_now", lambda: first.at.replace(year=first.at.year + 1))
        assert await forget_old_changes(scene.here.database) == 2
        assert [row.seq for row in await scene.log(scene.here)] == [3]  # the count goes on
        _, reader, task = await self.read(scene, scene.here, f"1-{first.mark}", b"resync")
        reader.close()
        await task
        await scene.move(scene.here, 2)
        assert [row.seq for row in await scene.log(scene.here)] == [3, 4]

    async def test_a_reader_that_does_not_read_is_dropped(self, scene):
        reader = Reader(scene.place.id, new_id())
        reader.offer(b"x" * MOST_BYTES)
        assert not reader.is_closed
        reader.offer(b"y")
        assert reader.is_closed
        assert await reader.next(0) == b""


def ids(sent):
    lines = b"".join(sent).decode().splitlines()
    return [line.partition(": ")[2] for line in lines if line.startswith("id: ")]


async def test_another_workspace_has_a_log_of_its_own(scene):
    database = scene.here.database.everywhere()
    other = await a_workspace(database, "Other")
    where = SimpleNamespace(workspace_id=other.id)
    async with scene.here.database.within(where).transaction(write=False) as tx:
        assert await queries.since(tx, where, 0, 10) == []
        assert await queries.head(tx, where) == 0


class TestKeys:
    async def ring(self, scene):
        database = scene.here.database.everywhere()
        key = await a_key(database, scene.place, "read")
        ring, gone = KeyRing(scene.there.database), []
        ring.on_gone.append(gone.append)
        async with database.transaction(write=False) as tx:
            ring.learn(key.key, await keys.recognised(tx, key.key), ring.changes)
        return ring, key, gone

    async def revoke(self, scene, key):
        admin = Principal.of_key(new_id(), scene.place.id, "x", frozenset({Scope.ADMIN}))
        async with scene.here.database.within(admin).transaction() as tx:
            await Keys(tx, admin).revoke(key.id)

    async def test_a_revoked_key_is_found_by_looking(self, scene):
        ring, key, gone = await self.ring(scene)
        await ring.look()
        assert ring.find(digest_of(key.key.encode())) is not None
        await self.revoke(scene, key)
        await ring.look()
        assert ring.find(digest_of(key.key.encode())) is None
        assert gone == [key.id]

    async def test_a_word_about_access_is_enough(self, scene):
        ring, key, gone = await self.ring(scene)
        ring.access_changed(scene.place.id, f"key:{new_id()}")
        assert ring.find(digest_of(key.key.encode())) is not None
        assert key.id not in gone
        ring.access_changed(scene.place.id, f"key:{key.id}")
        assert ring.find(digest_of(key.key.encode())) is None
        assert gone[1:] == [key.id]

    async def test_what_was_read_before_a_revocation_is_not_learnt(self, scene):
        ring, key, _ = await self.ring(scene)
        before = ring.changes
        async with scene.here.database.everywhere().transaction(write=False) as tx:
            found = await keys.recognised(tx, key.key)
        ring.access_changed(scene.place.id, f"key:{key.id}")
        ring.learn(key.key, found, before)
        assert ring.find(digest_of(key.key.encode())) is None

    async def test_use_is_noted_for_people_to_see(self, scene):
        ring, key, _ = await self.ring(scene)
        ring.find(digest_of(key.key.encode()))
        await ring.look()
        async with scene.here.database.everywhere().transaction(write=False) as tx:
            _, used_at = await keys.recognise(tx, key.key)
        assert used_at is not None
