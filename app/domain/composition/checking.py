"""Whether what programs get can still be put together after a label has moved.

Composed by the very code that answers programs, inside the transaction that moves the label: what
is refused here would have been a 409 there. A label that splits gives programs one version or the
other: both are composed (`each_way`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace
from app.domain.composition import looking, queries
from app.domain.composition.policy import Dependant, among
from app.domain.composition.recording import references
from app.domain.releases import composing
from app.domain.releases.composing import Piece, Wanted, composed
from app.domain.releases.errors import (
    ReferenceCycle,
    ReferenceFormat,
    ReferencesTooLarge,
    ReferenceUnresolved,
)
from app.domain.releases.selector import LATEST, Selector
from app.domain.releases.service import pieces
from app.domain.releases.sticky import Takes
from app.errors import AppError
from app.kit.rollouts import Rollout

# Of the processor for all dependants: a thousand usual ones. A label moves in a transaction for
# which others wait, and texts can be made that take half a second each.
SECONDS = 1.0

REFUSED = ReferenceCycle, ReferenceFormat, ReferencesTooLarge, ReferenceUnresolved


def nobody(_prompt_id: UUID, _rollout: Rollout) -> bool:
    """The standing versions, as for whoever brings no key."""
    return False


@dataclass(slots=True)
class Found:
    """Included prompts, looked up once for all that is checked together."""

    tx: AsyncSession
    where: InWorkspace
    takes: Takes = nobody
    known: dict[Wanted, Piece] = field(default_factory=dict)

    async def __call__(self, wanted: Iterable[Wanted]) -> Mapping[Wanted, Piece]:
        asked = list(wanted)
        if missing := [one for one in asked if one not in self.known]:
            self.known |= await pieces(self.tx, self.where, missing, self.takes)
        return {one: self.known[one] for one in asked if one in self.known}


Judge = Callable[[Found], Awaitable[Sequence[AppError]]]


async def each_way(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID, judge: Judge, most: int = 1
) -> list[AppError]:
    """What programs cannot be given, for each way in which labels may split; `most` of it.

    The prompt gives its candidates or does not, and so do all others: at most four ways, and one
    where nothing splits. What only a mixture of other prompts' candidates breaks is found out by
    its fetch: to try all of them would double the work with each label that splits.
    """
    waiting, known = [(False, False)], {(False, False)}
    problems: dict[str, AppError] = {}  # by what they say: a way may have those of another one
    while waiting and len(problems) < most:
        own, others = waiting.pop(0)
        found = Found(tx, where, _way(prompt_id, own=own, others=others))
        for error in await judge(found):
            told = _of_candidates(error) if own or others else error
            problems.setdefault(error.detail, told)
        sides = [one.side for one in found.known.values() if one.side is not None]
        splits = {
            side.prompt_id == prompt_id for side in sides
        }  # its own labels, or those of others
        more = [(True, others)] * (True in splits) + [(own, True)] * (False in splits)
        waiting += [way for way in more if way not in known]
        known |= set(more)
    return list(problems.values())[:most]


def _of_candidates(error: AppError) -> AppError:
    why = f"Whoever is given a candidate could not fetch it. {error.detail}"
    return type(error)(why, **error.extra)


def _way(prompt_id: UUID, *, own: bool, others: bool) -> Takes:
    return lambda asked, _rollout: own if asked == prompt_id else others


async def check_text(found: Found, root: Piece) -> None:
    """Raises what composing the text under its label does."""
    await composed(root, Selector(root.label), found)


async def of_released(found: Found, name: str, labels: Iterable[str]) -> list[AppError]:
    """Why what the prompt has under these labels now cannot be put together."""
    there = await found((name, (Selector(label),)) for label in labels)
    problems = []
    for root in there.values():
        problems.append(await _problem(found, root, Selector(root.label)))
        await asyncio.sleep(0)  # others are served meanwhile
    return [one for one in problems if one is not None]


async def of_dependants(found: Found, prompt_id: UUID, names: Collection[str]) -> list[AppError]:
    """Which released prompts that include this one, at any depth, are broken by it.

    One that is broken for another reason is left alone: that is not this change's doing. Of very
    many dependants the first ones are looked at, the rest find out when they are fetched.
    """
    ids = await _above(found, prompt_id, names)
    if not ids:
        return []
    labels = await queries.labels_of(found.tx, found.where, ids)
    called = await queries.names_of(found.tx, found.where, ids)
    roots = [(called[one][0], (Selector(label),)) for one in ids for label in labels[one]]
    there = await found(roots)
    about, spent, problems = frozenset(names), 0.0, []
    for one in roots:
        if one in there and spent <= SECONDS:
            began = time.thread_time()
            problems.append(await _of_dependant(found, there[one], one[1][0], about))
            spent += time.thread_time() - began
            await asyncio.sleep(0)  # others are served meanwhile
    return [one for one in problems if one is not None]


async def _of_dependant(
    found: Found, root: Piece, selector: Selector, about: frozenset[str]
) -> AppError | None:
    error = await _problem(found, root, selector)
    if error is None or not about & {*error.extra.get("chain", ()), error.extra.get("reference")}:
        return None
    why = f"{root.name} could not be fetched under {selector.label} any more. {error.detail}"
    return type(error)(why, **error.extra)


async def _problem(found: Found, root: Piece, selector: Selector) -> AppError | None:
    try:
        await composed(root, selector, found)
    except REFUSED as error:
        return error
    return None


async def _above(found: Found, prompt_id: UUID, names: Collection[str]) -> list[UUID]:
    """Prompts that may include it, directly or by way of others; nearest first."""
    seen: dict[UUID, None] = {}
    level = list(names)
    for _ in range(composing.DEEPEST):
        ids = await queries.users_in_versions(found.tx, found.where, level, looking.MOST)
        new = [one for one in ids if one not in seen and one != prompt_id]
        if not new:
            break
        seen |= dict.fromkeys(new)
        if len(seen) >= looking.MOST:
            break
        named = await queries.names_of(found.tx, found.where, new)
        level = [name for some in named.values() for name in some]
    return list(seen)[: looking.MOST]


def unresolved(text: str, label: str, there: Mapping[str, Collection[str]]) -> list[str]:
    """What of a text's references leads nowhere, in words; `there` are labels by name."""
    found = []
    for name, written in references(text):
        if name not in there:
            found.append(f"There is no prompt {name}.")
        elif written and not _has(written, there[name]):
            found.append(f"{name} has no {written}.")
        elif not written and not {label, "production"} & set(there[name]):
            found.append(f"{name} is neither in {label} nor in production.")
    return found


def _has(written: str, labels: Collection[str]) -> bool:
    return written in labels or written == LATEST or written.removeprefix("v").isdecimal()


def still_included(label: str, dependants: Sequence[Dependant]) -> str:
    """A sentence for whoever is about to take a label off."""
    names = among([one.name for one in dependants])
    many = len(dependants) != 1
    return (
        f"{names} {'include' if many else 'includes'} this prompt under {label}: programs that "
        f"fetch {'them' if many else 'it'} would get an error. It goes if you confirm that."
    )


def old_name_included(name: str, dependants: Sequence[str]) -> str:
    """A sentence for whoever is about to take or release an old name."""
    many = len(dependants) != 1
    return (
        f"{among(dependants)} {'include' if many else 'includes'} another prompt by its old name "
        f"{name}: what programs get would change without a release. Write the new name "
        f"there first, and publish."
    )
