"""Writers to one SQLite file come in the order of asking, and nobody sleeps beside a free file."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.db.engine import SQLITE_PRAGMAS, Database
from app.db.turns import Turns
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def notes(database: Database) -> Database:
    async with database.transaction() as tx:
        await tx.execute(text("CREATE TABLE notes (word TEXT UNIQUE)"))
    return database


async def write(database: Database, word: str) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("INSERT INTO notes VALUES (:word)"), {"word": word})


class TestTurns:
    async def test_they_come_in_the_order_of_asking(self) -> None:
        turns, order = Turns(), list[int]()
        asked = [turns.ask(partial(order.append, number)) for number in range(3)]
        assert order == [0]
        asked[0].end()
        assert order == [0, 1]
        asked[0].end()  # twice is once
        assert order == [0, 1]
        asked[1].end()
        asked[2].end()
        assert order == [0, 1, 2]
        assert not turns.is_wanted

    async def test_who_stops_waiting_is_passed_over(self) -> None:
        turns, order = Turns(), list[int]()
        asked = [turns.ask(partial(order.append, number)) for number in range(3)]
        asked[1].end()
        asked[0].end()
        assert order == [0, 2]

    async def test_who_is_cancelled_while_waiting_is_passed_over(self) -> None:
        turns = Turns()
        writer = await turns.take()
        task = asyncio.create_task(turns.take())
        await until(lambda: turns.is_wanted)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        writer.end()
        (await asyncio.wait_for(turns.take(), 1)).end()

    async def test_patience_ends(self) -> None:
        turns, order = Turns(patience=0.01), list[int]()
        writer = turns.ask(partial(order.append, 0))
        late = turns.ask(partial(order.append, 1))
        await until(lambda: order == [0, 1])
        late.end()  # it had no turn, so it gives none away
        turns.ask(partial(order.append, 2))
        assert order == [0, 1]
        writer.end()
        assert order == [0, 1, 2]


class TestTransactions:
    async def test_nobody_meets_sqlites_own_lock(
        self, notes: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who meets it sleeps, up to 100 ms at a time; here it would be an error at once."""
        impatient = [p for p in SQLITE_PRAGMAS if "busy_timeout" not in p]
        monkeypatch.setattr("app.db.engine.SQLITE_PRAGMAS", [*impatient, "PRAGMA busy_timeout=0"])
        database = Database(notes.url.render_as_string())
        await asyncio.gather(*(write(database, f"word {number}") for number in range(40)))
        async with database.transaction(write=False) as tx:
            assert (await tx.execute(text("SELECT count(*) FROM notes"))).scalar_one() == 40
        await database.close()

    async def test_a_failure_and_a_cancellation_give_the_turn_back(self, notes: Database) -> None:
        async def fail() -> None:
            async with notes.transaction() as tx:
                await tx.execute(text("INSERT INTO nowhere VALUES (1)"))

        async def hang() -> None:
            async with notes.transaction() as tx:
                await tx.execute(text("INSERT INTO notes VALUES ('never')"))
                await asyncio.sleep(60)

        with pytest.raises(OperationalError):
            await fail()
        hanging = asyncio.create_task(hang())
        await asyncio.sleep(0.05)
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        await asyncio.wait_for(write(notes, "after"), 2)

    async def test_readers_ask_for_no_turn(self, notes: Database) -> None:
        async with notes.transaction() as tx:
            await tx.execute(text("INSERT INTO notes VALUES ('not yet')"))
            async with notes.transaction(write=False) as reader:
                await asyncio.wait_for(reader.execute(text("SELECT * FROM notes")), 1)
