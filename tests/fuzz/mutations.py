"""Real traffic, damaged: flipped, cut, doubled and spliced bytes, and blocks moved between updates."""

from __future__ import annotations

import random

from tests.fuzz import wire
from tests.fuzz.documents import MALLORY, Arrival, Model, Writer

EDGES = (0x00, 0x01, 0x7F, 0x80, 0xFF, 0x84, 0x44, 0x04, 0x0A, 0x24)


def flip(rng: random.Random, data: bytes) -> bytes:
    """One to four bytes changed, put in or taken out."""
    out = bytearray(data or b"\x00")
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(out))
        roll = rng.randrange(6)
        if roll == 0:
            out[at] ^= 1 << rng.randrange(8)
        elif roll == 1:
            out[at] = rng.choice(EDGES)
        elif roll == 2:
            out.insert(at, rng.choice(EDGES))
        elif roll == 3 and len(out) > 2:
            del out[at]
        elif roll == 4:
            out[at] = (out[at] + rng.choice((1, -1))) & 255
        else:
            out[at:at] = out[at : at + rng.randint(1, 8)]
    return bytes(out)


def own_edit(rng: random.Random, model: Model, arrivals: list[Arrival]) -> bytes:
    """What an honest client of the attacker would send now."""
    client = rng.choice(model.of(MALLORY) or [9])
    writer = Writer(client, MALLORY)
    for _, update in arrivals:
        writer.doc.apply_update(update)
    return writer.edit(rng)


def mutated(rng: random.Random, model: Model, arrivals: list[Arrival]) -> tuple[str, bytes]:
    """An update of this document, or a fitting new one, with a few bytes wrong."""
    if rng.random() < 0.5 and arrivals:
        return MALLORY, flip(rng, rng.choice(arrivals)[1])
    return MALLORY, flip(rng, own_edit(rng, model, arrivals))


def spliced(rng: random.Random, model: Model, arrivals: list[Arrival]) -> tuple[str, bytes]:
    """Two updates cut and glued, as bytes or section by section."""
    first, second = (rng.choice(arrivals)[1] if arrivals else b"\x00\x00" for _ in range(2))
    if rng.random() < 0.4:
        return MALLORY, first[: rng.randint(0, len(first))] + second[rng.randint(0, len(second)) :]
    try:
        one, two = wire.parse(first), wire.parse(own_edit(rng, model, arrivals))
    except wire.MalformedError:
        return MALLORY, first + second
    sections = [*one.sections, *two.sections]
    for section in sections:
        if rng.random() < 0.3:
            section.client = rng.choice(list(model.clocks) or [1])
        if rng.random() < 0.3:
            section.clock = model.clocks.get(section.client, 0)
    rng.shuffle(sections)
    return MALLORY, wire.Update(
        sections[: rng.randint(1, 3)], one.deletes + two.deletes[:1]
    ).encode()


def replayed(rng: random.Random, model: Model, arrivals: list[Arrival]) -> tuple[str, bytes]:
    """An honest update sent again, by somebody else: nothing new, nothing wrong."""
    return rng.choice((MALLORY, "user:ana")), rng.choice(arrivals)[1] if arrivals else b"\x00\x00"
