"""The order beside the real libraries and beside a second model of their algorithm."""

from __future__ import annotations

import json
import random
from base64 import b64decode
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Text

from app.domain.rooms.guard.guard import Gap, Guard, Refused
from app.domain.rooms.wire.updates import read_update
from tests.domain.rooms.guard.test_guard_sessions import Person, session
from tests.fuzz import generators, hazards, wire
from tests.fuzz.documents import scene
from tests.fuzz.sequence import Sequence
from tests.fuzz.traffic import sessions

RECORDINGS = sorted(Path(__file__).parent.glob("recordings/*.json"))
CORPUS = list(sessions())
LIES = {"crossed", "seen_between"}


def utf16(text: str) -> list[bytes]:
    raw = text.encode("utf-16-le")
    return [raw[at : at + 2] for at in range(0, len(raw), 2)]


class Reader:
    """Reads the text off a guard's order; the units come from the updates themselves."""

    def __init__(self) -> None:
        self.units: dict[tuple[int, int], bytes] = {}

    def note(self, update: bytes) -> None:
        for client, _, _, blocks in read_update(update).sections:
            for block in blocks:
                for at, unit in enumerate(utf16(block.text or "")):
                    self.units.setdefault((client, block.clock + at), unit)

    def text(self, guard: Guard) -> str:
        return b"".join(
            self.units[who, clock]
            for who, start, end in guard.visible()
            for clock in range(start, end)
        ).decode("utf-16-le")


def by_author(guard: Guard, text: str) -> dict[str, str]:
    """What each has written of a text, as the spans say."""
    units, at, found = utf16(text), 0, {}
    for length, actor in guard.spans():
        found[actor] = found.get(actor, b"") + b"".join(units[at : at + length])
        at += length
    assert at == len(units) == guard.units
    return {actor: part.decode("utf-16-le") for actor, part in found.items()}


def credited(guard: Guard, reader: Reader) -> dict[str, str]:
    """The same from the clocks that each is credited with."""
    found: dict[str, bytes] = {}
    for who, start, end in guard.visible():
        for clock in range(start, end):
            actor = next(a for s, e, a in guard.attribution(who) if s <= clock < e)
            found[actor] = found.get(actor, b"") + reader.units[who, clock]
    return {actor: part.decode("utf-16-le") for actor, part in found.items()}


def reloaded(guard: Guard, *updates: bytes) -> Guard:
    loaded = Guard()
    for credit in guard.author_ranges():
        loaded.credit(*credit)
    for update in updates:
        loaded.learn(update, None)
    return loaded


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_the_order_is_that_of_the_library(seed: int):
    guard, reader, doc = Guard(), Reader(), Doc()
    text = doc.get("text", type=Text)
    for name, update in session(seed, 25):
        guard.admit(guard.check(update, name), name)
        reader.note(update)
        doc.apply_update(update)
        assert reader.text(guard) == str(text)
    assert by_author(guard, str(text)) == credited(guard, reader)
    loaded = reloaded(guard, doc.get_update())
    assert reader.text(loaded) == str(text)
    assert loaded.spans() == guard.spans()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 9))
def test_many_at_one_place(seed: int, count: int):
    """Everybody types at the same place without hearing of the others, several times over."""
    dice = random.Random(seed)
    guard, reader, server = Guard(), Reader(), Doc()
    text = server.get("text", type=Text)
    people = [Person(f"user:{at}", dice.randrange(1, 2**32)) for at in range(count)]
    for _ in range(3):
        place = dice.randrange(len(str(text)) + 1)
        for person in people:
            person.doc.apply_update(server.get_update(person.doc.get_state()))
            before = person.doc.get_state()
            start = len(str(person.text)[:place].encode())
            for word in dice.choices(["a", "bc", "\U0001f600", "é"], k=dice.randrange(1, 5)):
                person.text.insert(start, word)
                start += len(word.encode()) if dice.random() < 0.6 else 0
            person.unsent.append(person.doc.get_update(before))
        dice.shuffle(people)
        for person in people:
            for update in person.unsent:
                guard.admit(guard.check(update, person.name), person.name)
                reader.note(update)
                server.apply_update(update)
            person.unsent = []
            if dice.random() < 0.5:
                people[0].doc.apply_update(server.get_update(people[0].doc.get_state()))
        assert reader.text(guard) == str(text)
    assert reader.text(reloaded(guard, server.get_update())) == str(text)


def played(arrivals: Iterable[tuple[str, bytes]]) -> tuple[Guard, Reader, Doc]:
    guard, reader, doc = Guard(), Reader(), Doc()
    doc.get("text", type=Text)
    for actor, update in arrivals:
        guard.admit(guard.check(update, actor), actor)
        reader.note(update)
        doc.apply_update(update)
    return guard, reader, doc


def recorded(path: Path) -> Iterator[tuple[str, bytes]]:
    for actor, update, _ in json.loads(path.read_text())["sent"]:
        yield actor, b64decode(update)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_the_order_is_that_of_yjs(path: Path):
    guard, reader, doc = played(recorded(path))
    text = json.loads(path.read_text())["text"]
    assert reader.text(guard) == text
    assert reader.text(reloaded(guard, doc.get_update())) == text
    assert reader.text(reloaded(guard, *(update for _, update in recorded(path)))) == text
    assert by_author(guard, text) == credited(guard, reader)


@pytest.mark.parametrize("part", range(4))
def test_the_order_is_that_of_yjs_in_the_corpus(part: int):
    for one in CORPUS[part::8]:
        guard, reader, doc = played((actor, update) for actor, _, update in one.arrivals)
        assert reader.text(guard) == one.text, one.name
        assert reader.text(reloaded(guard, doc.get_update())) == one.text, one.name
        assert sum(length for length, _ in guard.spans()) == guard.units


ATTACKS = (generators.grammar, generators.knotted, generators.cyclic, hazards.forge)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32))
def test_what_is_refused_is_what_a_model_calls_a_lie(seed: int):
    """Nothing else is refused for its place, and nothing that is taken is one."""
    dice = random.Random(seed)
    setting = scene(seed, 12)
    guard = Guard()
    journal = [update for _, update in setting.arrivals]
    for sender, update in setting.arrivals:
        guard.learn(update, sender)
    for _ in range(20):
        sender, update = dice.choice(ATTACKS)(dice, setting.model)
        try:
            verdict = guard.check(update, sender)
        except Gap:
            continue
        except Refused as refused:
            if refused.reason in LIES and is_whole(update):
                assert lies([*journal, update])
            continue
        guard.admit(verdict, sender)
        setting.model.note(update, sender)
        journal.append(update)
        assert not lies(journal)
        assert [(who, at) for who, s, e in guard._known.order for at in range(s, e)] == order(
            journal
        )


def is_whole(update: bytes) -> bool:
    """Blocks are looked at before the deletions that follow them are read."""
    try:
        wire.parse(update)
    except wire.MalformedError:
        return False
    return True


def modelled(journal: list[bytes]) -> Sequence:
    model = Sequence()
    for update in journal:
        model.apply(update)
    return model


def lies(journal: list[bytes]) -> list[str]:
    return modelled(journal).lies


def order(journal: list[bytes]) -> list[tuple[int, int]]:
    return [unit.id for unit in modelled(journal).units]
