"""Every SQL statement about which versions programs are given."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, ColumnElement, String, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.access.tenancy import InWorkspace, within
from app.domain.composition.models import Inclusion
from app.domain.prompts.models import OldName, Prompt
from app.domain.versions.models import Label, Version


def newest(prompt_id: Any) -> ColumnElement[int]:
    # unscoped: of the row's own prompt
    found = select(func.max(Version.number)).where(Version.prompt_id == prompt_id)
    return found.correlate_except(Version).scalar_subquery()


def is_given(prompt_id: Any, number: Any) -> ColumnElement[bool]:
    """Whether a version is the newest, or one that a label gives to programs."""
    # unscoped: of the row's own prompt
    labelled = select(Label.name).where(
        Label.prompt_id == prompt_id, or_(Label.number == number, Label.candidate == number)
    )
    return or_(number == newest(prompt_id), labelled.correlate_except(Label).exists())


async def given_with(tx: AsyncSession, where: InWorkspace, name: str, limit: int) -> list[str]:
    """Prompts that say something else once `name` means something else, by their own name.

    Of a version that programs are given, as it includes by that name, or includes by its number an
    older version that does, at any depth.
    """
    holds = _holding(where, name)
    statement = within(
        select(Prompt.name)
        .join(holds, holds.c.prompt_id == Prompt.id)
        .where(is_given(holds.c.prompt_id, holds.c.number)),
        where,
        Prompt,
    )
    found = await tx.execute(statement.distinct().order_by(Prompt.name).limit(limit))
    return list(found.scalars())


def _holding(where: InWorkspace, name: str) -> CTE:
    """Versions that include by `name`, and those that include such a version by its number.

    Older versions are reached by numbers alone, so no label is looked for here.
    """
    first = within(
        select(Inclusion.prompt_id, Inclusion.number).where(
            Inclusion.name == name, Inclusion.number > 0
        ),
        where,
        Inclusion,
    )
    holds = first.cte("holds", recursive=True)
    now = within(select(Prompt.id, Prompt.name), where, Prompt)
    before = within(select(OldName.prompt_id, OldName.name), where, OldName)
    called = now.union_all(before).subquery()
    pin = aliased(Inclusion)
    pins = (
        select(pin.prompt_id, pin.number)
        .join(called, called.c.name == pin.name)
        .join(holds, holds.c.prompt_id == called.c.id)
        # `v7`, `7` and `v007` are one number, as in `releases.selector`
        .where(pin.number > 0, func.ltrim(pin.label, "v0") == cast(holds.c.number, String))
    )
    return holds.union(within(pins, where, pin))
