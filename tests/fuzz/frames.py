"""Hostile room messages and presence: short, long, endless, too deep, not numbers, other people's ids."""

from __future__ import annotations

import json
import random

from tests.fuzz import wire
from tests.fuzz.mutations import flip

EDGES = (0, 1, 127, 128, 2**31 - 1, 2**31, 2**32, 2**53 - 1, 2**53, 2**64 - 1, 2**200)
CURSOR = {"anchor": {"tname": "text", "item": {"client": 5, "clock": 1}, "assoc": 0}, "head": None}
STATES = (
    "{}", "null", '{"user":{"name":"Ana"}}', '{"cursor":null}', json.dumps({"cursor": CURSOR, "mode": "editing"}),
    json.dumps({"user": {"name": "Root", "id": "someone-else", "hue": "rose"}, "mode": "viewing"}),
)  # fmt: skip
BAD_STATES = (
    "", " ", "NaN", '{"a":NaN}', '{"a":Infinity}', '{"a":-Infinity}', '{"cursor":{"anchor":NaN}}', '{"a":1e999}',
    '{"a":' + "9" * 3_000 + "}", '{"a":' + "9" * 5_000 + "}", "[" * 2_000 + "]" * 2_000, '{"a":' * 900 + "1" + "}" * 900,
    '{"a":"\\ud800"}', '{"a":"\\udc00\\ud800"}', '{"\\ud83d":1}', '{"mode":"\\ude00"}', "[]", "1", '"x"', "true", "{",
    '{"a":1,}', '{"a":1}x', "{'a':1}", '{"a":"\x00"}', '{"view":"' + "v" * 5_000 + '"}', '{"cursor":{"anchor":{"item":[]}}}',
    '{"cursor":{"anchor":{"item":{"client":1e400,"clock":-1}}}}', '{"cursor":{"anchor":{"assoc":1.5}}}', "\ufeff{}",
    '{"cursor":{"anchor":{"item":{"client":9007199254740993,"clock":0},"tname":"text"}}}', '{"__proto__":{"x":1}}',
    '{"cursor":{"anchor":{"tname":"\\ud800"}}}', '{"mode":[]}', '{"mode":{"a":1}}', '{"view":1e308}', '{"view":{"a":NaN}}',
)  # fmt: skip


def presence(rng: random.Random) -> bytes:
    """One presence payload with something wrong, mostly."""
    entries = [
        (
            rng.choice((5, 6, rng.randrange(2**32), *EDGES)) if rng.random() < 0.5 else 5,
            rng.choice((*EDGES,)) if rng.random() < 0.3 else rng.randint(0, 9),
            rng.choice(STATES if rng.random() < 0.5 else BAD_STATES),
        )
        for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3, 40)))
    ]
    count = rng.choice((None, None, None, None, 0, len(entries) + 1, *EDGES))
    data = wire.awareness(entries, count)
    if rng.random() < 0.4:
        data = flip(rng, data)
    return data + (rng.randbytes(2) if rng.random() < 0.05 else b"")


def message(rng: random.Random) -> bytes:
    """One room message, known or not, whole or not."""
    kind = rng.choice(
        (0, 0, 0, 1, 1, 2, 3, 100, 101, 102, 103, 104, 105, 106, 107, 4, 99, 255, *EDGES)
    )
    body = rng.choice(
        (
            wire.uint(rng.choice((0, 1, 2, 3, 2**40)))
            + wire.raw(rng.randbytes(rng.randint(0, 40))),
            wire.raw(presence(rng)),
            wire.chars(rng.choice((*STATES, *BAD_STATES))),
            wire.chars('{"v":1,"client":"c","epoch":null,"client_id":1}'),
            wire.chars('{"sv":"AA==","sha256":"' + "0" * 64 + '"}'),
            wire.chars('{"sv":"*","sha256":5}'),
            wire.raw(rng.randbytes(rng.choice((0, 1, 64, 65, 1000)))),
            wire.uint(rng.choice(EDGES)) + b"x",
            rng.randbytes(rng.randint(0, 12)),
            b"",
        )
    )
    data = wire.frame(kind, body)
    if rng.random() < 0.3:
        data = flip(rng, data)
    if rng.random() < 0.1:
        data = data[: rng.randint(0, len(data))]
    return data
