"""A document that many edits at random places have made, as the updates of one author."""

from __future__ import annotations

import random
from collections.abc import Iterator

from pycrdt import Doc, Text


def large_history(edits: int, per_update: int, seed: int = 1) -> Iterator[bytes]:
    """`edits` insertions of a short word at random places, `per_update` of them in each update."""
    random_ = random.Random(seed)
    document: Doc[Text] = Doc(client_id=seed)
    text = document.get("text", type=Text)
    length, done = 0, 0
    while done < edits:
        before = document.get_state()
        for _ in range(min(per_update, edits - done)):
            with document.transaction():
                # One person mostly goes on where they are and sometimes jumps.
                place = length if random_.random() < 0.9 else random_.randrange(length + 1)
                text.insert(place, "word ")
            length += 5
            done += 1
        yield document.get_update(before)
