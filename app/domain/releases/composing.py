"""Composition: `{{> other/prompt@label}}` becomes the text that is released there.

Textual: as if the other text stood in the place of the reference, its role lines too. One line
break at its end is left out, so that a reference on a line of its own stays one line. What the
included prompts declare as variables is added to the text's own, which win. A Mustache text stands
in a Jinja text as what it says there; the other way round is an error.

Level by level, so that the number of statements depends on how deep prompts include each other
and not on how many they include.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.domain.prompts import template
from app.domain.prompts.settings import JINJA, MUSTACHE
from app.domain.prompts.template import Reference
from app.domain.releases.errors import (
    ReferenceCycle,
    ReferenceFormat,
    ReferencesTooLarge,
    ReferenceUnresolved,
)
from app.domain.releases.selector import Selector, referred
from app.domain.releases.sticky import Side

DEEPEST = 8  # levels; nobody understands more
MOST = 200  # other texts in all
MOST_PLACES = 2_000  # in which they are put in: each text twice in the next one doubles the work
LONGEST = 4 * 1024 * 1024  # characters: twice the largest single text


@dataclass(frozen=True, slots=True)
class Piece:
    """A version as a program gets it, before anything is put into it."""

    prompt_id: UUID
    name: str
    number: int
    label: str | None  # it was found by; none for a number
    text: str
    variables: list[Any]
    template_format: str = MUSTACHE
    side: Side | None = None  # of the label, where that splits


@dataclass(slots=True)
class Composed:
    text: str
    variables: list[Any]
    includes: list[Piece] = field(default_factory=list)
    names: frozenset[str] = frozenset()  # as the references write them

    @property
    def is_fixed(self) -> bool:
        """Whether nothing that was put in can move."""
        return all(piece.label is None for piece in self.includes)


Wanted = tuple[str, tuple[Selector, ...]]  # name, and which of it: the first that is there
Find = Callable[[Iterable[Wanted]], Awaitable[Mapping[Wanted, Piece]]]


async def composed(root: Piece, asked: Selector, find: Find) -> Composed:
    """Raises `ReferenceUnresolved`, `ReferenceCycle`, `ReferencesTooLarge`, `ReferenceFormat`."""
    if "{{>" not in root.text.replace(" ", ""):
        return Composed(root.text, root.variables)
    found = await _gathered(root, asked, find)
    spelling = _Spelling(found, asked, root.template_format)
    text = spelling.spelt(root, ())
    used = list(spelling.used.values())
    names = frozenset(name for name, _ in found)
    return Composed(text, _merged(root.variables, used), used, names)


async def _gathered(root: Piece, asked: Selector, find: Find) -> dict[Wanted, Piece]:
    found: dict[Wanted, Piece] = {}
    level = _wanted(root, asked)
    room = LONGEST
    for _ in range(DEEPEST + 1):  # one more, so that spelling can tell which way it is too deep
        new = [one for one in level if one not in found]
        if not new:
            return found
        if len(found) + len(new) > MOST:
            raise ReferencesTooLarge(f"{root.name} includes more than {MOST} prompts.")
        pieces = await find(new)
        for one in new:
            if one not in pieces:
                what = " or ".join(selector.words for selector in one[1])
                raise ReferenceUnresolved(
                    f"{root.name} includes {one[0]}, which has nothing under the {what}.",
                    reference=one[0],
                )
        found |= pieces
        # References are read, too: much may be written that comes to nothing.
        room -= sum(len(piece.text) for piece in pieces.values())
        if room < 0:
            chain = list(dict.fromkeys([root.name, *(one.name for one in found.values())]))
            raise ReferencesTooLarge(f"What {root.name} includes is too long.", chain=chain)
        level = [one for piece in pieces.values() for one in _wanted(piece, asked)]
    return found


def _wanted(piece: Piece, asked: Selector) -> list[Wanted]:
    references = template.references_in(piece.text)
    return list(dict.fromkeys((one.name, referred(one.label, asked)) for one in references))


class _Spelling:
    def __init__(
        self, found: Mapping[Wanted, Piece], asked: Selector, template_format: str
    ) -> None:
        self._found = found
        self._asked = asked
        self._format = template_format
        self._room = LONGEST
        self._places = MOST_PLACES
        self.used: dict[tuple[UUID, int], Piece] = {}

    def _source(self, piece: Piece) -> str:
        """The piece's text in the language of the whole."""
        if piece.template_format == self._format:
            return piece.text
        if self._format == JINJA:
            return template.as_jinja(piece.text)
        raise ReferenceFormat(
            f"{piece.name} is written in Jinja and is included in a text that is not. "
            "Change the format of either.",
            reference=piece.name,
        )

    def spelt(self, piece: Piece, path: tuple[Piece, ...]) -> str:
        inside = (*path, piece)
        chain = [one.name for one in inside]
        if any(one.prompt_id == piece.prompt_id for one in path):
            way = " → ".join(chain)
            raise ReferenceCycle(f"{piece.name} includes itself: {way}.", chain=chain)
        if len(inside) > DEEPEST + 1:
            way = " → ".join(chain)
            raise ReferenceCycle(f"More than {DEEPEST} levels deep: {way}.", chain=chain)

        def text_for(reference: Reference) -> str:
            self._places -= 1
            if self._places < 0:
                raise ReferencesTooLarge(
                    f"With all that it includes, {piece.name} has more than {MOST_PLACES:,} "
                    "references.",
                    chain=chain,
                )
            other = self._found[reference.name, referred(reference.label, self._asked)]
            self.used.setdefault((other.prompt_id, other.number), other)
            return self.spelt(other, inside).removesuffix("\n")

        source = self._source(piece)
        self._make_room(len(source), piece, chain)
        text = template.with_references(source, text_for)
        self._make_room(max(0, len(text) - len(source)), piece, chain)
        return text

    def _make_room(self, size: int, piece: Piece, chain: list[str]) -> None:
        """Source counts as well as what comes of it: both have to be read."""
        self._room -= size
        if self._room < 0:
            raise ReferencesTooLarge(
                f"With all that it includes, {piece.name} is too long.", chain=chain
            )


def _merged(own: list[Any], included: Iterable[Piece]) -> list[Any]:
    declared = {one["name"]: one for piece in included for one in piece.variables}
    names = {one["name"] for one in own}
    return [*own, *(one for name, one in declared.items() if name not in names)]
