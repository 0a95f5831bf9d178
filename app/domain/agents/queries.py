"""What a list of prompts says beside their released texts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace, within
from app.domain.prompts.models import Prompt


async def described(tx: AsyncSession, where: InWorkspace, names: Collection[str]) -> dict[str, Any]:
    """Title and description, by name."""
    statement = within(
        select(Prompt.name, Prompt.title, Prompt.description).where(Prompt.name.in_(names)),
        where,
        Prompt,
    )
    return {row.name: row for row in await tx.execute(statement)}
