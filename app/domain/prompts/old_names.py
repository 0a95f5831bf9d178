"""What prompts were called before: kept when they are renamed, so that programs go on.

A name belongs to one prompt. Whoever takes an old one takes it away from the prompt that had it
before; nobody gets an old name without asking for it by that very name.
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

    def __init__(self, tx: AsyncSession, caller: Principal) -> None:
        self._tx = tx
        self._caller = caller

    async def of(self, prompt_id: UUID) -> Sequence[OldName]:
        """The latest first. Raises `PromptNotFound`."""
        self._caller.require(Permission.PROMPTS_READ)
        await self._require(prompt_id)
        return await queries.old_names(self._tx, self._caller, prompt_id, MOST)

    async def release(self, prompt_id: UUID, name: str) -> None:
        """Have an old name lead nowhere. Raises `PromptNotFound`, `OldNameNotFound`."""
        self._caller.require(Permission.PROMPTS_WRITE)
        await self._require(prompt_id)
        if not await queries.release_name(self._tx, self._caller, name, prompt_id):
            raise OldNameNotFound(f"This prompt was never called {name}, or the name was released.")

    async def keep(self, prompt: Prompt, before: str) -> None:
        """Note that `prompt`, renamed and flushed, was called `before`."""
        await self.give_up(prompt.name)
        await self.give_up(before)  # of a prompt that had it even earlier
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

    async def give_up(self, name: str) -> None:
        """A prompt is called so now: from here on the name is its alone.

        After the prompt is flushed: whoever else renames to or from `name` has ended by then.
        """
        await queries.release_name(self._tx, self._caller, name)

    async def _require(self, prompt_id: UUID) -> None:
        if await queries.by_id(self._tx, self._caller, prompt_id) is None:
            raise PromptNotFound("Check the address. It may belong to another workspace.")
