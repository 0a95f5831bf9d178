"""Names that are free, taken, or made from a title."""

from __future__ import annotations

import secrets

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace
from app.db.races import claim
from app.domain.prompts import policy, queries
from app.domain.prompts.errors import NameTaken
from app.domain.prompts.models import Prompt

_TRIES = 20  # a name made from a title may be lost to somebody else that often


async def require_free(tx: AsyncSession, where: InWorkspace, name: str) -> None:
    """Raises `NameTaken`. An old name is free: whether it may be taken is asked afterwards."""
    if await queries.by_name(tx, where, name) is not None:
        raise _taken(name)


async def claim_name(tx: AsyncSession, name: str) -> None:
    """Flush a prompt that is called so. Raises `NameTaken`."""
    await claim(tx, (Prompt.workspace_id, Prompt.name), _taken(name))


async def add_under_free_name(tx: AsyncSession, where: InWorkspace, prompt: Prompt) -> None:
    """Name it after its title, with a number if need be, and insert it."""
    stem = policy.name_from(prompt.title)
    taken = await queries.names_like(tx, where, stem)
    for _ in range(_TRIES):
        prompt.name = next(made for made in policy.numbered(stem) if made not in taken)
        try:
            async with tx.begin_nested():
                tx.add(prompt)
                await claim_name(tx, prompt.name)
        except NameTaken:  # since we looked, or one of very many that begin alike
            taken.add(prompt.name)
        else:
            return
    prompt.name = f"{stem}-{secrets.token_hex(4)}"
    tx.add(prompt)
    await claim_name(tx, prompt.name)


def _taken(name: str) -> NameTaken:
    return NameTaken(f"{name} is taken. Names are unique in a workspace.", name=name)
