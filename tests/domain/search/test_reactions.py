from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.domain.prompts.ports import Filters
from app.domain.search import queries, reactions
from app.domain.search.reactions import LiveTexts, sweep, work_off
from app.kit import clock
from tests.domain.search.conftest import Inside
from tests.support.builders import a_member, a_prompt
from tests.support.furnished import write_on

pytestmark = pytest.mark.anyio


class Rooms:
    """The live engine as the index sees it."""

    def __init__(self, workspace_id):
        self.workspace_id = workspace_id
        self.texts = {}
        self.opened = []

    def workspace_of(self, document_id):
        return self.workspace_id if document_id in self.texts else None

    def text_of(self, document_id):
        return self.texts.get(document_id)

    async def read(self, document_id):
        self.opened.append(document_id)
        return self.texts[document_id]


@pytest.fixture
def rooms(place):
    return Rooms(place.id)


@pytest.fixture
def now():
    return [100.0]


@pytest.fixture
def texts(finder, rooms, now):
    return LiveTexts(finder.indexer, rooms, lambda: now[0])


class TestTyping:
    async def test_is_found_once_it_pauses(self, everywhere, place, found, rooms, texts, now):
        made = await a_prompt(everywhere, place, text="before")
        assert await found("before") == [made.id]
        rooms.texts[made.room_id] = ("after", 3)
        texts.note(made.room_id, "user:x")
        await texts.look()
        assert await found("after") == []
        now[0] += reactions.QUIET_SECONDS
        await texts.look()
        assert await found("after") == [made.id]
        assert await found("before") == []

    async def test_is_found_now_and_then_while_it_goes_on(
        self, everywhere, place, found, rooms, texts, now
    ):
        made = await a_prompt(everywhere, place)
        await found()
        for key in range(50):
            rooms.texts[made.room_id] = (f"word{key}", key + 1)
            texts.note(made.room_id, "user:x")
            await texts.look()
            now[0] += 0.1
        assert await found("word4") == [made.id]
        assert await found("word49") == []

    async def test_who_typed_is_found_and_it_comes_first(
        self, everywhere, place, finder, found, rooms, texts, now
    ):
        leila = await a_member(everywhere, place, name="Leila Haddad")
        made = await a_prompt(everywhere, place)
        newer = await a_prompt(everywhere, place)
        assert await found() == [newer.id, made.id]
        rooms.texts[made.room_id] = ("typed", 1)
        texts.note(made.room_id, leila.actor)
        await texts.flush()
        assert await found("haddad") == [made.id]
        assert await found() == [made.id, newer.id]

    async def test_costs_a_keystroke_nothing_but_a_note(self, place, finder, rooms, texts):
        """A database that would not answer: the note is taken all the same."""
        rooms.texts["room"] = ("x", 1)
        texts._indexer = None
        for _ in range(1000):
            texts.note("room", "user:x")
        assert len(texts._noted) == 1

    async def test_what_fails_is_done_at_the_next_look(
        self, monkeypatch, everywhere, place, found, finder, rooms, texts, now
    ):
        made = await a_prompt(everywhere, place)
        await found()
        rooms.texts[made.room_id] = ("after", 1)
        texts.note(made.room_id, "user:x")
        now[0] += 1
        with monkeypatch.context() as broken:
            broken.setattr(finder.indexer, "texts_changed", _fails)
            with pytest.raises(OSError, match="disk"):
                await texts.look()
        assert await found("after") == []
        await texts.look()
        assert await found("after") == [made.id]

    async def test_a_room_that_closed_meanwhile_has_its_text_on_disk(
        self, everywhere, place, found, rooms, texts, now
    ):
        made = await a_prompt(everywhere, place, text="before")
        await found()
        rooms.texts[made.room_id] = ("after", 1)
        texts.note(made.room_id, "user:x")
        del rooms.texts[made.room_id]
        async with everywhere.transaction() as tx:
            await tx.execute(text("UPDATE room_snapshots SET text = 'after', upto_seq = 1"))
        now[0] += 1
        await texts.look()
        assert await found("after") == [made.id]

    async def test_an_older_text_never_replaces_a_newer_one(
        self, everywhere, place, found, rooms, texts
    ):
        made = await a_prompt(everywhere, place)
        await found()
        for words, seq in (("newer", 5), ("older", 4)):
            rooms.texts[made.room_id] = (words, seq)
            texts.note(made.room_id, "user:x")
            await texts.flush()
        assert await found("newer") == [made.id]
        assert await found("older") == []


async def _fails(*_):
    raise OSError("disk full")


class TestAfterACrash:
    async def test_what_was_typed_and_not_indexed_is_found(
        self, monkeypatch, everywhere, place, finder, found, rooms
    ):
        """The process died between the keystroke and the pause: the journal alone has the words."""
        monkeypatch.setattr(reactions, "SETTLED", -timedelta(seconds=5))
        monkeypatch.setattr(reactions, "SWEPT", 2)
        made = [await a_prompt(everywhere, place, text="before") for _ in range(5)]
        assert len(await found("before")) == 5
        lost = made[3]
        document = await write_on(everywhere, lost.room_id, ["after the crash"], ["user:x"])
        rooms.texts[lost.room_id] = (document.text, 1)
        assert await found("crash") == []
        assert await sweep(everywhere, finder.indexer, rooms) == 1
        assert await found("crash") == [lost.id]
        assert rooms.opened == [lost.room_id]
        assert await sweep(everywhere, finder.indexer, rooms) == 0

    async def test_who_is_typing_now_is_left_alone(self, everywhere, place, finder, found, rooms):
        made = await a_prompt(everywhere, place)
        await found()
        await write_on(everywhere, made.room_id, ["typing"], ["user:x"])
        assert await sweep(everywhere, finder.indexer, rooms) == 0


async def test_the_queue_is_worked_off_in_batches_and_leaves_nothing(
    everywhere, place, finder, monkeypatch
):
    monkeypatch.setattr("app.domain.search.indexer.MANY", 3)
    for _ in range(8):
        await a_prompt(everywhere, place, tags=("a",))
    await work_off(finder.indexer)
    async with everywhere.transaction(write=False) as tx:
        state = await queries.state(tx, Inside(place.id))
    assert state is not None
    assert not state.is_behind
    assert (await finder.select(Inside(place.id), Filters())).count == 8


def test_an_edit_is_found_within_two_seconds_of_the_last_key():
    assert reactions.QUIET_SECONDS + 2 * reactions.LOOK_SECONDS <= 1.0
    assert clock.utc_now() - reactions._NEVER > timedelta(days=1)
