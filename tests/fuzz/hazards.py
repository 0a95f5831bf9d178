"""Hostile updates with one intention each: surrogate halves, squatting, forging, overlaps, bombs, bad bytes."""

from __future__ import annotations

import random

from tests.fuzz import wire
from tests.fuzz.documents import ANA, BEN, MALLORY, Model
from tests.fuzz.generators import CLOCKS, TEXTS, Grammar
from tests.fuzz.wire import Deletes, Section, Update

Made = tuple[str, bytes]
BAD = (
    b"\xff", b"\xc0\x80", b"\xed\xa0\xbd", b"\xed\xb8\x80", b"\xed\xa0\xbd\xed\xb8\x80", b"\xf0\x9f\x98",
    b"\xf4\x90\x80\x80", b"\x80", b"\xe8\xaa", b"a\xc3", b"\xf8\x88\x80\x80\x80", b"\xc1\xbf",
)  # fmt: skip


def _own(rng: random.Random, model: Model) -> tuple[int, int]:
    client = rng.choice(model.of(MALLORY) or [9])
    return client, model.clocks.get(client, 0)


def split_pair(rng: random.Random, model: Model) -> Made:
    """Insert between, or delete one of, the two halves of a character outside the BMP."""
    client, clock = _own(rng, model)
    if not model.lows:
        section = Section(
            client, clock, [wire.string("\U0001f600"), wire.string("x", origin=(client, clock))]
        )
        return MALLORY, Update([section]).encode()
    owner, low = rng.choice(model.lows)
    roll = rng.randrange(6)
    if roll < 3:
        ranges = ((low, 1), (low - 1, 1), (max(0, low - 3), low - max(0, low - 3)))[roll]
        return MALLORY, Update([], [Deletes(owner, [ranges])]).encode()
    place = (
        {"origin": (owner, low - 1)},
        {"right": (owner, low)},
        {"origin": (owner, low - 1), "right": (owner, low)},
    )[roll - 3]
    return MALLORY, Update([Section(client, clock, [wire.string("x", **place)])]).encode()


def split_own_pair(rng: random.Random, model: Model) -> Made:
    """The same against characters that arrive in the same update, or by cutting a resent block."""
    client, clock = _own(rng, model)
    pair = wire.string("a\U0001f600b", parent="text")
    roll = rng.randrange(6)
    if roll == 0:
        blocks = [pair, wire.string("x", origin=(client, clock + 1))]
        return MALLORY, Update([Section(client, clock, blocks)]).encode()
    if roll == 1:
        update = Update([Section(client, clock, [pair])], [Deletes(client, [(clock + 2, 2)])])
        return MALLORY, update.encode()
    if roll == 2:
        blocks = [wire.string("a\ud83d"), wire.string("\ude00", origin=(client, clock + 1))]
        return MALLORY, Update([Section(client, clock, blocks)]).encode()
    if roll == 3:
        back = min(clock, rng.randint(1, 3))
        text = "z" * (back - 1) + "\U0001f600" + "tail"
        return MALLORY, Update([Section(client, clock - back, [wire.string(text)])]).encode()
    if roll == 4:
        other = (model.of(MALLORY) or [9])[-1]
        sections = [Section(client, clock, [pair])]
        if other != client:
            cut = wire.string("y", right=(client, clock + 2))
            sections.append(Section(other, model.clocks.get(other, 0), [cut]))
        return MALLORY, Update(sections).encode()
    ranges = [(clock, 2), (clock + 2, 2)]
    return MALLORY, Update([Section(client, clock, [pair])], [Deletes(client, ranges)]).encode()


def bad_bytes(rng: random.Random, model: Model) -> Made:
    """Strings that are not UTF-8."""
    client, clock = _own(rng, model)
    bad = rng.choice(BAD)
    block = wire.bad_string(rng.choice((bad, b"ok" + bad, bad + b"ok", bad * 3)))
    roll = rng.randrange(4)
    if roll == 1:
        block = wire.Block(wire.STRING, wire.chars("a"), 1, parent=None, info=wire.STRING)
        head = b"\x01" + wire.raw(bad)
        block = wire.Block(wire.STRING, head + wire.chars("a"), 1, parent=None)
    if roll == 2:
        head = b"\x01" + wire.chars("text") + wire.raw(bad)
        block = wire.Block(wire.STRING, head + wire.chars("a"), 1, parent=None, info=0x24)
    return MALLORY, Update([Section(client, clock, [block])]).encode()


