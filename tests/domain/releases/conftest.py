"""A workspace, a key, and prompts that are released in one line."""

from __future__ import annotations

import pytest

from app.domain.composition.guarding import Guard
from app.domain.versions.service import Versions
from tests.support.builders import a_key, a_prompt, a_workspace, as_member
from tests.support.rooms import FakeRooms


class Recording(Guard):
    """Keeps what versions include and refuses nothing."""

    async def possible(self, *_):
        pass

    async def moved(self, *_):
        pass


@pytest.fixture
async def place(database):
    return await a_workspace(database)


@pytest.fixture
async def key(database, place):
    return await a_key(database, place)


@pytest.fixture
async def release(client, database, place, key):
    """Makes a prompt and publishes `text` under labels; again for the next version.

    `unchecked` is as an import does it: whatever it includes, and whoever that breaks.
    """
    made = {}

    async def publish(name, text="One", *labels, unchecked=False, **settings):
        if name not in made:
            made[name] = await a_prompt(database, place, name, text=text, **settings)
        url = f"/api/v1/prompts/{made[name].id}"
        headers = key.headers
        assert (await client.patch(url, headers=headers, json={"text": text})).status_code == 200
        if unchecked:
            caller = await as_member(database, place, place.owner)
            rooms = FakeRooms()  # the application's own are of another event loop
            rooms.open(made[name].room_id, text, caller.actor)
            versions = Versions(database, caller, rooms, composition=Recording())
            await versions.publish(made[name].id, "m", labels or ["production"])
            return made[name]
        body = {"message": "m", "labels": list(labels or ["production"])}
        published = await client.post(f"{url}/versions", headers=headers, json=body)
        assert published.status_code in (200, 201), published.text
        return made[name]

    return publish


@pytest.fixture
def fetch(client, key):
    async def get(name, query="", **headers):
        return await client.get(f"/api/v1/fetch/{name}{query}", headers=key.headers | headers)

    return get


@pytest.fixture
def memory(app):
    """What the application keeps, with nothing done by the clock."""
    return lambda: app.state.news.cache
