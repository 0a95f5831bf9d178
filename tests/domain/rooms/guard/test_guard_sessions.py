"""The guard beside the real library: honest editing passes, damage is refused or harmless."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Text

from app.domain.rooms.guard.guard import Gap, Guard, Refused
from app.domain.rooms.wire.updates import read_update

WORDS = [
    "a", "b", " ", "\n", "word ", "{{name}}", "\U0001f600", "\U0001f469\u200d\U0001f4bb",
    "\U0001f1eb\U0001f1f7", "語", "é", "e\u0301", "שלום", "한국", "\U0001d54f\U0001f601", "\ufffd",
]  # fmt: skip
Sent = tuple[str, bytes]


class Person:
    """A client on the real library, online or not."""

    def __init__(self, name: str, client: int) -> None:
        self.name = name
        self.doc = Doc(client_id=client)
        self.text = self.doc.get("text", type=Text)
        self.unsent: list[bytes] = []

    def edit(self, dice: random.Random) -> None:
        text = str(self.text)
        with self.doc.transaction():
            for _ in range(dice.choice([1, 1, 1, 2])):
                first = dice.randrange(len(text) + 1)
                last = min(len(text), first + dice.randrange(5))
                start, end = (len(text[:at].encode()) for at in (first, last))
                if dice.random() < 0.4 and start < end:
                    del self.text[start:end]
                else:
                    self.text.insert(start, dice.choice(WORDS))
                text = str(self.text)

    def edit_and_keep(self, dice: random.Random) -> None:
        """Edit, and keep the update as a client does that sends each one."""
        subscription = self.doc.observe(lambda event: self.unsent.append(event.update))
        self.edit(dice)
        self.doc.unobserve(subscription)


def session(seed: int, steps: int) -> Iterator[Sent]:
    """What three people send, each message in the order in which a server would get it."""
    dice = random.Random(seed)
    server = Doc()
    people = [Person(f"user:{at}", dice.randrange(1, 2**32)) for at in range(3)]
    for _ in range(steps):
        person = dice.choice(people)
        for _ in range(dice.randrange(4)):
            person.edit_and_keep(dice)
        if dice.random() < 0.5:
            updates = person.unsent
        else:
            updates = [person.doc.get_update(server.get_state())]
        person.unsent = []
        for update in updates:
            server.apply_update(update)
            yield person.name, update
        person.doc.apply_update(server.get_update(person.doc.get_state()))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_honest_editing_is_never_refused(seed: int):
    guard, doc = Guard(), Doc()
    text = doc.get("text", type=Text)
    for name, update in session(seed, 25):
        before = doc.get_update()
        verdict = guard.check(update, name)
        doc.apply_update(update)
        guard.admit(verdict, name)
        assert guard.clocks == guard.check_state_vector(doc.get_state())
        assert guard.units == len(str(text).encode("utf-16-le")) // 2
        assert verdict.is_new or doc.get_update() == before
        assert not guard.check(update, "nobody").is_new
    assert sum(guard.ranges_since({}).values()) == sum(guard.clocks.values())
    assert not guard.check(doc.get_update(), "nobody").is_new


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_messages_of_one_person_out_of_order_are_gaps(seed: int):
    dice = random.Random(seed)
    person = Person("user:1", 77)
    while len(person.unsent) < 6:
        person.edit_and_keep(dice)
    guard = Guard()
    first, *rest = person.unsent
    for update in rest:
        with pytest.raises(Gap):
            guard.check(update, person.name)
    for update in (first, *rest):
        guard.admit(guard.check(update, person.name), person.name)
    assert guard.clocks == guard.check_state_vector(person.doc.get_state())


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_the_guard_learns_the_same_from_a_state(seed: int):
    live, doc = Guard(), Doc()
    for name, update in session(seed, 20):
        doc.apply_update(update)
        live.learn(update, name)
    loaded = Guard()
    for credit in live.author_ranges():
        loaded.credit(*credit)
    loaded.learn(doc.get_update(), None)
    assert (loaded.clocks, loaded.units, loaded.owners) == (live.clocks, live.units, live.owners)
    assert sorted(loaded.author_ranges()) == sorted(live.author_ranges())


def damaged(dice: random.Random, update: bytes) -> bytes:
    """A few bytes changed, dropped, doubled or moved."""
    data = bytearray(update)
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        at = dice.randrange(len(data))
        match dice.randrange(5):
            case 0:
                data[at] ^= 1 << dice.randrange(8)
            case 1:
                data[at] = dice.choice([0, 1, 2, 4, 0x44, 0x81, 0x84, 0xC1, 0xC4, 127])
            case 2:
                data[at] = data[at] + dice.choice([-1, 1]) & 0xFF
            case 3:
                del data[at : at + 1]
            case _:
                data[at:at] = data[at : at + dice.randrange(1, 9)]
        data = data or bytearray(1)
    return bytes(data)


def accepted_damage(count: int) -> Iterator[dict]:
    """Damaged updates that the guard takes, with what it expects of the document then."""
    dice = random.Random(20_261_124)
    for seed in range(count):
        guard, doc = Guard(), Doc()
        sent = list(session(seed, 6))
        for name, update in sent[:-2]:
            guard.learn(update, name)
            doc.apply_update(update)
        for name, update in sent:
            for _ in range(12):
                data = damaged(dice, update)
                try:
                    verdict = guard.check(data, name)
                except (Refused, Gap):
                    continue
                after = guard.clocks | {client: end for client, _, end in verdict.ranges}
                yield {
                    "base": b64encode(doc.get_update()).decode(),
                    "update": b64encode(data).decode(),
                    "clocks": after,
                    "units": guard.units + verdict.inserted - verdict.removed,
                }


def test_damage_is_refused_or_does_what_the_guard_says():
    cases = list(accepted_damage(60))
    assert len(cases) > 100
    run = subprocess.run(
        [sys.executable, "-m", "tests.domain.rooms.guard.child"],
        input="".join(json.dumps(case) + "\n" for case in cases),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    answers = run.stdout.splitlines()
    assert run.returncode == 0, (cases[len(answers)], run.stderr[-500:])
    wrong = [(answer, case) for answer, case in zip(answers, cases, strict=True) if answer != "ok"]
    assert not wrong, (len(wrong), wrong[0], read_update(b64decode(wrong[0][1]["update"])))
