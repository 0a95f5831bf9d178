"""The timeline: versions by day, checkpoints folded between them, a page at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.versions.history import History
from app.domain.versions.service import Checkpoints, Versions
from app.domain.versions.timeline import leaf
from app.domain.versions.views import Address
from app.kit import clock
from app.web import paging
from tests.support.builders import a_prompt, a_workspace, as_member
from tests.support.counting import statements
from tests.support.rooms import FakeRooms

pytestmark = pytest.mark.anyio
MORNING = datetime(2026, 11, 20, 9, tzinfo=UTC)


class Story:
    """What happens to one prompt, an hour at a time."""

    def __init__(self, database, caller, made, monkeypatch):
        self.database, self.caller, self.made = database, caller, made
        self.rooms = FakeRooms()
        self.rooms.open(made.room_id, "Start", caller.actor)
        self.now = MORNING
        monkeypatch.setattr(clock, "utc_now", lambda: self.now)

    def write(self):
        self.now += timedelta(hours=1)
        self.rooms.write(self.made.room_id, f"Text of {self.now:%d %H}", self.caller.actor)

    async def publish(self, times=1):
        for _ in range(times):
            self.write()
            await Versions(self.database, self.caller, self.rooms).publish(self.made.id, "A change")

    async def pause(self, times=1):
        for _ in range(times):
            self.write()
            await Checkpoints(self.database, self.rooms).take(self.made.room_id, "idle")

    async def look(self, **address):
        async with self.database.transaction(write=False) as tx:
            history = History(tx, self.caller, self.rooms)
            place = Address("/versions", **address)
            return (await leaf(history, self.made.id, place)).context(place)


@pytest.fixture
async def story(database, monkeypatch):
    place = await a_workspace(database)
    made = await a_prompt(database, place, text="Start")
    caller = await as_member(database, place, place.owner)
    return Story(database, caller, made, monkeypatch)


def told(context):
    """As v2, 3 (checkpoints), v1."""
    return [
        len(entry["entries"]) if entry["kind"] == "fold" else f"v{entry['number']}"
        for day in context["days"]
        for entry in day["entries"]
    ]


class TestFolding:
    async def test_checkpoints_are_folded_between_the_versions_they_came_between(self, story):
        await story.publish()
        await story.pause(2)
        await story.publish()
        await story.pause()
        assert told(await story.look()) == [1, "v2", 2, "v1"]

    async def test_each_page_has_those_between_its_own_versions(self, story, monkeypatch):
        monkeypatch.setattr("app.domain.versions.timeline.DEFAULT_LIMIT", 2)
        for _ in range(4):
            await story.publish()
            await story.pause()
        first = await story.look()
        assert told(first) == [1, "v4", 1, "v3"]
        cursor = first["older_href"].split("cursor=")[1].split("&")[0]
        assert told(await story.look(cursor=cursor)) == [1, "v2", 1, "v1"]

    async def test_a_fold_is_open_when_a_checkpoint_in_it_is_compared(self, story):
        await story.publish()
        await story.pause()
        [fold] = [
            one for one in (await story.look())["days"][0]["entries"] if one["kind"] == "fold"
        ]
        assert not fold["open"]
        ref = fold["entries"][0]["href"].split("to=")[1]
        [fold, *_] = (await story.look(new=ref))["days"][0]["entries"]
        assert fold["open"]


class TestPages:
    async def test_a_day_that_goes_on_has_its_heading_once(self, story, monkeypatch):
        monkeypatch.setattr("app.domain.versions.timeline.DEFAULT_LIMIT", 3)
        await story.publish(6)
        first = await story.look()
        assert [day["title"] for day in first["days"]] == ["Today"]
        assert first["older_fragment"].startswith("/versions/timeline?")
        query = dict(pair.split("=") for pair in first["older_href"].split("?")[1].split("&"))
        second = await story.look(cursor=query["cursor"], day=query["day"])
        assert [day["title"] for day in second["days"]] == [""]
        assert second["older_href"] == second["older_fragment"] == ""

    async def test_a_long_history_costs_no_more_statements_than_a_short_one(self, story):
        await story.publish(2)
        await story.pause()
        with statements(story.database) as few:
            await story.look()
        await story.publish(70)
        await story.pause(3)
        with statements(story.database) as many:
            page = await story.look()
        assert len(many) == len(few)
        assert len([one for one in told(page) if isinstance(one, str)]) == paging.DEFAULT_LIMIT
