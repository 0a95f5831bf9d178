"""The journal: groups, order, retries; and its rows on a real SQLite file."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest

from app.db.engine import SQLITE_PRAGMAS
from app.db.turns import Turns
from app.domain.rooms.journal import journal as journal_module
from app.domain.rooms.journal.journal import (
    NOBODY,
    DocumentsGone,
    Done,
    Entry,
    Group,
    Journal,
    SequenceTaken,
    StorageState,
    Unwritable,
)
from app.domain.rooms.journal.store_sqlite import SqliteStore
from app.kit.clock import utc_now
from app.kit.ids import new_id
from tests.support.engine import running_engine
from tests.support.waiting import until

A, B = UUID(int=1), UUID(int=2)


def entry(number: int, document_id: UUID = A, update: bytes = b"\x00\x00") -> Entry:
    return Entry(document_id, number, "user:ann", update, utc_now())


def grouped(entries: Sequence[Entry]) -> list[Group]:
    """A group for each document, in which the first entry's number is its place in the log."""
    groups: dict[UUID, Group] = {}
    for one in entries:
        known = groups.setdefault(one.document_id, Group(one.document_id, "e", one.number - 1, []))
        known.entries.append(one)
    return list(groups.values())


class Store:
    """A disk that answers when the test says so."""

    def __init__(self) -> None:
        self.groups: list[list[Entry]] = []
        self.after: list[dict[UUID, int]] = []
        self._done: list[Done] = []

    def append(self, groups: Sequence[Group], done: Done) -> None:
        self.groups.append([one for group in groups for one in group.entries])
        self.after.append({group.document_id: group.after for group in groups})
        self._done.append(done)

    def answer(self, error: Exception | None = None, behind: frozenset[UUID] = NOBODY) -> None:
        self._done.pop(0)(error, behind)

    @property
    def is_asked(self) -> bool:
        return bool(self._done)

    async def close(self) -> None: ...


class Rooms:
    """Whose journal it is: rooms that do nothing but listen."""

    def __init__(self, store: Store) -> None:
        self.heard: list[int] = []
        self.heard_behind: list[UUID] = []
        self.gone: list[UUID] = []
        self.states: list[StorageState] = []
        self.seqs: dict[UUID, int] = {}
        self.journal = Journal(store, self)

    def position(self, document_id: UUID) -> tuple[str, int]:
        return "epoch-1", self.seqs.get(document_id, 0)

    def written(self, entries: Sequence[Entry]) -> None:
        self.heard += [entry.number for entry in entries]
        for one in entries:
            self.seqs[one.document_id] = self.seqs.get(one.document_id, 0) + 1

    def behind(self, document_id: UUID) -> None:
        self.heard_behind.append(document_id)

    def unwritable(self, error: Unwritable) -> None:
        self.gone += error.document_ids

    def storage_changed(self, state: StorageState) -> None:
        self.states.append(state)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(journal_module, "_LONGEST_PAUSE", 0.002)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def heard(store: Store) -> AsyncIterator[Rooms]:
    listener = Rooms(store)
    yield listener
    await listener.journal.close()


async def asked(store: Store) -> None:
    await until(lambda: store.is_asked)


class TestGroups:
    async def test_what_comes_in_one_turn_shares_a_commit(self, store: Store, heard: Rooms) -> None:
        for seq in (1, 2, 3):
            heard.journal.submit(entry(seq))
        await asked(store)
        assert [[e.number for e in group] for group in store.groups] == [[1, 2, 3]]

    async def test_what_comes_during_a_commit_is_the_next(self, store: Store, heard: Rooms) -> None:
        heard.journal.submit(entry(1))
        await asked(store)
        heard.journal.submit(entry(2))
        heard.journal.submit(entry(3))
        assert heard.heard == []
        store.answer()
        await asked(store)
        store.answer()
        assert [[e.number for e in group] for group in store.groups] == [[1], [2, 3]]
        assert heard.heard == [1, 2, 3]
        assert heard.journal.backlog == 0

    async def test_flush_waits_for_everything(self, store: Store, heard: Rooms) -> None:
        heard.journal.submit(entry(1))
        await asked(store)
        heard.journal.submit(entry(2))
        flushing = asyncio.ensure_future(heard.journal.flush())
        store.answer()
        await asked(store)
        assert not flushing.done()
        store.answer()
        await flushing
        await heard.journal.flush()  # nothing queued: at once


