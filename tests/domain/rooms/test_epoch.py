"""When a document's history contradicts itself: same text and authors, a new epoch."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.rooms.journal.compaction import StateDiffers
from app.domain.rooms.room.document import LiveDocument
from app.domain.rooms.wire.protocol import CloseCode
from tests.support.engine import running_engine
from tests.support.yclient import YClient


class TestRetold:
    def test_text_and_authors_stay(self) -> None:
        document = LiveDocument.of("one 👋 ", "user:a")
        document.rewrite("one 👋 two", "user:b")
        document.rewrite("one 👋 TWO two", "user:c")

        fresh = document.retold()

        assert fresh.text == document.text
        assert fresh.guard.spans() == document.guard.spans()
        assert fresh.guard.spans() == [(7, "user:a"), (4, "user:c"), (3, "user:b")]

    def test_nothing_of_the_history_stays(self) -> None:
        document = LiveDocument.of("the secret", "user:a")
        document.rewrite("the", "user:a")
        assert set(document.guard.clocks).isdisjoint(document.retold().guard.clocks)
        assert b"secret" not in document.retold().state()


@pytest.mark.anyio
async def test_a_room_whose_state_cannot_be_encoded_begins_anew(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_engine(data_dir) as engine:
        engine.person("ann")
        document_id = await engine.document("start ")
        hub = engine.rooms.hub
        async with YClient(engine.room_url(document_id), "ann") as ann:
            await ann.edit(6, "👋 more")
            await ann.durable()
            assert ann.hello is not None
            before = ann.hello["epoch"]

            async def differs(*_: object) -> bool:
                raise StateDiffers

            monkeypatch.setattr(hub.log, "compact", differs)
            await engine.rooms.caretaker.compact(hub.rooms[document_id])
            await ann.until(lambda: ann.close_code is not None)
            assert ann.close_code == CloseCode.EPOCH

        async with YClient(engine.room_url(document_id), "ann") as again:
            assert str(again.text) == "start 👋 more"
            assert again.hello is not None
            assert again.hello["epoch"] != before
            reading = await hub.read(document_id)
            author = engine.doorkeeper.people["ann"].actor
            assert reading.contributors == {"user:author": 6, author: 7}
            await again.edit(0, "on ")
            await again.durable()
    async with running_engine(data_dir) as engine:
        assert (await engine.rooms.hub.read(document_id)).text == "on start 👋 more"
