"""What prompts were called before: kept when they are renamed, so that programs go on.

A name belongs to one prompt. Whoever takes an old one takes it away from the prompt that had it
before; nobody gets an old name without asking for it by that very name. While released prompts
include by it, nobody does: what programs get would change, and no label's protection be asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.tenancy import InWorkspace
from app.domain.prompts import queries
from app.domain.prompts.errors import OldNameNotFound, PromptNotFound
from app.domain.prompts.models import OldName, Prompt
from app.domain.prompts.ports import UNASKED, Composition
from app.kit import clock

MOST = 100  # shown of one prompt; nobody renames more often


@dataclass(frozen=True, slots=True)
class Renamed:
    """What a prompt that was asked for by an old name is called now, and since when."""

    name: str
    since: datetime


async def renamed(tx: AsyncSession, where: InWorkspace, old_name: str) -> Renamed | None:
    found = await queries.renamed(tx, where, old_name)
    return Renamed(*found) if found else None


async def called(tx: AsyncSession, caller: Principal, name: str) -> UUID:
    """The prompt that is called so, or was until nobody else is. Raises `PromptNotFound`."""
    caller.require(Permission.PROMPTS_READ)
    found = await queries.by_name(tx, caller, name)
    if found is None and (now := await renamed(tx, caller, name)) is not None:
        found = await queries.by_name(tx, caller, now.name)
    if found is None:
        raise PromptNotFound("No prompt of this workspace is called so.")
    return found


class OldNames:
    """The old names of the caller's prompts."""

    def __init__(
        self, tx: AsyncSession, caller: Principal, composition: Composition = UNASKED
    ) -> None:
        self._tx = tx
        self._caller = caller
        self._composition = composition

    async def of(self, prompt_id: UUID) -> Sequence[OldName]:
        """The latest first. Raises `PromptNotFound`."""
        self._caller.require(Permission.PROMPTS_READ)
        await self._require(prompt_id)
        return await queries.old_names(self._tx, self._caller, prompt_id, MOST)

    async def release(self, prompt_id: UUID, name: str) -> None:
        """Have an old name lead nowhere.

        Raises `PromptNotFound`, `OldNameNotFound`, `OldNameIncluded`.
        """
        self._caller.require(Permission.PROMPTS_WRITE)
        await self._require(prompt_id)
        if await queries.release_name(self._tx, self._caller, name, prompt_id) is None:
            raise OldNameNotFound(f"This prompt was never called {name}, or the name was released.")
        await self._composition.let_go(self._tx, self._caller, name)

    async def keep(self, prompt: Prompt, before: str) -> None:
        """Note that `prompt`, renamed and flushed, was called `before`. Raises as `give_up`."""
        await self.give_up(prompt)
        # Of a prompt that had it even earlier: nobody has been given that by it since.
        await queries.release_name(self._tx, self._caller, before)
        self._tx.add(
            OldName(
                workspace_id=prompt.workspace_id,
                name=before,
                prompt_id=prompt.id,
                renamed_by=self._caller.actor,
                renamed_at=clock.utc_now(),
            )
        )
        await self._tx.flush()

    async def give_up(self, prompt: Prompt) -> None:
        """`prompt` is called so now: from here on its name is its alone. Raises `OldNameIncluded`.

        After it is flushed: whoever else renames to or from that name has ended by then.
        """
        had = await queries.release_name(self._tx, self._caller, prompt.name)
        if had not in (None, prompt.id):  # to go back to an old name of its own takes nothing
            await self._composition.let_go(self._tx, self._caller, prompt.name)

    async def _require(self, prompt_id: UUID) -> None:
        if await queries.by_id(self._tx, self._caller, prompt_id) is None:
            raise PromptNotFound("Check the address. It may belong to another workspace.")