def nul(rng: random.Random, model: Model) -> Made:
    """A character that is good UTF-8 and that PostgreSQL has no place for."""
    client, clock = _own(rng, model)
    kit = Grammar(rng, model, 0.0)
    place = {"origin": kit.left(kit.known())} if model.blocks else {}
    block = wire.string(rng.choice(("\0", "a\0", "語\0\U0001f600")), **place)
    return MALLORY, Update([Section(client, clock, [block])]).encode()


def squat(rng: random.Random, model: Model) -> Made:
    """Blocks under somebody else's id: the next clock, far ahead, or a new id for a known account."""
    victim = rng.choice(model.of(ANA) + model.of(BEN) or [5])
    clock = model.clocks.get(victim, 0)
    clock += rng.choice((0, 0, 0, 1, 1000))
    maker = rng.choice((wire.string("forged"), wire.deleted(5), wire.gc(5), wire.skip(5)))
    return MALLORY, Update([Section(victim, clock, [maker])]).encode()


def forge(rng: random.Random, model: Model) -> Made:
    """Other content under ids that exist, reaching past the end, mixed with one's own new blocks."""
    victim = rng.choice(list(model.clocks) or [5])
    clock = model.clocks.get(victim, 0)
    back = rng.randint(1, max(1, min(clock, 6)))
    text = "f" * rng.choice((back, back, back + 2, max(1, back - 1)))
    sections = [Section(victim, max(0, clock - back), [wire.string(text)])]
    client, own = _own(rng, model)
    if client != victim and rng.random() < 0.5:
        sections.append(
            Section(client, own, [wire.string("g", origin=(victim, max(0, clock - 1)))])
        )
    return MALLORY, Update(sections).encode()


def counts(rng: random.Random, model: Model) -> Made:
    """Counts that promise far more than the bytes hold."""
    client, clock = _own(rng, model)
    update = Update([Section(client, clock, [wire.string("a")])])
    huge = rng.choice((10, 2**20, 2**28, *CLOCKS))
    roll = rng.randrange(5)
    if roll == 0:
        update.section_count = huge
    elif roll == 1:
        update.sections[0].count = huge
    elif roll == 2:
        update.delete_count = huge
    elif roll == 3:
        update.deletes = [Deletes(client, [(0, 1)], count=huge)]
    else:
        update.sections[0].blocks = [wire.Block(wire.STRING, wire.uint(huge) + b"a", 1)]
    return MALLORY, update.encode()


def gaps(rng: random.Random, model: Model) -> Made:
    """Blocks and deletes beyond what the server has: pending for ever if they were applied."""
    client, clock = _own(rng, model)
    ahead = rng.choice((1, 2, 1000, 2**30))
    if rng.random() < 0.5:
        return MALLORY, Update([Section(client, clock + ahead, [wire.string("late")])]).encode()
    if rng.random() < 0.5:
        some = rng.choice(list(model.clocks) or [5])
        ranges = [(max(0, model.clocks.get(some, 0) - 1), 1 + ahead)]
        return MALLORY, Update([], [Deletes(some, ranges)]).encode()
    missing = (rng.choice(list(model.clocks) or [5]), 2**20)
    return MALLORY, Update([Section(client, clock, [wire.string("x", origin=missing)])]).encode()


def ranges(rng: random.Random, model: Model) -> Made:
    """Delete ranges: overlapping, unsorted, empty, repeated, one client twice, wrapping sums."""
    victim = rng.choice(list(model.clocks) or [5])
    end = max(1, model.clocks.get(victim, 1))
    some = [(rng.randrange(end), rng.randint(0, 3)) for _ in range(rng.randint(1, 5))]
    some += rng.choice(([], [(end - 1, 2**32 - end + 1)], [(2**32 - 1, 2)], [(0, 0)], [(0, end)]))
    deletes = [Deletes(victim, some)]
    if rng.random() < 0.3:
        deletes.append(Deletes(victim, [(0, 1)]))
    if rng.random() < 0.2:
        deletes.insert(0, Deletes(rng.choice((0, 77, 2**53)), [], None))
    return MALLORY, Update([], deletes).encode()


