"""What the live engine's words set in motion, with the real engine."""

from __future__ import annotations

import pytest

from app.domain.prompts.service import Prompts
from app.domain.versions import queries
from tests.support.builders import a_key, a_prompt, a_workspace, as_member

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(database):
    return await a_workspace(database)


@pytest.fixture
async def edited(client, database, place):
    """A prompt whose live text was edited."""
    made = await a_prompt(database, place, text="One")
    key = await a_key(database, place)
    url = f"/api/v1/prompts/{made.id}"
    response = await client.patch(url, headers=key.headers, json={"text": "One two"})
    assert response.status_code == 200
    return made


async def checkpoints(database, place, made):
    caller = await as_member(database, place, place.owner)
    async with database.transaction(write=False) as tx:
        return await queries.checkpoints(tx, caller, made.id, None, 10)


@pytest.mark.parametrize(("listeners", "reason"), [("on_idle", "idle"), ("on_left", "leave")])
async def test_a_pause_and_the_last_leave_keep_a_checkpoint(
    app, database, place, edited, listeners, reason
):
    for settled in getattr(app.state.hub, listeners):
        await settled(edited.room_id)
    [kept] = await checkpoints(database, place, edited)
    assert kept.reason == reason
    assert [one["units"] for one in kept.contributors] == [4, 3]


async def test_an_edit_is_noted_as_such(app, database, place, edited):
    caller = await as_member(database, place, place.owner)

    async def edited_at():
        async with database.transaction(write=False) as tx:
            opened = await Prompts(tx, caller, app.state.hub).open(edited.id)
            return opened.prompt.edited_at, opened.prompt.created_at

    noting = [one.__self__ for one in app.state.hub.on_changed if hasattr(one.__self__, "flush")]
    for one in noting:
        await one.flush()
    at, created = await edited_at()
    assert at > created
