"""Author bars beside a text: stretches of lines with who wrote most of them, and when.

People call them voices. One bar stands beside neighbouring lines of one author and version, so
that nobody has to tab through every line; blank lines end a bar.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

import msgspec

from app.domain.prompts.people import Shown
from app.domain.versions.blame import Blame, Lines, Span
from app.domain.versions.history import Side

UNKNOWN = "Unknown author"


class Voice(msgspec.Struct, frozen=True):
    id: str
    name: str
    hue: str


class Voices(msgspec.Struct, frozen=True):
    """Who wrote what of the live text, for the editor: it knows each block by client and clock."""

    epoch: str
    newest: int  # published version; what came with a later one is not published yet
    people: list[Voice]
    runs: list[tuple[int, int, int, int, int]]  # client, start, end, person (-1 = unknown), version
    dates: dict[int, datetime]


def voices(
    epoch: str, newest: int, blame: Blame, people: Mapping[str, Shown], dates: dict[int, datetime]
) -> Voices:
    at = {actor: index for index, actor in enumerate(people)}
    return Voices(
        epoch,
        newest,
        [Voice(one.id, one.name, one.hue) for one in people.values()],
        [
            (part.client, part.start, part.end, at.get(part.actor, -1), part.number)
            for part in blame.parts
        ],
        dates,
    )


def passages(
    side: Side, people: Mapping[str, Shown], dates: Mapping[int, datetime]
) -> list[dict[str, Any]]:
    """The text in stretches of whole lines, as templates/versions/_voices.html has them."""
    lines = Lines(side.text, side.blame)
    found: list[dict[str, Any]] = []
    numbered = list(enumerate(side.text.split("\n"), 1))
    whose = [lines.whose(number) if line.strip() else None for number, line in numbered]
    at = 0
    for key, group in groupby(whose, _key):
        size = len(list(group))
        text = "\n".join(line for _, line in numbered[at : at + size])
        found.append({"text": text, **_voice(key, people, dates)})
        at += size
    return found


def _key(span: Span | None) -> tuple[str, int] | None:
    return (span.actor, span.number) if span else None


def _voice(
    key: tuple[str, int] | None, people: Mapping[str, Shown], dates: Mapping[int, datetime]
) -> dict[str, Any]:
    if key is None:
        return {"author": None, "name": "", "number": None, "at": None}
    actor, number = key
    author = people.get(actor)
    at = dates.get(number)
    return {
        "author": author,
        "name": author.name if author else UNKNOWN,
        "number": number if at else None,
        "at": at,
    }
