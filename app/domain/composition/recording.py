"""Keeps what texts include: of versions once and for all, of live texts as they are indexed."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace
from app.domain.composition import queries
from app.domain.composition.models import Inclusion
from app.domain.prompts import template
from app.domain.versions.models import Version

LIVE = 0  # in the place of a version's number
MOST = 200  # of one text: with more of them nothing can be put together (`releases.composing`)
_NAME, _LABEL = 255, 64  # characters; no prompt and no label is called anything longer


def references(text: str) -> list[tuple[str, str]]:
    """Name and label, "" = none, of what `text` includes, each once."""
    if "{{" not in text:
        return []
    found = ((one.name, one.label or "") for one in template.references_in(text))
    fitting = [one for one in found if len(one[0]) <= _NAME and len(one[1]) <= _LABEL]
    return fitting[:MOST]


def inclusions(version: Version) -> list[Inclusion]:
    """The rows that belong to a version; to be inserted with it."""
    return [
        Inclusion(
            prompt_id=version.prompt_id,
            number=version.number,
            name=name,
            label=label,
            workspace_id=version.workspace_id,
        )
        for name, label in references(version.text)
    ]


async def texts_indexed(tx: AsyncSession, where: InWorkspace, texts: Mapping[UUID, str]) -> None:
    """The index has taken in what these prompts' live texts say now."""
    before = await queries.live(tx, where, list(texts))
    now = {prompt_id: set(references(text)) for prompt_id, text in texts.items()}
    changed = [one for one in now if now[one] != before[one]]
    if not changed:
        return
    await queries.drop_live(tx, where, changed)
    await queries.add(
        tx,
        [
            {
                "prompt_id": prompt_id,
                "number": LIVE,
                "name": name,
                "label": label,
                "workspace_id": where.workspace_id,
            }
            for prompt_id in changed
            for name, label in now[prompt_id]
        ],
    )