def twice(rng: random.Random, model: Model) -> Made:
    """One client in two sections: continued, repeated, overlapping, in the wrong order."""
    client, clock = _own(rng, model)
    pieces = [rng.choice(TEXTS) for _ in range(2)]
    first = Section(client, clock, [wire.string(pieces[0])])
    start = rng.choice((first.end, clock, max(clock, first.end - 1), first.end + 1))
    sections = [first, Section(client, start, [wire.string(pieces[1])])]
    if rng.random() < 0.3:
        sections.reverse()
    if rng.random() < 0.3:
        other, theirs = rng.choice(list(model.clocks.items()) or [(5, 1)])
        sections.insert(1, Section(other, theirs, [wire.string("m", origin=(client, clock))]))
    return MALLORY, Update(sections).encode()


def depth(rng: random.Random, model: Model) -> Made:
    """Values and types nested deep enough for a small stack."""
    client, clock = _own(rng, model)
    levels = rng.choice((50, 500, 5_000))
    roll = rng.randrange(4)
    if roll == 0:
        blocks = [wire.anys(wire.any_depth(levels, objects=rng.random() < 0.5))]
    elif roll == 1:
        blocks = [wire.jsons("[" * levels + "]" * levels)]
    elif roll == 2:
        blocks = [wire.embed('{"a":' * levels + "1" + "}" * levels)]
    else:
        blocks = [
            wire.nested(rng.choice((0, 1, 4)), parent=(client, clock + i - 1) if i else "text")
            for i in range(levels)
        ]
    return MALLORY, Update([Section(client, clock, blocks)]).encode()


def numbers(rng: random.Random, model: Model) -> Made:
    """Every number of the format at its edges, and padded or endless varints."""
    client, clock = _own(rng, model)
    kit = Grammar(rng, model, 0.0)
    roll = rng.randrange(6)
    edge = rng.choice(CLOCKS)
    if roll == 0:
        update = Update([Section(edge, 0, [wire.string("a")])])
    elif roll == 1:
        update = Update(
            [Section(client, clock, [rng.choice((wire.deleted, wire.gc, wire.skip))(edge)])]
        )
    elif roll == 2:
        update = Update([Section(client, clock, [wire.string("a", origin=(edge, 0))])])
    elif roll == 3:
        return MALLORY, b"\x80" * rng.choice((5, 10, 200, 4000)) + rng.choice(
            (b"", b"\x00", b"\x01")
        )
    elif roll == 4:
        width = rng.choice((2, 9, 12, 60))
        body = wire.uint(1, width) + wire.uint(client, width) + wire.uint(clock, width)
        return MALLORY, wire.uint(1, width) + body + wire.string("a").encode() + wire.uint(0, width)
    else:
        blocks = [wire.deleted(2**31 - 1 - min(clock, 9)), wire.string("a", origin=kit.known())]
        update = Update([Section(client, clock, blocks)])
    return MALLORY, update.encode()


def fresh_ids(rng: random.Random, model: Model) -> Made:
    """Many client ids at once."""
    ids = rng.sample(range(1, 2**32), rng.choice((3, 30, 300)))
    return MALLORY, Update([Section(c, 0, [wire.string("i")]) for c in ids]).encode()


def crowd(rng: random.Random, model: Model) -> Made:
    """Blocks by the thousand at one place: a second client's crowd makes integration quadratic."""
    client, clock = _own(rng, model)
    place = rng.choice(({}, {"origin": Grammar(rng, model, 0.0).left(_first(model))}))
    blocks = [wire.string(chr(97 + client % 26), **place) for _ in range(1_500)]
    return MALLORY, Update([Section(client, clock, blocks)]).encode()


def stairs(rng: random.Random, model: Model) -> Made:
    """One client, one left neighbour, ever nearer right neighbours: each block looks at all before it."""
    client, clock = _own(rng, model)
    text = wire.string("s" * 1_500, origin=_first(model))
    steps = [
        wire.string("t", origin=(client, clock), right=(client, clock + 1_499 - i))
        for i in range(1_400)
    ]
    return MALLORY, Update([Section(client, clock, [text, *steps])]).encode()


def _first(model: Model) -> wire.Id:
    client, clock, block = model.blocks[0] if model.blocks else (1, 0, wire.string("a"))
    return client, clock + block.length - 1
