"""Who may stay: rights that change while the socket is open."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from app.access.permissions import Role
from app.access.principal import Principal
from app.kit.ids import new_id
from tests.support.engine import Engine
from tests.support.waiting import until
from tests.support.yclient import YClient


class TestARemovedMember:
    async def test_is_told_refused_and_out_within_a_second(
        self, engine: Engine, room: UUID, ann: YClient, bob: YClient
    ) -> None:
        loop = asyncio.get_running_loop()
        removed = engine.doorkeeper.people.pop("bob")
        began = loop.time()
        engine.rooms.hub.access_changed(engine.workspace_id, actor=removed.actor)
        await bob.until(lambda: bob.roles)
        await bob.edit(0, "too late ")
        await bob.until(lambda: bob.nacks)
        assert bob.nacks[0]["reason"] == "readonly"
        assert bob.roles[0]["can_write"] is False
        assert await bob.closed() == 4401  # the doorkeeper does not know the name any more
        assert loop.time() - began <= 1.0
        assert engine.disk.rows == []
        assert ann.is_open

    async def test_of_the_workspace_is_forbidden(
        self, engine: Engine, room: UUID, bob: YClient
    ) -> None:
        keeper = engine.doorkeeper
        person = keeper.people["bob"]
        keeper.people["bob"] = _elsewhere(person)
        engine.rooms.hub.access_changed(engine.workspace_id)
        assert await bob.closed() == 4403

    async def test_hears_nothing_from_that_moment_on(
        self, engine: Engine, room: UUID, ann: YClient, bob: YClient
    ) -> None:
        engine.doorkeeper.people["bob"] = _elsewhere(engine.doorkeeper.people["bob"])
        engine.rooms.hub.access_changed(document_id=room)
        await bob.until(lambda: bob.roles)
        await ann.edit(0, "secret ")
        await ann.durable()
        assert await bob.closed() == 4403
        assert bob.content == "Hello"


class TestALoweredRole:
    async def test_is_told_and_connects_again_as_what_it_is_now(
        self, engine: Engine, room: UUID, bob: YClient
    ) -> None:
        engine.person("bob", Role.VIEWER)
        engine.rooms.hub.access_changed(engine.workspace_id)
        await bob.until(lambda: bob.roles)
        assert (bob.roles[0]["role"], bob.roles[0]["can_write"]) == ("viewer", False)
        await bob.edit(0, "x")
        await bob.until(lambda: bob.nacks)
        assert await bob.closed() == 4505
        await bob.open()
        assert bob.hello is not None
        assert bob.hello["can_write"] is False

    async def test_a_raised_one_too(self, engine: Engine, room: UUID) -> None:
        engine.person("vic", Role.VIEWER)
        async with YClient(engine.room_url(room), "vic") as vic:
            engine.person("vic", Role.EDITOR)
            engine.rooms.hub.access_changed(engine.workspace_id)
            await vic.until(lambda: vic.roles)
            assert vic.roles[0]["can_write"] is True
            assert await vic.closed() == 4505

    async def test_who_keeps_the_role_stays(
        self, engine: Engine, ann: YClient, bob: YClient
    ) -> None:
        engine.rooms.hub.access_changed()
        await engine.rooms.gate.recheck_everyone()
        await ann.edit(0, "x")
        await ann.durable()
        assert (ann.roles, bob.roles) == ([], [])

    async def test_only_those_concerned_are_looked_at(
        self, engine: Engine, ann: YClient, bob: YClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked = []
        recheck = engine.doorkeeper.recheck

        async def counted(document_id: UUID, principal: Principal) -> Principal:
            looked.append(principal.name)
            return await recheck(document_id, principal)

        monkeypatch.setattr(engine.doorkeeper, "recheck", counted)
        actor = engine.doorkeeper.people["bob"].actor
        engine.rooms.hub.access_changed(engine.workspace_id, actor)
        engine.rooms.hub.access_changed(new_id())
        engine.rooms.hub.access_changed(document_id=new_id())
        await until(lambda: looked)
        await engine.rooms.hub.journal.flush()
        assert looked == ["bob"]


async def test_a_message_that_was_lost_is_made_good(
    engine: Engine, room: UUID, bob: YClient
) -> None:
    del engine.doorkeeper.people["bob"]
    await engine.rooms.gate.recheck_everyone()
    assert await bob.closed() == 4401


async def test_one_look_that_fails_does_not_save_the_others(
    engine: Engine, ann: YClient, bob: YClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    recheck = engine.doorkeeper.recheck

    async def planted(document_id: UUID, principal: Principal) -> Principal:
        if principal.name == "ann":
            raise RuntimeError("planted: the database did not answer")
        return await recheck(document_id, principal)

    monkeypatch.setattr(engine.doorkeeper, "recheck", planted)
    engine.doorkeeper.people.pop("bob")
    engine.rooms.hub.access_changed(engine.workspace_id)
    assert await bob.closed() == 4401
    assert ann.is_open


async def test_who_is_removed_on_the_doorstep_does_not_stay(
    engine: Engine, room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Admitted, then removed while the room is still being loaded: nobody to look at yet."""
    load = engine.rooms.hub.log.load
    is_loading, may_go_on = asyncio.Event(), asyncio.Event()

    async def slow(document_id: UUID) -> Any:
        is_loading.set()
        await may_go_on.wait()
        return await load(document_id)

    monkeypatch.setattr(engine.rooms.hub.log, "load", slow)
    bob = YClient(engine.room_url(room), "bob")
    opening = asyncio.ensure_future(bob.open(wait=False))
    await is_loading.wait()
    engine.doorkeeper.people.pop("bob")
    engine.rooms.hub.access_changed(engine.workspace_id)
    may_go_on.set()
    await opening
    assert await bob.closed(2) == 4401


def _elsewhere(principal: Principal) -> Principal:
    """The same person, now a member of another workspace only."""
    return Principal(
        workspace_id=new_id(),
        actor=principal.actor,
        name=principal.name,
        hue=principal.hue,
        credential_id=principal.credential_id,
        permissions=principal.permissions,
        role=principal.role,
        user_id=principal.user_id,
    )
