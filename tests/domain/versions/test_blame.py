"""Who wrote what: three people on real sockets against a model that follows every character."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.principal import Principal
from app.domain.rooms.guard.blame import MOST_RUNS, Run
from app.domain.rooms.journal import log as log_module
from app.domain.rooms.room.document import LiveDocument
from app.domain.versions import blame, queries
from app.domain.versions.blame import UNKNOWN, Blame, Part
from app.domain.versions.history import History
from app.domain.versions.service import Versions
from app.kit.utf16 import pieces
from tests.domain.rooms.conftest import data_dir  # noqa: F401  (the engine's disk)
from tests.support.builders import MadePrompt, a_prompt, a_workspace, as_member
from tests.support.engine import Engine, running_engine
from tests.support.yclient import YClient

NAMES = ("ann", "bob", "cid")
# Every character that anybody types is one of a kind, and a word of its own: restoring replaces
# whole words, and the model would have to know which. cid writes in surrogate pairs.
FIRST = {"ann": 0x2190, "bob": 0x2500, "cid": 0x1F400}


@dataclass
class Model:
    """What blame has to say, learned by watching and without a look at any clock."""

    authors: dict[str, str]  # by character
    numbers: dict[str, int] = field(default_factory=dict)  # the version each one came with
    newest: int = 0

    def looked(self, text: str) -> None:
        """What is gone from the live text comes back as something new."""
        self.numbers = {one: number for one, number in self.numbers.items() if one in text}

    def published(self, text: str, number: int) -> None:
        if number > self.newest:
            self.newest = number
            for one in text:
                self.numbers.setdefault(one, number)

    def told(self, text: str) -> list[tuple[str, str, int]]:
        return [(one, self.authors[one], self.numbers.get(one, self.newest + 1)) for one in text]


class Writer:
    """Somebody at a client, who types what nobody else has typed before."""

    def __init__(self, client: YClient, name: str, actor: str, model: Model) -> None:
        self.client, self.actor, self.model = client, actor, model
        self._next = FIRST[name]

    def change(self, random_: random.Random) -> None:
        """Type a few characters somewhere and sometimes take some away first; not sent yet."""
        text = self.client.content
        at = random_.randrange(len(text) + 1)
        gone = text[at : at + random_.randrange(1, 6)] if random_.random() < 0.35 else ""
        new = "".join(chr(self._next + n) for n in range(random_.randrange(1, 8)))
        self._next += len(new)
        self.model.authors |= dict.fromkeys(new, self.actor)
        self.client.type(len(text[:at].encode()), new, delete=len(gone.encode()))


@dataclass
class Bench:
    engine: Engine
    caller: Principal
    made: MadePrompt
    model: Model
    writers: list[Writer] = field(default_factory=list)

    @property
    def versions(self) -> Versions:
        return Versions(self.engine.database, self.caller, self.engine.rooms.hub)

    async def open(self, stack: AsyncExitStack) -> None:
        for name in NAMES:
            url = self.engine.room_url(self.made.room_id)
            client = await stack.enter_async_context(YClient(url, name))
            actor = self.engine.doorkeeper.people[name].actor
            self.writers.append(Writer(client, name, actor, self.model))

    async def in_step(self) -> str:
        for writer in self.writers:
            await writer.client.durable()
        text = (await self.engine.rooms.hub.read(self.made.room_id)).text
        for writer in self.writers:
            await writer.client.until(lambda client=writer.client: client.content == text)
        self.model.looked(text)
        return text

    async def in_turns(self, random_: random.Random) -> None:
        for writer in random_.sample(self.writers, 3):
            writer.change(random_)
            await writer.client.flush()
            await self.in_step()

    async def at_once(self, random_: random.Random) -> None:
        for _ in range(random_.randrange(1, 4)):
            for writer in self.writers:
                writer.change(random_)
        for writer in self.writers:
            await writer.client.flush()
        await self.in_step()

    async def publish(self) -> None:
        done = await self.versions.publish(self.made.id, "A change")
        self.model.published(done.version.text, done.version.number)

    async def restore(self, number: int) -> None:
        async with self.engine.database.transaction(write=False) as tx:
            version = await queries.numbered(tx, self.caller, self.made.id, number)
        assert version is not None
        done = await self.versions.restore(self.made.id, number)
        await self.in_step()
        self.model.published(done.version.text, done.version.number)

    async def reload(self) -> None:
        """Everything from the disk again, as after a crash."""
        open_ = await self.engine.rooms.hub.open(self.made.room_id)
        document = open_.room.document
        self.engine.rooms.hub.repair.reload(open_)
        while open_.room.document is document:
            await self.writers[0].client.barrier()
            await self.writers[0].client.durable()

    async def compact(self) -> None:
        open_ = await self.engine.rooms.hub.open(self.made.room_id)
        await self.engine.rooms.caretaker.compact(open_)
        assert open_.journal_rows == 0

    async def told(self, ref: str = "draft") -> list[tuple[str, str, int]]:
        async with self.engine.database.transaction(write=False) as tx:
            history = History(tx, self.caller, self.engine.rooms.hub)
            side = await history.side(await history.open(self.made.id), ref)
        return [
            (one, span.actor, span.number)
            for piece, span in blame.told(side.text, side.blame)
            for one in piece
        ]

    async def pieces(self) -> list[tuple[str, str]]:
        """Neighbouring words of one person are one piece."""
        return [
            ("".join(one for one, *_ in group), actor)
            for actor, group in groupby(await self.told(), key=itemgetter(1))
        ]

    async def check(self) -> None:
        text = await self.in_step()
        assert await self.told() == self.model.told(text)


@pytest.fixture(autouse=True)
def compactions_here(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(_: object, call: Callable[..., object], *given: object) -> object:
        return call(*given)

    monkeypatch.setattr(log_module.Helper, "run", run)


@pytest.fixture
async def engine(data_dir: Path) -> AsyncIterator[Engine]:  # noqa: F811
    async with running_engine(data_dir) as engine:
        yield engine


@pytest.fixture
async def bench(engine: Engine) -> AsyncIterator[Bench]:
    place = await a_workspace(engine.database)
    engine.workspace_id = place.id
    for name in NAMES:
        engine.person(name)
    made = await a_prompt(engine.database, place, text="!?")
    caller = await as_member(engine.database, place, place.owner)
    bench = Bench(engine, caller, made, Model(dict.fromkeys("!?", caller.actor)))
    async with AsyncExitStack() as stack:
        await bench.open(stack)
        yield bench


Step = Callable[[Bench, random.Random], Awaitable[None]]
STEPS: dict[str, Step] = {
    "turns": lambda bench, random_: bench.in_turns(random_),
    "at once": lambda bench, random_: bench.at_once(random_),
    "publish": lambda bench, _: bench.publish(),
    "restore": lambda bench, random_: bench.restore(random_.randrange(1, bench.model.newest + 1)),
    "reload": lambda bench, _: bench.reload(),
    "compact": lambda bench, _: bench.compact(),
}


@pytest.mark.anyio
class TestThreePeople:
    @pytest.mark.parametrize("seed", range(6))
    async def test_blame_is_what_watching_every_character_says(
        self, bench: Bench, seed: int
    ) -> None:
        random_ = random.Random(seed)
        await bench.publish()
        # All of them at least once, and each time in another order.
        for kind in [*random_.choices(list(STEPS), [4, 4, 2, 2, 1, 1], k=14), *STEPS]:
            await STEPS[kind](bench, random_)
            await bench.check()
        kept = {number: await bench.told(str(number)) for number in range(1, bench.model.newest)}
        await bench.at_once(random_)
        await bench.compact()
        for number, before in kept.items():
            assert await bench.told(str(number)) == before

    async def test_a_restored_word_is_its_authors_and_what_others_write_stays_theirs(
        self, bench: Bench
    ) -> None:
        ann, bob, cid = bench.writers
        await ann.client.edit(0, "You answer briefly. ")
        await bench.in_step()
        await bob.client.edit(len("You answer "), "very ")
        await bench.in_step()
        await bench.publish()
        await bob.client.edit(0, delete=len("You answer very "))
        await cid.client.edit(len("briefly"), " and kindly")
        await bench.in_step()
        done = await bench.versions.restore(bench.made.id, 1)
        assert await bench.in_step() == done.version.text == "You answer very briefly. !?"
        assert await bench.pieces() == [
            ("You answer ", ann.actor),
            ("very ", bob.actor),
            ("briefly. ", ann.actor),
            ("!?", bench.caller.actor),
        ]

    async def test_the_one_who_restores_is_the_versions_contributor(self, bench: Bench) -> None:
        ann = bench.writers[0]
        await bench.publish()
        await ann.client.edit(0, delete=1)
        await bench.in_step()
        await bench.publish()
        done = await bench.versions.restore(bench.made.id, 1)
        assert done.version.contributors == [{"actor": bench.caller.actor, "units": 1}]


parts = st.lists(
    st.tuples(st.integers(1, 3), st.integers(1, 9), st.sampled_from("abc"), st.integers(0, 4)),
    max_size=12,
).map(lambda rows: Blame(_laid(rows)))


def _laid(rows: list[tuple[int, int, str, int]]) -> list[Part]:
    clocks: dict[int, int] = {}
    found = []
    for client, size, actor, number in rows:
        start = clocks.get(client, 0)
        clocks[client] = start + size
        found.append(Part(client, start, start + size, actor, number))
    return found


class TestKeeping:
    @given(kept=parts)
    def test_what_is_stored_comes_back(self, kept: Blame) -> None:
        assert list(blame.decoded(kept.encoded()).parts) == list(kept.parts)

    def test_a_version_from_before_names_nobody(self) -> None:
        assert blame.told("Hello", blame.decoded(None)) == [("Hello", blame.Span(0, "", UNKNOWN))]

    @given(kept=parts, cut=st.lists(st.integers(0, 9), min_size=3, max_size=3))
    def test_each_clock_keeps_the_version_that_it_came_with(
        self, kept: Blame, cut: list[int]
    ) -> None:
        clocks = dict(enumerate(cut, 1))
        runs = [Run(client, 0, 30, "a") for client in clocks]
        known = {
            (part.client, clock): part.number
            for part in kept.parts
            for clock in range(part.start, part.end)
        }
        for part in blame.made(runs, 9, kept, clocks).parts:
            for clock in range(part.start, part.end):
                is_old = clock < clocks[part.client]
                expected = known.get((part.client, clock), UNKNOWN) if is_old else 9
                assert part.number == expected

    def test_another_epoch_counts_other_clocks(self) -> None:
        runs = [Run(1, 0, 4, "a")]
        assert blame.made(runs, UNKNOWN, None, {}).parts == [Part(1, 0, 4, "a", UNKNOWN)]

    def test_a_line_is_shared_by_those_who_wrote_it(self) -> None:
        kept = Blame([Part(1, 0, 5, "a", 1), Part(2, 0, 3, "b", 2)])
        lines = blame.Lines("ab👋\n\ncd", kept)
        assert lines.is_known
        assert [lines.whose(number) for number in (1, 2, 3)] == [
            blame.Span(3, "a", 1),
            None,
            blame.Span(2, "b", 2),
        ]
        assert not blame.Lines("ab", blame.NOTHING).is_known

    def test_most_of_a_line_decides_and_so_does_most_of_what_changed(self) -> None:
        parts = [Part(1, 0, 3, "a", 1), Part(2, 0, 5, "b", 2), Part(1, 3, 6, "a", 3)]
        lines = blame.Lines(
            "x\naaabbbbbaa", Blame([Part(3, 0, 2, "c", 1), *parts[:2], parts[2]._replace(end=5)])
        )
        assert lines.whose(2, [(3, 6)]) == blame.Span(3, "b", 2)
        assert lines.whose(2, [(0, 2), (7, 10)]) == blame.Span(4, "a", 3)
        assert lines.whose(2, [(4, 4)]) is None
        assert lines.whose(1) == blame.Span(1, "c", 1)

    @given(text=st.text(max_size=30), data=st.data())
    def test_pieces_are_the_text_again(self, text: str, data: st.DataObject) -> None:
        sizes = [len(one.encode("utf-16-le", "surrogatepass")) // 2 for one in text]
        assert pieces(text, sizes) == list(text)
        assert pieces(text, [*sizes, 1]) is None

    def test_a_text_in_too_many_pieces_is_nobodys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        document = LiveDocument.of("one", "user:a")
        document.rewrite("one two", "user:b")
        blocks = document.guard.blocks()
        assert [run.actor for run in blocks.runs()] == ["user:a", "user:b"]
        monkeypatch.setattr("app.domain.rooms.guard.blame.MOST_RUNS", 0)
        assert MOST_RUNS > 1
        assert blocks.runs() == []

    def test_what_is_looked_at_does_not_move_while_the_document_goes_on(self) -> None:
        document = LiveDocument.of("one two", "user:a")
        blocks = document.guard.blocks()
        document.rewrite("two one three", "user:b")
        assert sum(run.end - run.start for run in blocks.runs()) == len("one two")
        assert {run.actor for run in blocks.runs()} == {"user:a"}
