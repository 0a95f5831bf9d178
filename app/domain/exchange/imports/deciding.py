"""What is to do about each prompt that comes: to make it, to leave it, to edit what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.domain.exchange import queries
from app.domain.exchange.errors import ImportRefused
from app.domain.exchange.imports import comparing
from app.domain.exchange.imports.coming import Wanted
from app.domain.prompts import policy
from app.domain.prompts.models import Prompt

Conflict = Literal["skip", "update", "rename"]
CONFLICTS: tuple[Conflict, ...] = ("skip", "update", "rename")
Action = Literal["create", "update", "unchanged", "skip"]
_RENAMES = 100  # names that are tried


@dataclass(frozen=True, slots=True)
class Item:
    """What happens, or would happen, to one prompt."""

    name: str
    action: Action
    file: str


@dataclass(frozen=True, slots=True)
class Step:
    """What is to do about one prompt; `prompt` is the one of its name that is there."""

    item: Item
    wanted: Wanted
    prompt: Prompt | None = None


class Deciding:
    """`conflict` answers names that are taken; `choices` say by name where it does not."""

    def __init__(
        self, caller: Principal, conflict: Conflict, choices: Mapping[str, Conflict]
    ) -> None:
        self._caller = caller
        self._conflict = conflict
        self._choices = choices

    async def decided(self, tx: AsyncSession, batch: Sequence[Wanted]) -> list[Step]:
        """Under which name each comes, what is to do, and with which that is there."""
        names = [one.kept.name for one in batch]
        there = {p.name: p for p in await queries.named(tx, self._caller, names)}
        pairs = [(there[one.kept.name], one) for one in batch if one.kept.name in there]
        same = await comparing.same(tx, self._caller, pairs)
        steps = []
        for one in batch:
            prompt = there.get(one.kept.name)
            chosen = self._choices.get(one.kept.name, self._conflict)
            if prompt is None:
                steps.append(Step(Item(one.kept.name, "create", one.file), one))
            elif prompt.id in same:
                steps.append(Step(Item(one.kept.name, "unchanged", one.file), one, prompt))
            elif chosen == "rename":
                steps.append(await self._renamed(tx, one, steps))
            elif chosen == "update" and await self._says_so(tx, prompt, one):
                steps.append(Step(Item(one.kept.name, "unchanged", one.file), one, prompt))
            else:
                steps.append(Step(Item(one.kept.name, chosen, one.file), one, prompt))
        return steps

    async def _says_so(self, tx: AsyncSession, prompt: Prompt, one: Wanted) -> bool:
        """An edit brings words and settings: one that was interrupted is not made twice."""
        words = replace(one, is_archived=False)
        return bool(one.is_archived and await comparing.same(tx, self._caller, [(prompt, words)]))

    async def _renamed(self, tx: AsyncSession, one: Wanted, before: Sequence[Step]) -> Step:
        """Under the next name that is free, or is this very prompt from another time."""
        mine = {step.item.name for step in before}  # of this transaction, not yet inserted
        names = list(islice(policy.numbered(one.kept.name), 1, _RENAMES))
        taken = {p.name: p for p in await queries.named(tx, self._caller, names)}
        for other in names:
            prompt = taken.get(other)
            if prompt is not None and await comparing.same(tx, self._caller, [(prompt, one)]):
                return Step(Item(other, "unchanged", one.file), one, prompt)
            if prompt is None and other not in mine:
                return Step(Item(other, "create", one.file), one)
        raise ImportRefused(f"{one.kept.name} and a hundred names like it are taken. Rename some.")
