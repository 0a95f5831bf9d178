"""After a rename: who still includes the prompt by an old name, and writing the present one there.

Old names go on working, so nobody has to. Each text is edited in its live room by itself, in no
transaction of all: whatever is interrupted is simply done again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.db.engine import Database
from app.db.races import claiming
from app.domain.composition import looking, policy, queries
from app.domain.composition.models import Inclusion
from app.domain.composition.policy import Outdated
from app.domain.composition.recording import texts_indexed
from app.domain.prompts.errors import PromptNotFound
from app.domain.prompts.ports import Rooms
from app.domain.prompts.service import Prompts
from app.errors import AppError, Conflict
from app.kit import cursor
from app.kit.edits import Edit
from app.web.paging import Page, cut

AT_ONCE = 100  # texts in one call: some seconds at most
_ROW = (Inclusion.prompt_id, Inclusion.number, Inclusion.name, Inclusion.label)


@dataclass(frozen=True, slots=True)
class Left:
    """A text that was left as it is, and why."""

    prompt_id: UUID
    error: AppError


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Prompts whose text was edited, and those whose was not although it should have been."""

    changed: list[UUID] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


async def outdated(
    tx: AsyncSession, caller: Principal, prompt_id: UUID, limit: int, after: str | None = None
) -> Page[Outdated]:
    """Prompts whose live text has an old name of this one, by name; of a prompt of the caller's.

    Of what people are typing it knows some seconds later.
    """
    caller.require(Permission.PROMPTS_READ)
    called = await looking.names(tx, caller, prompt_id)
    if not called:
        raise PromptNotFound("Check the address. It may belong to another workspace.")
    start = cursor.decode(after, tuple[str])[0] if after else ""
    found = await _outdated(tx, caller, called[1:], start, limit + 1)
    return cut(found, limit, lambda one: (one.name,))


async def _outdated(
    tx: AsyncSession, caller: Principal, old: Collection[str], after: str, limit: int
) -> list[Outdated]:
    if not old:
        return []
    rows = await queries.outdated(tx, caller, old, after, limit)
    written = await queries.live(tx, caller, [row.id for row in rows])
    return [
        Outdated(
            row.id, row.name, row.title, sorted({n for n, _ in written[row.id] if n in set(old)})
        )
        for row in rows
    ]


class Renaming:
    """Writes a prompt's present name into the live texts of others, as the caller."""

    def __init__(self, database: Database, caller: Principal, rooms: Rooms) -> None:
        self._database = database.within(caller)
        self._caller = caller
        self._rooms = rooms

    async def rewrite(self, prompt_id: UUID, dependants: Sequence[UUID]) -> Rewritten:
        """Edit these texts, `AT_ONCE` at most: in each the old names and nothing else.

        Others may be typing there: the edit is made of the text as it is at that moment. A text
        that has none of the names any more stays as it is. Raises `PromptNotFound`.
        """
        self._caller.require(Permission.PROMPTS_WRITE)
        async with self._database.transaction(write=False) as tx:
            await self._prompts(tx).open(prompt_id)
        done = Rewritten()
        for one in list(dict.fromkeys(dependants))[:AT_ONCE]:
            try:
                if await self._one(prompt_id, one):
                    done.changed.append(one)
            except AppError as error:  # gone, too large, a disk that is full: of this one alone
                done.left.append(Left(one, error))
        return done

    async def _one(self, prompt_id: UUID, dependant: UUID) -> bool:
        async with self._database.transaction(write=False) as tx:
            room_id = (await self._prompts(tx).open(dependant)).branch.id
            # Looked at for each: a name that another prompt takes meanwhile is not ours any more.
            now, *old = await looking.names(tx, self._caller, prompt_id)
        edited: list[Edit] = []

        def plan(text: str) -> Sequence[Edit]:
            edited[:] = policy.renamed(text, dict.fromkeys(old, now))
            return edited

        if not plan((await self._rooms.read(room_id)).text):
            return False
        async with self._database.transaction() as tx:
            await self._prompts(tx).claim_text(dependant)
        reading = await self._rooms.revise(room_id, plan, self._caller.actor)
        await self._keep(dependant, reading.text)
        return bool(edited)

    def _prompts(self, tx: AsyncSession) -> Prompts:
        return Prompts(tx, self._caller, self._rooms)

    async def _keep(self, dependant: UUID, text: str) -> None:
        """So that nobody is offered it again; the index follows by itself."""
        kept = Conflict("The index keeps it at the same moment.")
        with contextlib.suppress(Conflict):
            async with self._database.transaction() as tx:
                with claiming(_ROW, kept):
                    await texts_indexed(tx, self._caller, {dependant: text})
