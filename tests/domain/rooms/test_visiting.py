"""Whoever edits by calls: merged into the live text, seen for a while, gone with its rights."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from app.access.permissions import Scope
from app.access.principal import Principal
from app.domain.rooms import visiting
from app.domain.rooms.errors import TextTooLarge
from app.domain.rooms.visiting import Change, Visitors
from app.errors import Invalid
from app.kit.ids import new_id
from tests.support.engine import Engine
from tests.support.waiting import until
from tests.support.yclient import YClient


def put(old: str, new: str) -> Any:
    def change(text: str) -> Change:
        at = text.index(old)
        return Change(text.replace(old, new), at, at + len(new))

    return change


@pytest.fixture
def agent(engine: Engine) -> Principal:
    scopes = frozenset({Scope.WRITE})
    principal = Principal.of_key(new_id(), engine.workspace_id, "Copy agent", scopes)
    engine.doorkeeper.people["agent"] = principal
    return principal


@pytest.fixture
async def room(engine: Engine) -> UUID:
    return await engine.document("Héllo 👋 world")


@pytest.fixture
def visitors(engine: Engine) -> Visitors:
    return Visitors(engine.rooms.hub)


def seen(client: YClient, who: Principal) -> list[Any]:
    states = [one for one in client.presence.values() if one]
    return [one for one in states if one["user"]["id"] == who.actor]


async def test_the_edit_is_merged_and_its_author_stands_there(
    engine: Engine, room: UUID, ann: YClient, visitors: Visitors, agent: Principal
) -> None:
    await ann.edit(0, "Oh, ")
    await ann.durable()
    reading = await visitors.edit(room, agent, put("world", "moon"))
    assert (reading.text, reading.contributors) == ("Oh, Héllo 👋 moon", {agent.actor: 4})
    await ann.until(lambda: seen(ann, agent) and ann.content == reading.text)
    [state] = seen(ann, agent)
    assert (state["user"]["name"], state["user"]["hue"]) == ("Copy agent", "slate")
    anchor, head = state["cursor"]["anchor"], state["cursor"]["head"]
    document = engine.rooms.hub.rooms[room].room.document
    assert anchor["item"] == document.position(12)["item"]
    assert (head["tname"], head.get("item")) == ("text", None)  # the end of the text
    assert agent.actor in {one.id for one in engine.rooms.hub.people([room])[room]}


async def test_what_is_refused_changes_nothing_and_nobody_is_seen(
    engine: Engine, room: UUID, visitors: Visitors, agent: Principal
) -> None:
    def refuse(_: str) -> Change:
        raise Invalid("No.")

    with pytest.raises(Invalid):
        await visitors.edit(room, agent, refuse)
    with pytest.raises(TextTooLarge):
        await visitors.edit(room, agent, lambda text: Change(text + "x" * (3 << 20), 0, 1))
    assert (await engine.rooms.hub.read(room)).text == "Héllo 👋 world"
    assert engine.rooms.hub.people([room]) == {}


async def test_it_goes_after_a_while_and_comes_again_as_one(
    room: UUID,
    ann: YClient,
    visitors: Visitors,
    agent: Principal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(visiting, "CURSOR_SECONDS", 0.15)
    await visitors.edit(room, agent, put("world", "moon"))
    await visitors.edit(room, agent, put("moon", "sun"))
    await ann.until(lambda: len(seen(ann, agent)) == 1)
    await ann.until(lambda: not seen(ann, agent))
    await visitors.edit(room, agent, put("sun", "stars"))
    await ann.until(lambda: len(seen(ann, agent)) == 1)


async def test_it_goes_with_its_key(
    engine: Engine, room: UUID, ann: YClient, visitors: Visitors, agent: Principal
) -> None:
    await visitors.edit(room, agent, put("world", "moon"))
    await ann.until(lambda: seen(ann, agent))
    del engine.doorkeeper.people["agent"]
    engine.rooms.hub.access_changed(engine.workspace_id, agent.actor)
    await ann.until(lambda: not seen(ann, agent))
    await until(lambda: not engine.rooms.hub.rooms[room].people().get(agent.actor))
