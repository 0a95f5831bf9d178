"""Publishing, restoring and checkpoints against a real database and real CRDT documents."""

from __future__ import annotations

import asyncio

import pytest

from app.domain.prompts.service import Prompts
from app.domain.versions import queries
from app.domain.versions.errors import VersionNotFound
from app.domain.versions.labels import queries as label_queries
from app.domain.versions.labels.labels import Labels
from app.domain.versions.reactions import ACTIVE_SECONDS, AutomaticCheckpoints
from app.domain.versions.service import Checkpoints, Versions
from app.errors import Forbidden
from tests.support.builders import a_member, a_prompt, a_workspace, as_member
from tests.support.rooms import FakeRooms

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(database):
    return await a_workspace(database)


@pytest.fixture
async def caller(database, place):
    return await as_member(database, place, place.owner)


@pytest.fixture
async def made(database, place):
    return await a_prompt(database, place, text="One")


@pytest.fixture
def rooms(made):
    rooms = FakeRooms()
    rooms.open(made.room_id, "One", "user:author")
    return rooms


@pytest.fixture
def versions(database, caller, rooms):
    return Versions(database, caller, rooms)


async def numbers(database, caller, made):
    async with database.transaction(write=False) as tx:
        return [one.number for one in await queries.listed(tx, caller, made.id, None, 50)]


async def checkpoints(database, caller, made):
    async with database.transaction(write=False) as tx:
        return await queries.checkpoints(tx, caller, made.id, None, 50)


class TestPublishing:
    async def test_two_at_once_get_numbers_one_and_two_without_a_gap(self, database, caller, made):
        class WhileOthersType(FakeRooms):
            async def read(self, document_id, since=None):
                text = self.documents[document_id].text
                self.write(document_id, f"{text}!", "user:other")
                return await super().read(document_id, since)

        rooms = WhileOthersType()
        rooms.open(made.room_id, "One")
        versions = Versions(database, caller, rooms)
        done = await asyncio.gather(versions.publish(made.id, "A"), versions.publish(made.id, "B"))
        first, second = sorted(done, key=lambda one: one.version.number)
        assert (first.version.number, second.version.number) == (1, 2)
        assert first.is_new
        assert second.is_new
        # The second was read again after the first, so it is no older than that.
        assert second.version.text.startswith(first.version.text)
        assert second.version.contributors[0]["units"] < len(second.version.text)
        assert await numbers(database, caller, made) == [2, 1]

    async def test_a_reading_that_others_overtook_is_not_published(self, database, caller, made):
        has_read, overtaken = asyncio.Event(), asyncio.Event()

        class SlowForTheFirst(FakeRooms):
            readers = 0

            async def read(self, document_id, since=None):
                reading = await super().read(document_id, since)
                self.readers += 1
                if self.readers == 1:
                    has_read.set()
                    await overtaken.wait()
                return reading

        rooms = SlowForTheFirst()
        rooms.open(made.room_id, "One")
        versions = Versions(database, caller, rooms)
        slow = asyncio.create_task(versions.publish(made.id, "Slow"))
        await has_read.wait()
        rooms.write(made.room_id, "One two", "user:other")
        await versions.publish(made.id, "Fast")
        overtaken.set()
        done = await slow
        assert (done.version.text, done.is_new) == ("One two", False)
        assert await numbers(database, caller, made) == [1]

    async def test_many_writers_who_publish_leave_no_gap_and_lose_no_change(
        self, database, caller, rooms, versions, made
    ):
        async def write_and_publish(number):
            for step in range(3):
                rooms.write(made.room_id, f"Text {number} {step}", caller.actor)
                await versions.publish(made.id, f"{number} {step}")
                await asyncio.sleep(0)

        await asyncio.gather(*(write_and_publish(number) for number in range(3)))
        found = await numbers(database, caller, made)
        assert found == list(range(len(found), 0, -1))
        async with database.transaction(write=False) as tx:
            newest = await queries.newest(tx, caller, made.id)
        assert newest.text == rooms.documents[made.room_id].text

    async def test_a_version_keeps_the_state_that_its_text_was_read_from(
        self, rooms, versions, made
    ):
        version = (await versions.publish(made.id, "First")).version
        assert version.state == rooms.documents[made.room_id].state()
        assert version.state_vector == rooms.documents[made.room_id].state_vector
        assert version.epoch == "epoch-1"

    async def test_contributors_are_counted_since_the_version_before(self, rooms, versions, made):
        first = (await versions.publish(made.id, "First")).version
        assert first.contributors == [{"actor": "user:author", "units": 3}]
        rooms.write(made.room_id, "One two", "user:other")
        second = (await versions.publish(made.id, "Second")).version
        assert second.contributors == [{"actor": "user:other", "units": 4}]

    async def test_in_a_new_epoch_everyone_counts_again(self, rooms, versions, made, monkeypatch):
        # The same client id in both epochs: only the epoch tells their clocks apart.
        monkeypatch.setattr("app.domain.rooms.room.document.secrets.randbits", lambda _: 77)
        rooms.open(made.room_id, "One", "user:author")
        await versions.publish(made.id, "First")
        rooms.open(made.room_id, "One two", "user:third")
        rooms.epochs[made.room_id] = "epoch-2"
        second = (await versions.publish(made.id, "Second")).version
        assert second.contributors == [{"actor": "user:third", "units": 7}]

    async def test_everyone_in_the_room_is_told_after_the_commit(self, rooms, versions, made):
        await versions.publish(made.id, "First", ["production"])
        assert rooms.news == [
            ("version.published", {"number": 1, "message": "First"}),
            ("label.moved", {"label": "production", "number": 1}),
        ]
        await versions.publish(made.id, "Again", ["production"])
        assert len(rooms.news) == 2

    async def test_a_viewer_cannot_publish_or_restore(self, database, place, rooms, made):
        viewer = await as_member(database, place, await a_member(database, place, "viewer"))
        with pytest.raises(Forbidden):
            await Versions(database, viewer, rooms).publish(made.id, "x")
        with pytest.raises(Forbidden):
            await Versions(database, viewer, rooms).restore(made.id, 1)


