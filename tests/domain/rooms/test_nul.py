"""The character NUL, for which PostgreSQL's text has no place: kept out, and lived with."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.domain.rooms import queries
from app.domain.rooms.room.document import LiveDocument
from app.domain.rooms.wire import protocol
from app.server.commands.damaged_documents import damaged_documents
from app.server.commands.document_check import StoredDocument, damages
from app.server.wiring.search import LiveRooms
from tests.support.engine import Engine, running_engine
from tests.support.yclient import YClient


@pytest.fixture(autouse=True)
def compactions_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process: starting the helper takes longer than all these tests."""

    async def run(self: Any, call: Any, *arguments: Any) -> Any:
        await asyncio.sleep(0)
        return call(*arguments)

    monkeypatch.setattr("app.kit.helper.Helper.run", run)


@pytest.fixture
async def engine(tmp_path: Path, either_url: str) -> AsyncIterator[Engine]:
    async with running_engine(tmp_path, either_url) as engine:
        for name in ("ann", "bob", "eve"):
            engine.person(name)
        yield engine


async def with_a_nul(engine: Engine) -> UUID:
    """A document whose journal holds one from before the guard refused it."""
    room = await engine.document("")
    # What the server writes itself passes no guard, as what it has written already.
    await engine.rooms.hub.rewrite(room, "a\0b", "user:author")
    return room


@pytest.mark.parametrize("way", ["typed", "pasted"])
async def test_a_client_that_sends_one_is_closed_and_nobody_else(engine: Engine, way: str) -> None:
    """Typed behind something, an update goes the guard's quick way; at the start, the other."""
    room = await engine.document("Hello")
    async with (
        YClient(engine.room_url(room), "ann") as ann,
        YClient(engine.room_url(room), "eve") as eve,
    ):
        await eve.edit(5 if way == "typed" else 0, "x\0")
        assert await eve.closed(2) == 4422
        await ann.edit(0, "y")
        await ann.durable()
        assert ann.content == "yHello"
    assert (await engine.rooms.hub.read(room)).text == "yHello"


async def test_a_document_that_holds_one_is_edited_read_and_folded(engine: Engine) -> None:
    room = await with_a_nul(engine)
    async with YClient(engine.room_url(room), "ann") as ann:
        assert ann.content == "a\0b"
        await ann.edit(3, "c")
        await ann.durable()
        assert LiveRooms(engine.rooms.hub).text_of(room) == ("abc", 2)  # what the index is made of
        await engine.rooms.caretaker.compact(engine.rooms.hub.rooms[room])
        assert engine.rooms.hub.rooms[room].journal_rows == 0
    async with engine.database.transaction(write=False) as tx:
        snapshot = await queries.snapshot(tx, room)
        damaged = await damaged_documents(tx, lambda what, done: None)
    assert snapshot is not None
    assert snapshot.text == "abc"
    assert LiveDocument.from_state(snapshot.state).text == "a\0bc"
    assert damaged == []
    assert (await engine.rooms.hub.read(room)).text == "abc"  # what versions are made of


async def test_whoever_holds_one_already_may_come_back_with_it(engine: Engine) -> None:
    """Their second sync step repeats the whole document."""
    room = await with_a_nul(engine)
    async with YClient(engine.room_url(room), "ann") as ann:
        await ann.send_raw(protocol.sync_step2(ann.doc.get_update()))
        await ann.edit(1, delete=1)
        await ann.durable()
        assert ann.is_open
    loaded = await engine.rooms.hub.log.load(room)
    assert loaded.document.text == "ab"


async def test_a_new_history_of_such_a_document_can_be_stored(engine: Engine) -> None:
    room = await with_a_nul(engine)
    log = engine.rooms.hub.log
    loaded = await log.load(room)
    await log.begin_epoch(room, loaded.document.retold(), loaded.seq)
    again = await log.load(room)
    assert (again.document.text, again.epoch != loaded.epoch) == ("a\0b", True)


@pytest.mark.parametrize(("text", "damaged"), [("a\0b", 0), ("ab", 0), ("a b", 1)])
def test_a_snapshot_that_was_stored_with_one_is_no_damage(text: str, damaged: int) -> None:
    """SQLite had a place for it."""
    state = LiveDocument.of("a\0b", "user:author").state()
    sums = [hashlib.sha256(part).hexdigest() for part in (state, text.encode())]
    row = StoredDocument("1", state, sums[0], text, sums[1], 0, [])
    assert len(damages([row])) == damaged