class TestBehind:
    """Another worker has written to the same log."""

    async def test_it_waits_for_what_others_wrote_and_is_written_behind_that(
        self, store: Store, heard: Rooms
    ) -> None:
        heard.journal.submit(entry(1, A))
        heard.journal.submit(entry(1, B))
        await asked(store)
        heard.journal.submit(entry(2, A))
        store.answer(behind=frozenset({A}))
        assert (heard.heard, heard.heard_behind) == ([1], [A])
        heard.journal.submit(entry(3, A))
        assert heard.journal.backlog == 3
        heard.seqs[A] = 7
        heard.journal.resume(A)
        await asked(store)
        assert store.after[-1] == {A: 7}
        assert [one.number for one in store.groups[-1]] == [1, 2, 3]
        store.answer()
        assert heard.heard == [1, 1, 2, 3]

    async def test_others_go_on_meanwhile(self, store: Store, heard: Rooms) -> None:
        heard.journal.submit(entry(1, A))
        await asked(store)
        store.answer(behind=frozenset({A}))
        heard.journal.submit(entry(1, B))
        await asked(store)
        store.answer()
        assert heard.heard == [1]

    async def test_what_was_written_after_all_is_recognised(
        self, store: Store, heard: Rooms
    ) -> None:
        heard.journal.submit(entry(1, A, b"one"))
        heard.journal.submit(entry(2, A, b"two"))
        await asked(store)
        store.answer(OSError("the database does not answer"))
        await asked(store)
        store.answer(behind=frozenset({A}))
        assert not heard.journal.recognise(A, "user:bob", b"one")
        assert heard.journal.recognise(A, "user:ann", b"one")
        assert not heard.journal.recognise(A, "user:ann", b"other")
        assert heard.heard == [1]
        heard.journal.resume(A)
        await asked(store)
        store.answer()
        assert heard.heard == [1, 2]
        await heard.journal.flush()

    async def test_a_flush_waits_for_those_that_are_behind(
        self, store: Store, heard: Rooms
    ) -> None:
        heard.journal.submit(entry(1, A))
        await asked(store)
        store.answer(behind=frozenset({A}))
        flushing = asyncio.ensure_future(heard.journal.flush())
        await asyncio.sleep(0.01)
        assert not flushing.done()
        heard.journal.drop([A])
        await flushing
        assert heard.journal.backlog == 0

    async def test_what_was_given_up_meanwhile_is_not_tried_again(
        self, store: Store, heard: Rooms
    ) -> None:
        heard.journal.submit(entry(1, A))
        await asked(store)
        heard.journal.drop([A])
        assert not heard.journal.is_writing(A)
        store.answer(behind=frozenset({A}))
        assert (heard.heard_behind, heard.journal.backlog) == ([], 0)


