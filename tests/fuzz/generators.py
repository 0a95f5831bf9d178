"""Hostile updates that obey the grammar: blocks aimed at a known document, mostly plausible, partly absurd.

`spice` is the share of choices that no honest client makes. At 0 every choice could be honest on
its own, yet not all together (crossed origins, foreign right neighbours): what a guard lets pass.
"""

from __future__ import annotations

import random

from tests.fuzz import wire
from tests.fuzz.documents import ANA, MALLORY, Model
from tests.fuzz.wire import Block, Deletes, Id, Section, Update

CLOCKS = (0, 1, 2, 127, 128, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53 - 1, 2**53, 2**63, 2**64 - 1)
NAMES = ("text", "", "config", "tex", "text ", "\U0001f600", "text\0", "a" * 300)
TEXTS = (
    "a",
    "bc",
    "\U0001f600",
    "x\U0001f601y",
    "語",
    "e\u0301",
    "0123456789",
    "\n",
    "\U0001f600\U0001f601",
)
VALUES = (
    b"\x7f", b"\x7e", b"\x78", b"\x79", b"\x7d\x01", b"\x77\x01a", b"\x75\x00", b"\x76\x00",
    b"\x74\x00", b"\x7a" + bytes(8), wire.any_number(float("nan")), b"\x75\xff\xff\xff\xff\x07",
    b"\x76\xff\xff\xff\xff\x07", b"\x74\xff\xff\xff\xff\x0f", b"\x77\xff\xff\xff\x7f", b"\x00",
)  # fmt: skip
TAILS = (b"", b"\x00", b"\xff", b"\x01a", b"\x80\x80")


