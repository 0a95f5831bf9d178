"""Reads what includes what, in a number of statements that does not depend on how many do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace
from app.domain.composition import queries
from app.domain.composition.policy import Dependant, Use, candidate_of, labels_on

MOST = 200  # dependants that are looked at when a label moves


async def names(tx: AsyncSession, where: InWorkspace, prompt_id: UUID) -> list[str]:
    """By which the prompt is included: its own, then those it had before."""
    return (await queries.names_of(tx, where, [prompt_id]))[prompt_id]


async def dependants(
    tx: AsyncSession, where: InWorkspace, called: Collection[str], after: str, limit: int
) -> list[Dependant]:
    """In the order of their names, after one."""
    rows = await queries.dependants(tx, where, called, after, limit)
    if not rows:
        return []
    ids = [row.id for row in rows]
    found = await queries.uses(tx, where, ids, called)
    labels = await queries.labels_of(tx, where, ids)
    candidates = await queries.candidates_of(tx, where, ids)
    by_prompt: defaultdict[UUID, list[Any]] = defaultdict(list)
    for use in found:
        by_prompt[use.prompt_id].append(use)
    return [
        Dependant(
            row.id,
            row.name,
            row.title,
            row.archived_at,
            uses(by_prompt[row.id], labels[row.id], candidates[row.id]),
        )
        for row in rows
    ]


def uses(
    rows: Sequence[Any], labels: dict[str, int], candidates: dict[str, int]
) -> tuple[Use, ...]:
    """From rows of `queries.uses`: released ones first, the live text last."""
    found = [
        Use(
            row.name,
            row.label,
            row.number,
            labels_on(row.number, row.newest, labels),
            candidate_of(row.number, candidates),
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (one.number == 0, -one.number)))


@dataclass(frozen=True, slots=True)
class There:
    """What a reference to a prompt can name; `newest` 0 = it has no version."""

    labels: frozenset[str]
    newest: int


async def there(tx: AsyncSession, where: InWorkspace, called: Collection[str]) -> dict[str, There]:
    """By name, old names too, where a prompt answers to it."""
    found = await queries.called(tx, where, called)
    ids = {one[0] for one in found.values()}
    labels = await queries.labels_of(tx, where, ids)
    newest = await queries.newest_of(tx, where, ids)
    return {
        name: There(frozenset(labels[one[0]]), newest.get(one[0], 0)) for name, one in found.items()
    }