class TestFailing:
    async def test_a_failed_group_is_written_again_in_the_same_order(
        self, store: Store, heard: Rooms
    ) -> None:
        heard.journal.submit(entry(1))
        await asked(store)
        heard.journal.submit(entry(2))
        store.answer(OSError("the disk is full"))
        assert heard.heard == []
        assert heard.states[-1].cause == "the disk is full"
        await asked(store)
        store.answer()
        await asked(store)
        store.answer()
        assert heard.heard == [1, 2]
        assert [state.ok for state in heard.states] == [False, True]

    async def test_the_first_failure_counts_for_how_long_it_lasts(
        self, store: Store, heard: Rooms
    ) -> None:
        heard.journal.submit(entry(1))
        for cause in ("the disk is full", "the disk is full", "the disk reports errors"):
            await asked(store)
            store.answer(OSError(cause))
        assert [state.cause for state in heard.states] == [
            "the disk is full",
            "the disk reports errors",
        ]
        assert heard.states[0].since == heard.states[1].since > 0

    async def test_an_unforeseen_failure_loses_nothing_either(
        self, store: Store, heard: Rooms
    ) -> None:
        heard.journal.submit(entry(1))
        await asked(store)
        store.answer(ValueError("who would have thought"))
        assert not heard.journal.state.ok
        assert heard.journal.backlog == 1
        await asked(store)
        store.answer()
        assert heard.heard == [1]
        assert heard.journal.state.ok

    async def test_a_document_that_is_gone_does_not_hold_up_the_others(
        self, store: Store, heard: Rooms
    ) -> None:
        heard.journal.submit(entry(1, A))
        heard.journal.submit(entry(7, B))
        await asked(store)
        store.answer(DocumentsGone(frozenset({A})))
        assert heard.gone == [A]
        await asked(store)
        store.answer()
        assert heard.heard == [7]

    async def test_when_the_last_document_is_gone_the_storage_is_well_again(
        self, store: Store, heard: Rooms
    ) -> None:
        """Otherwise every other room would stay read-only until somebody could write."""
        heard.journal.submit(entry(1, A))
        await asked(store)
        store.answer(OSError("the disk is full"))
        await asked(store)
        store.answer(DocumentsGone(frozenset({A})))
        if store.is_asked:
            store.answer()
        assert heard.journal.state.ok
        assert heard.journal.backlog == 0

    async def test_a_listener_that_fails_does_not_stop_the_writing(
        self, store: Store, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Failing(Rooms):
            def written(self, entries: Sequence[Entry]) -> None:
                raise RuntimeError("planted")

        journal = Failing(store).journal
        journal.submit(entry(1))
        await asked(store)
        journal.submit(entry(2))
        with pytest.raises(RuntimeError, match="planted"):
            store.answer()
        assert store.is_asked


class TestRows:
    """On a real database."""

    @pytest.fixture
    async def place(self, tmp_path: Path) -> AsyncIterator[tuple[Path, UUID]]:
        async with running_engine(tmp_path) as engine:
            document_id = await engine.document("Hello")
            yield tmp_path / "promptroom.db", document_id

    async def write(self, store: SqliteStore, entries: list[Entry]) -> Exception | None:
        future: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        store.append(grouped(entries), lambda error, behind=NOBODY: future.set_result(error))
        return await future

    def rows(self, path: Path, document_id: UUID) -> list[tuple[int, bytes]]:
        with sqlite3.connect(path) as connection:
            return connection.execute(
                'SELECT seq, "update" FROM room_journal WHERE document_id = ? ORDER BY seq',
                (document_id.hex,),
            ).fetchall()

    async def test_entries_are_rows(self, place: tuple[Path, UUID]) -> None:
        path, document_id = place
        store = SqliteStore(path)
        assert await self.write(store, [entry(1, document_id), entry(2, document_id)]) is None
        await store.close()
        assert [seq for seq, _ in self.rows(path, document_id)] == [1, 2]

    async def test_more_rows_than_one_statement_takes(self, place: tuple[Path, UUID]) -> None:
        path, document_id = place
        store = SqliteStore(path)
        many = [entry(seq, document_id) for seq in range(1, 12_001)]
        assert await self.write(store, many) is None
        await store.close()
        assert len(self.rows(path, document_id)) == 12_000

    async def test_an_entry_written_twice_is_there_once(self, place: tuple[Path, UUID]) -> None:
        path, document_id = place
        store = SqliteStore(path)
        for _ in range(2):
            assert await self.write(store, [entry(1, document_id, b"one")]) is None
        await store.close()
        assert self.rows(path, document_id) == [(1, b"one")]

    async def test_a_number_that_another_edit_has_is_never_passed_over(
        self, place: tuple[Path, UUID]
    ) -> None:
        """Reporting it as written would acknowledge an edit that is nowhere."""
        path, document_id = place
        store = SqliteStore(path)
        await self.write(store, [entry(1, document_id, b"one")])
        error = await self.write(
            store, [entry(1, document_id, b"other"), entry(2, document_id, b"two")]
        )
        await store.close()
        assert isinstance(error, SequenceTaken)
        assert error.document_ids == {document_id}
        assert self.rows(path, document_id) == [(1, b"one")]

    async def test_a_document_that_is_gone_is_named(self, place: tuple[Path, UUID]) -> None:
        path, document_id = place
        gone = new_id()
        store = SqliteStore(path)
        error = await self.write(store, [entry(1, document_id), entry(1, gone)])
        await store.close()
        assert isinstance(error, DocumentsGone)
        assert error.document_ids == {gone}
        assert self.rows(path, document_id) == []

    async def test_a_missing_file_is_an_error_and_not_a_new_file(self, tmp_path: Path) -> None:
        store = SqliteStore(tmp_path / "nothing.db")
        error = await self.write(store, [entry(1)])
        await store.close()
        assert isinstance(error, OSError)
        assert str(error) == "the database file cannot be opened"
        assert not (tmp_path / "nothing.db").exists()

    async def test_another_program_that_holds_the_file_is_named(
        self, place: tuple[Path, UUID], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path, document_id = place
        pragmas = ("PRAGMA journal_mode=WAL", "PRAGMA busy_timeout=20", "PRAGMA foreign_keys=ON")
        monkeypatch.setattr("app.domain.rooms.journal.store_sqlite.SQLITE_PRAGMAS", pragmas)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        store = SqliteStore(path)
        error = await self.write(store, [entry(1, document_id)])
        other.execute("ROLLBACK")
        other.close()
        assert str(error) == "another program holds the database"
        assert await self.write(store, [entry(1, document_id)]) is None
        await store.close()

    async def test_a_commit_waits_for_who_writes_and_is_waited_for(
        self, place: tuple[Path, UUID]
    ) -> None:
        path, document_id = place
        turns, order = Turns(), list[str]()
        store = SqliteStore(path, turns)
        writer = turns.ask(lambda: order.append("a request"))
        writing = asyncio.create_task(self.write(store, [entry(1, document_id)]))
        await until(lambda: turns.is_wanted)
        next_one = turns.ask(lambda: order.append("another"))
        await asyncio.sleep(0.05)
        assert not writing.done()
        writer.end()
        assert await writing is None
        assert order == ["a request", "another"]
        assert self.rows(path, document_id) == [(1, b"\x00\x00")]
        next_one.end()
        await store.close()

    async def test_a_failed_commit_gives_its_turn_back(self, tmp_path: Path) -> None:
        turns = Turns()
        store = SqliteStore(tmp_path / "nothing.db", turns)
        assert await self.write(store, [entry(1)]) is not None
        (await asyncio.wait_for(turns.take(), 1)).end()
        await store.close()


def size_of(path: Path) -> int:
    return path.stat().st_size


class TestReserving:
    """The write-ahead log has its length before the first edit, and holds nothing for that."""

    @pytest.fixture
    async def place(self, tmp_path: Path) -> AsyncIterator[Path]:
        path = tmp_path / "some.db"
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("CREATE TABLE words (word TEXT)")
            connection.execute("INSERT INTO words VALUES ('kept')")
        yield path
        connection.close()

    async def reserve(self, path: Path) -> int:
        """How long the log is then."""
        store = SqliteStore(path)
        store.reserve()
        (await store._turns.take()).end()  # behind it
        length = size_of(path.with_name(path.name + "-wal"))
        await store.close()
        return length

    async def test_it_is_as_long_as_between_two_checkpoints(self, place: Path) -> None:
        pages = next(int(p.split("=")[1]) for p in SQLITE_PRAGMAS if "autocheckpoint" in p)
        assert await self.reserve(place) >= pages * 4096

    async def test_nothing_is_changed(self, place: Path) -> None:
        before = size_of(place)
        await self.reserve(place)
        with sqlite3.connect(place) as connection:
            assert connection.execute("SELECT * FROM words").fetchall() == [("kept",)]
            tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
        assert tables == [("words",)]
        assert size_of(place) == before

    async def test_a_scarce_disk_is_left_alone(
        self, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        scarce = SimpleNamespace(free=100 << 20)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: scarce)
        assert await self.reserve(place) < 1 << 20

    async def test_a_disk_that_fills_up_meanwhile_does_not_matter(
        self, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "app.domain.rooms.journal.store_sqlite._RESERVED", 2_000_000_000
        )  # too big
        await self.reserve(place)
        with sqlite3.connect(place) as connection:
            connection.execute("INSERT INTO words VALUES ('written')")
        connection.close()