class TestRestoring:
    async def test_unpublished_edits_are_kept_before_the_text_goes_back(
        self, database, caller, rooms, versions, made
    ):
        await versions.publish(made.id, "First")
        rooms.write(made.room_id, "Not published", "user:other")
        done = await versions.restore(made.id, 1)
        assert rooms.documents[made.room_id].text == "One"
        assert (done.version.number, done.is_new) == (1, False)  # what is there is v1 again
        [kept] = await checkpoints(database, caller, made)
        assert kept.reason == "restore"
        assert rooms.news[-1] == ("version.restored", {"number": 1, "published": 1})

    async def test_settings_come_back_with_the_text(self, database, caller, rooms, versions, made):
        async with database.transaction() as tx:
            await Prompts(tx, caller, rooms).set_config(made.id, {"model": "old"})
        await versions.publish(made.id, "First")
        async with database.transaction() as tx:
            await Prompts(tx, caller, rooms).set_config(made.id, {"model": "new", "seed": 1})
            await Prompts(tx, caller, rooms).add_variable(made.id, {"name": "x"})
        await versions.publish(made.id, "Second")
        done = await versions.restore(made.id, 1)
        assert (done.version.number, done.version.restored_from) == (3, 1)
        assert (done.version.config, done.version.variables) == ({"model": "old"}, [])
        assert ("settings.changed", {"fields": ["config.model", "config.seed", "variables.x"]}) in (
            rooms.news
        )

    async def test_what_was_never_published_cannot_come_back(self, rooms, versions, made):
        with pytest.raises(VersionNotFound):
            await versions.restore(made.id, 1)
        assert rooms.documents[made.room_id].text == "One"


class TestLabels:
    async def test_two_who_move_a_label_at_once_leave_a_whole_history(
        self, database, caller, rooms, versions, made
    ):
        await versions.publish(made.id, "First")
        rooms.write(made.room_id, "Two", caller.actor)
        await versions.publish(made.id, "Second")

        async def move(number):
            async with database.transaction() as tx:
                await Labels(tx, caller, rooms).move(made.id, "production", number)

        await asyncio.gather(move(1), move(2))
        async with database.transaction(write=False) as tx:
            moves = await label_queries.moves(tx, caller, made.id, "production", 50)
            label = await label_queries.label(tx, caller, made.id, "production")
        assert [one.from_number for one in moves] == [moves[1].to_number, None]
        assert label.number == moves[0].to_number

    async def test_nobody_is_told_of_a_move_that_was_rolled_back(
        self, database, caller, rooms, versions, made
    ):
        await versions.publish(made.id, "First")
        rooms.news.clear()

        async def move_and_fail():
            async with database.transaction() as tx:
                await Labels(tx, caller, rooms).move(made.id, "production", 1)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await move_and_fail()
        assert rooms.news == []


class TestCheckpoints:
    async def test_the_same_text_is_kept_once(self, database, caller, rooms, made):
        taker = Checkpoints(database, rooms)
        assert (await taker.take(made.room_id, "idle")).text == "One"
        assert await taker.take(made.room_id, "leave") is None
        rooms.write(made.room_id, "Two", "user:other")
        assert (await taker.take(made.room_id, "leave")).reason == "leave"
        assert len(await checkpoints(database, caller, made)) == 2

    async def test_what_was_just_published_needs_no_checkpoint(
        self, database, rooms, versions, made
    ):
        await versions.publish(made.id, "First")
        assert await Checkpoints(database, rooms).take(made.room_id, "idle") is None

    async def test_a_room_of_no_prompt_is_left_alone(self, database, rooms, made):
        assert await Checkpoints(database, rooms).take(made.id, "idle") is None


class TestAutomaticCheckpoints:
    @pytest.fixture
    def automatic(self, database, rooms):
        self.now = 0.0
        return AutomaticCheckpoints(Checkpoints(database, rooms), lambda: self.now)

    async def test_writing_for_ten_minutes_leaves_one(
        self, database, caller, rooms, made, automatic
    ):
        automatic.edited(made.room_id, "user:other")
        self.now = ACTIVE_SECONDS - 1
        automatic.edited(made.room_id, "user:other")
        await automatic.look()
        assert await checkpoints(database, caller, made) == []
        self.now = ACTIVE_SECONDS
        await automatic.look()
        assert [one.reason for one in await checkpoints(database, caller, made)] == ["active"]

    async def test_after_a_pause_the_ten_minutes_begin_anew(
        self, database, caller, rooms, made, automatic
    ):
        automatic.edited(made.room_id, "user:other")
        await automatic.paused(made.room_id)
        rooms.write(made.room_id, "Two", "user:other")
        self.now = ACTIVE_SECONDS
        await automatic.look()
        assert [one.reason for one in await checkpoints(database, caller, made)] == ["idle"]

    async def test_one_that_fails_is_tried_again(self, database, caller, rooms, made, automatic):
        automatic.edited(made.room_id, "user:other")
        self.now = ACTIVE_SECONDS
        document = rooms.documents.pop(made.room_id)
        await automatic.look()
        rooms.documents[made.room_id] = document
        await automatic.look()
        assert len(await checkpoints(database, caller, made)) == 1

    async def test_the_last_to_leave_leaves_one(self, database, caller, made, automatic):
        await automatic.left(made.room_id)
        assert [one.reason for one in await checkpoints(database, caller, made)] == ["leave"]
