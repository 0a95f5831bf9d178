"""References of what is imported that lead nowhere: not to what comes along, nor to what is here.

Nothing is refused for that: the other prompt may be the next file. Said are the live text and the
versions that programs get by a label; what only older versions include serves nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace
from app.domain.composition import looking
from app.domain.composition.looking import There
from app.domain.exchange.imports.deciding import Step
from app.domain.prompts import template
from app.domain.versions.policy import LATEST

MOST_TOLD = 200
_AT_ONCE = 500  # names in a statement


@dataclass(frozen=True, slots=True)
class Missing:
    """`version` is None for the text that is being written; `line` counts from 1 in that text."""

    prompt: str
    version: int | None
    line: int
    reference: str  # as it is written: name@label
    problem: str

    @property
    def words(self) -> str:
        where = f"v{self.version}, line" if self.version else "line"
        return f"{self.prompt}, {where} {self.line}: {{{{> {self.reference}}}}}. {self.problem}"


@dataclass(frozen=True, slots=True)
class _Reference:
    prompt: str
    version: int | None
    line: int
    name: str
    label: str


def _lacks(there: There, name: str, label: str) -> str:
    if not label or label in there.labels or (label == LATEST and there.newest):
        return ""
    number = label.removeprefix("v")
    if number.isdecimal() and len(number) < 10 and 0 < int(number) <= there.newest:
        return ""
    return f"{name} has no {label}."


class References:
    """Gathers, of one import, what comes and what that includes."""

    def __init__(self) -> None:
        self._coming: dict[str, There] = {}
        self._written: list[_Reference] = []

    def note(self, steps: Iterable[Step]) -> None:
        """What is done about some prompts, or would be. Reads their versions: not in the loop."""
        for step in steps:
            if step.item.action not in ("create", "update"):
                continue
            kept, name = step.wanted.kept, step.item.name
            given = {*kept.labels.values(), *(one.version for one in kept.rollouts.values())}
            newest, texts = 0, []
            for one in step.wanted.versions():
                newest = one.number
                if one.number in given:
                    texts.append((one.number, one.text))
            there = There(frozenset(kept.labels), newest)
            for called in (name, *(one.name for one in kept.old_names)):
                self._coming.setdefault(called, there)
            live = [(None, one.text) for one in kept.branches if one.name == "main"]
            self._written += _references(name, [*live, *reversed(texts)])

    async def missing(self, tx: AsyncSession, where: InWorkspace) -> list[Missing]:
        """In the order in which they came; each reference of a prompt once."""
        names = list(dict.fromkeys(one.name for one in self._written))
        here: dict[str, There] = {}
        for start in range(0, len(names), _AT_ONCE):
            here |= await looking.there(tx, where, names[start : start + _AT_ONCE])
        found = []
        for one in dict.fromkeys(self._written):  # a rehearsal before it has noted them, too
            there = [some[one.name] for some in (self._coming, here) if one.name in some]
            problems = [_lacks(some, one.name, one.label) for some in there]
            if not all(problems or [f"There is no prompt {one.name}."]):
                continue
            problem = problems[0] if problems else f"There is no prompt {one.name}."
            reference = f"{one.name}@{one.label}" if one.label else one.name
            found.append(Missing(one.prompt, one.version, one.line, reference, problem))
        return found


def told(missing: Sequence[Missing]) -> dict[str, Any]:
    """As previews and results keep it."""
    return {"count": len(missing), "words": [one.words for one in missing[:MOST_TOLD]]}


def _references(prompt: str, texts: Iterable[tuple[int | None, str]]) -> Iterator[_Reference]:
    seen = set()
    for version, text in texts:
        for match in template.EXPRESSION.finditer(text) if "{{" in text else ():
            name, label = match["reference"], match["label"] or ""
            if name and (name, label) not in seen:
                seen.add((name, label))
                line = text.count("\n", 0, match.start()) + 1
                yield _Reference(prompt, version, line, name, label)
