"""Whether prompts that come are there already: for many at once, without reading their versions."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.domain.exchange import archive
from app.domain.exchange.archive import PromptKept, Told, VersionKept
from app.domain.exchange.exports.exporting import Keeping
from app.domain.exchange.imports import coming
from app.domain.exchange.imports.coming import Wanted
from app.domain.prompts.models import Prompt
from app.domain.prompts.settings import settings_of
from app.domain.versions.policy import content_sha256


async def same(
    tx: AsyncSession, caller: Principal, pairs: Sequence[tuple[Prompt, Wanted]]
) -> set[UUID]:
    """The prompts of `pairs` that already say all that is wanted of them."""
    if not pairs:
        return set()
    keeping = Keeping(tx, caller)
    kept = await keeping.kept([prompt for prompt, _ in pairs])
    alike = [
        (prompt, wanted)
        for (prompt, wanted), mine in zip(pairs, kept, strict=True)
        if _is_alike(mine, wanted)
    ]
    in_archives = [prompt for prompt, wanted in alike if wanted.is_archived]
    versions = await keeping.told(in_archives) if in_archives else {}
    return {
        prompt.id
        for prompt, wanted in alike
        if not wanted.is_archived
        or versions.get(prompt.id, []) == [_told(one) for one in wanted.versions()]
    }


def _is_alike(mine: PromptKept, wanted: Wanted) -> bool:
    if not wanted.is_archived:
        return bool(coming.says(mine) == coming.says(wanted.kept))
    renamed = msgspec.structs.replace(mine, name=wanted.kept.name)
    return archive.line(renamed) == archive.line(wanted.kept)


def _told(one: VersionKept) -> Told:
    content = content_sha256(one.text, settings_of(one))
    return Told(
        one.number,
        one.branch,
        content,
        one.message,
        one.author,
        one.contributors,
        one.restored_from,
        one.created_at,
    )