class Grammar:
    """One update in the making."""

    def __init__(self, rng: random.Random, model: Model, spice: float) -> None:
        self.rng = rng
        self.model = model
        self.spice = spice
        self.mine = model.of(MALLORY) or [rng.randrange(1, 2**32)]
        self.others = [c for c in model.clocks if c not in self.mine] or [3]
        self.fresh = rng.randrange(1, 2**32)
        self.made: list[Id] = []
        self.lows = set(model.lows)

    def odd(self) -> bool:
        """Whether the next choice is absurd."""
        return self.rng.random() < self.spice

    def client(self) -> int:
        """A client id: one's own, a new one, somebody else's."""
        if self.odd():
            return self.rng.choice([*self.others, *self.others, 0, 2**32, *CLOCKS])
        return self.rng.choice([*self.mine, *self.mine, self.fresh])

    def known(self) -> Id:
        """An id that the document has, or that this update has made before."""
        if self.made and self.rng.random() < 0.3:
            return self.rng.choice(self.made)
        client = self.rng.choice([*self.model.clocks] or [1])
        return client, self.rng.randrange(max(1, self.model.clocks.get(client, 1)))

    def left(self, id_: Id) -> Id:
        """An id to insert after: not the first half of a character."""
        client, clock = id_
        return (client, clock + 1) if (client, clock + 1) in self.lows else id_

    def right(self, id_: Id) -> Id:
        """An id to insert before: not the second half of a character."""
        client, clock = id_
        return (client, clock - 1) if id_ in self.lows else id_

    def id(self, client: int, clock: int) -> Id:
        """An origin for the block at (client, clock)."""
        if not self.odd():
            return self.known()
        roll = self.rng.randrange(8)
        high = self.model.clocks.get(client, 0)
        choices = (
            (client, clock),
            (client, clock + self.rng.randint(1, 5)),
            (client, high + 1),
            (self.rng.choice(self.mine), clock),
            (self.fresh, self.rng.randint(0, 4)),
            (self.rng.choice(self.others), self.rng.choice(CLOCKS)),
            (self.client(), self.rng.choice(CLOCKS)),
            self.rng.choice(self.model.lows or [(1, 1)]),
        )
        return choices[roll]

    def place(self, client: int, clock: int) -> dict[str, object]:
        """Where a block says it belongs."""
        shape = self.rng.randrange(8)
        place: dict[str, object] = {}
        if shape < 5:
            place["origin"] = self.left(self.id(client, clock))
        if shape in (3, 4, 5, 6):
            place["right"] = self.right(self.id(client, clock))
        if self.odd():
            place["parent"] = self.rng.choice([*NAMES, self.known(), self.id(client, clock)])
        if self.odd():
            place["key"] = self.rng.choice(("k", "", "text", "\ud800", "k" * 200))
        if self.odd():
            place["info"] = self.rng.randrange(256)
        return place

    def block(self, client: int, clock: int) -> Block:
        """One block."""
        place = self.place(client, clock)
        if self.odd():
            return self._strange(place, client, clock)
        if self.rng.random() < 0.25:
            return wire.deleted(self.rng.randint(1, 6), **place)
        return wire.string(self.rng.choice(TEXTS), **place)

    def _strange(self, place: dict[str, object], client: int, clock: int) -> Block:
        rng = self.rng
        value = rng.choice(VALUES)
        makers = (
            lambda: wire.gc(rng.choice((0, 1, 3, *CLOCKS))),
            lambda: wire.skip(rng.choice((0, 1, 3, *CLOCKS))),
            lambda: wire.deleted(rng.choice((0, 1, *CLOCKS)), **place),
            lambda: wire.string("", **place),
            lambda: wire.string("\ude00", **place),
            lambda: wire.string("a\ud83d", **place),
            lambda: wire.bad_string(rng.randbytes(rng.randint(1, 4)), **place),
            lambda: wire.jsons(
                "{}", "undefined", "[", count=rng.choice((None, 0, 2, *CLOCKS)), **place
            ),
            lambda: wire.anys(value, count=rng.choice((None, 0, 3, *CLOCKS)), **place),
            lambda: wire.anys(wire.any_depth(rng.choice((3, 200, 1000))), **place),
            lambda: wire.binary(b"\x00\xff", **place),
            lambda: wire.embed(rng.choice(("{}", "null", "[", '{"a":1}', "")), **place),
            lambda: wire.formatted("bold", rng.choice(("true", "null", "{", "")), **place),
            lambda: wire.nested(rng.randrange(10), rng.choice(TAILS), **place),
            lambda: wire.subdocument("guid", rng.choice(VALUES), **place),
            lambda: wire.moved(
                self.id(client, clock), self.id(client, clock), rng.randrange(256), **place
            ),
            lambda: Block(rng.randrange(12, 32), rng.randbytes(3), 1, **place),
        )
        return rng.choice(makers)()

    def section(self) -> Section:
        """Some blocks of one client."""
        client = self.client()
        clock = self.model.clocks.get(client, 0)
        if clock and self.rng.random() < 0.15:
            clock -= self.rng.randint(1, min(clock, 4))
        if self.odd():
            clock = self.rng.choice((0, clock + 1, clock + 5, *CLOCKS))
        section = Section(client, clock)
        for _ in range(self.rng.choice((0, 1, 3, 9) if self.odd() else (1, 1, 2, 3))):
            block = self.block(client, clock)
            section.blocks.append(block)
            self.made.extend((client, clock + i) for i in range(min(block.length, 3)))
            clock += block.length
        if self.odd():
            section.count = self.rng.choice((0, len(section.blocks) + 1, *CLOCKS))
        return section

    def deletes(self) -> Deletes:
        """Some deleted ranges."""
        client = self.rng.choice([*self.model.clocks, *self.mine] or [1])
        if self.odd():
            client = self.client()
        end = max(1, self.model.clocks.get(client, 1))
        out = Deletes(client)
        clock = 0
        for _ in range(self.rng.choice((0, 1, 8) if self.odd() else (1, 1, 2))):
            clock = clock + self.rng.randint(0, max(1, end // 2))
            length = self.rng.randint(1, 4)
            if self.odd():
                clock, length = self.rng.choice(CLOCKS), self.rng.choice(CLOCKS)
            elif clock + length > end:
                break
            out.ranges.append((clock, length))
            clock += length
        if self.odd():
            self.rng.shuffle(out.ranges)
            out.ranges += out.ranges[:1]
            out.count = self.rng.choice((None, 0, len(out.ranges) + 1, *CLOCKS))
        return out

    def update(self) -> Update:
        """The whole."""
        rng = self.rng
        sections = [self.section() for _ in range(rng.choice((0, 1, 1, 1, 2, 3)))]
        if not self.odd():
            sections = list({s.client: s for s in sections}.values())
        if rng.random() < 0.5:
            sections.sort(key=lambda s: -s.client)
        update = Update(sections, [self.deletes() for _ in range(rng.choice((0, 0, 1, 2)))])
        if not self.odd():
            update.deletes = list({d.client: d for d in update.deletes if d.ranges}.values())
        if self.odd():
            update.section_count = rng.choice((0, len(sections) + 1, *CLOCKS))
        if self.odd():
            update.delete_count = rng.choice((0, 1, *CLOCKS))
        if self.odd():
            update.tail = rng.randbytes(rng.randint(1, 3))
        return update


def grammar(rng: random.Random, model: Model) -> tuple[str, bytes]:
    """An update that obeys the grammar, at a random degree of absurdity."""
    spice = rng.choice((0.0, 0.0, 0.01, 0.03, 0.1, 0.4))
    sender = MALLORY if rng.random() < 0.9 else ANA
    return sender, Grammar(rng, model, spice).update().encode()


def knotted(rng: random.Random, model: Model) -> tuple[str, bytes]:
    """Only characters under one's own ids, with origins that cross and tangle among a few ids."""
    kit = Grammar(rng, model, 0.0)
    few = [kit.known() for _ in range(rng.randint(2, 5))]
    sections = []
    for client in rng.sample([*kit.mine, kit.fresh], rng.randint(1, min(3, len(kit.mine) + 1))):
        clock = model.clocks.get(client, 0)
        section = Section(client, clock)
        for _ in range(rng.randint(1, 6)):
            place = {"origin": kit.left(rng.choice(few)), "right": kit.right(rng.choice(few))}
            if rng.random() < 0.3:
                place.pop(rng.choice(("origin", "right")))
            section.blocks.append(wire.string(rng.choice(TEXTS), **place))
            few.append((client, clock))
            clock = section.end
        sections.append(section)
    return MALLORY, Update(sections).encode()


def cyclic(rng: random.Random, model: Model) -> tuple[str, bytes]:
    """Blocks of two or three clients that wait for each other, or for later blocks of themselves."""
    kit = Grammar(rng, model, 0.0)
    clients = [*kit.mine[:2], kit.fresh]
    ends = [(c, model.clocks.get(c, 0) + i) for c in clients for i in range(4)]
    sections = []
    for client in clients:
        section = Section(client, model.clocks.get(client, 0))
        for _ in range(rng.randint(1, 4)):
            place: dict[str, object] = {"origin": rng.choice(ends)}
            if rng.random() < 0.5:
                place["right"] = rng.choice(ends)
            section.blocks.append(wire.string("q", **place))
        sections.append(section)
    return MALLORY, Update(sections).encode()


def types(rng: random.Random, model: Model) -> tuple[str, bytes]:
    """Everything but text: nested types, formats, embeds, maps, moves, children of odd parents."""
    kit = Grammar(rng, model, 0.15)
    client = rng.choice([*kit.mine, kit.fresh])
    section = Section(client, model.clocks.get(client, 0))
    for _ in range(rng.randint(1, 6)):
        clock = section.end
        place = kit.place(client, clock)
        if rng.random() < 0.5:
            place = {"parent": rng.choice([*NAMES, kit.known(), *kit.made[-3:]])}
            if rng.random() < 0.3:
                place["key"] = rng.choice(("k", "k", "other"))
        section.blocks.append(kit._strange(place, client, clock))
        kit.made.append((client, clock))
    return MALLORY, Update([section], [kit.deletes()] if rng.random() < 0.3 else []).encode()
