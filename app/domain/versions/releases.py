"""What versions answer about many prompts at once; the prompts slice asks through its port."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace
from app.domain.prompts.ports import Narrowing, Release
from app.domain.versions import queries


class VersionReleases:
    """Implements `prompts.ports.Releases`."""

    async def of(
        self, tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
    ) -> dict[UUID, Release]:
        numbers = await queries.newest_numbers(tx, where, prompt_ids)
        labels: dict[UUID, dict[str, int]] = {prompt_id: {} for prompt_id in prompt_ids}
        for label in await queries.labels_of(tx, where, prompt_ids):
            labels[label.prompt_id][label.name] = label.number
        return {
            prompt_id: Release(numbers.get(prompt_id), labels[prompt_id])
            for prompt_id in prompt_ids
        }

    async def counts(self, tx: AsyncSession, found: Narrowing) -> list[tuple[str, int]]:
        return await queries.label_counts(tx, found)

    def labelled(self, where: InWorkspace, label: str | None) -> Select[*tuple[Any, ...]]:
        return queries.labelled(where, label)
