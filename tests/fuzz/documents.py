"""Small known documents that the hostile updates aim at, and what an attacker can know of them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from pycrdt import Doc, Text

from tests.fuzz import wire

ANA, BEN, MALLORY, SERVER = "user:ana", "user:ben", "user:mallory", "server"
PIECES = (
    "a", "b", " ", "\n", "word ", "{{name}}", "\U0001f600", "\U0001f469‍\U0001f4bb",
    "\U0001f1eb\U0001f1f7", "語", "é", "e\u0301", "שלום", "한국", "\U0001d54f", "0123456789" * 4,
    "\U0001f600\U0001f601\U0001f602",
)  # fmt: skip
Arrival = tuple[str, bytes]


@dataclass(slots=True)
class Model:
    """Blocks, clocks and low surrogates of a document, as its own bytes tell them."""

    clocks: dict[int, int] = field(default_factory=dict)
    blocks: list[tuple[int, int, wire.Block]] = field(default_factory=list)
    lows: list[wire.Id] = field(default_factory=list)
    owners: dict[int, str] = field(default_factory=dict)

    def note(self, data: bytes, owner: str) -> None:
        """Learn an update that the document took."""
        try:
            update = wire.parse(data)
        except wire.MalformedError:
            return
        for section in update.sections:
            self._section(section, owner)

    def _section(self, section: wire.Section, owner: str) -> None:
        clock = section.clock
        known = self.clocks.get(section.client, 0)
        for block in section.blocks:
            if clock + block.length > known:
                self.owners.setdefault(section.client, owner)
                self.blocks.append((section.client, clock, block))
                self._pairs(section.client, clock, block.text)
            clock += block.length
        self.clocks[section.client] = max(known, clock)

    def _pairs(self, client: int, clock: int, text: str) -> None:
        for character in text:
            if ord(character) > 0xFFFF:
                self.lows.append((client, clock + 1))
                clock += 1
            clock += 1

    def of(self, actor: str) -> list[int]:
        """The client ids that are an actor's."""
        return [client for client, owner in self.owners.items() if owner == actor]


@dataclass(slots=True)
class Scene:
    """A document as the updates that made it, in arrival order."""

    arrivals: list[Arrival]
    model: Model

    def doc(self) -> Doc:
        """A fresh copy."""
        doc: Doc = Doc()
        doc.get("text", type=Text)
        for _, update in self.arrivals:
            doc.apply_update(update)
        return doc


class Writer:
    """An honest person with a document of their own."""

    def __init__(self, client: int, actor: str) -> None:
        self.actor = actor
        self.doc: Doc = Doc(client_id=client)
        self.text = self.doc.get("text", type=Text)

    def edit(self, rng: random.Random) -> bytes:
        """Insert or delete something, never half a character; the update as sent."""
        before = self.doc.get_state()
        text = str(self.text)
        at = rng.randint(0, len(text))
        start = len(text[:at].encode())
        if text[at:] and rng.random() < 0.35:
            removed = text[at : at + rng.randint(1, 6)]
            del self.text[start : start + len(removed.encode())]
        else:
            self.text.insert(start, rng.choice(PIECES))
        return self.doc.get_update(before)


def scene(seed: int, steps: int = 24) -> Scene:
    """Three people and the server typing, partly at the same time; the same for the same seed."""
    rng = random.Random(seed)
    top = rng.choice((2**8, 2**32 - 1, wire.LARGEST))
    ids = rng.sample(range(1, top), 5)
    actors = (ANA, BEN, MALLORY, MALLORY, SERVER)
    writers = [Writer(client, actor) for client, actor in zip(ids, actors, strict=True)]
    arrivals: list[Arrival] = []
    seen = [0] * len(writers)
    for _ in range(steps):
        turn = rng.randrange(len(writers))
        writer = writers[turn]
        if rng.random() < 0.7:
            for _, update in arrivals[seen[turn] :]:
                writer.doc.apply_update(update)
            seen[turn] = len(arrivals)
        arrivals.append((writer.actor, writer.edit(rng)))
    model = Model()
    for actor, update in arrivals:
        model.note(update, actor)
    return Scene(arrivals, model)
