"""What versions answer about many prompts at once; the prompts slice asks through its port."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.tenancy import InWorkspace
from app.domain.prompts import people
from app.domain.prompts.models import Branch
from app.domain.prompts.people import Shown
from app.domain.prompts.ports import Announcer, Recent, Release, Standing
from app.domain.prompts.service import Prompts
from app.domain.prompts.settings import settings_of
from app.domain.versions import policy, queries
from app.domain.versions.errors import LabelMovedSince, LabelNotFound
from app.domain.versions.history import actors_of, label_names
from app.domain.versions.labels import queries as label_queries
from app.domain.versions.labels.labels import Labels
from app.domain.versions.models import Version
from app.domain.versions.ports import UNWATCHED, Composition
from app.errors import AppError
from app.kit.rollouts import BUCKETS, Rollout

RECENT = 10  # versions in the editor's side panel


class VersionReleases:
    """Implements `prompts.ports.Releases`."""

    def __init__(self, composition: Composition = UNWATCHED) -> None:
        self._composition = composition

    async def of(
        self, tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
    ) -> dict[UUID, Release]:
        newest: dict[UUID, int] = {}
        labels: dict[UUID, dict[str, int]] = {prompt_id: {} for prompt_id in prompt_ids}
        rollouts: dict[UUID, dict[str, Rollout]] = {prompt_id: {} for prompt_id in prompt_ids}
        for prompt_id, label, number, *split in await queries.numbers_of(tx, where, prompt_ids):
            if label is None:
                newest[prompt_id] = number
                continue
            labels[prompt_id][label] = number
            if split[0] is not None:
                rollouts[prompt_id][label] = Rollout(*split)
        return {
            one: Release(newest.get(one), named, rollouts[one]) for one, named in labels.items()
        }

    async def label_newest(
        self, tx: AsyncSession, caller: Principal, rooms: Announcer, prompt_id: UUID, label: str
    ) -> str:
        policy.check_label(label)
        caller.require(Permission.LABELS_MOVE)
        _, branch = await Prompts(tx, caller, rooms).locked(prompt_id)
        newest = await queries.newest(tx, caller, prompt_id)
        labels = Labels(tx, caller, rooms, self._composition)
        if newest is None or not await labels.put(branch, newest, [label]):
            return ""
        [made] = await label_queries.moves(tx, caller, prompt_id, label, 1)
        return str(made.id)

    async def take_back(
        self, tx: AsyncSession, caller: Principal, rooms: Announcer, prompt_id: UUID, move: str
    ) -> Sequence[AppError] | None:
        label, _, move_id = move.partition(" ")
        labels = Labels(tx, caller, rooms, self._composition)
        try:
            return await labels.undo(prompt_id, label, UUID(move_id))
        except (LabelMovedSince, LabelNotFound, ValueError):
            return None

    async def problems(
        self, tx: AsyncSession, caller: Principal, prompt_id: UUID, label: str
    ) -> Sequence[AppError]:
        return await self._composition.problems(tx, caller, prompt_id, label)

    async def standing(
        self, tx: AsyncSession, where: InWorkspace, branch: Branch, text: str
    ) -> Standing:
        names = await label_names(tx, where, branch.prompt_id)
        placed = await label_queries.of_prompt(tx, where, branch.prompt_id)
        splits = {one.name: _split(one.rollout) for one in placed if one.rollout}
        versions = await queries.listed(tx, where, branch.prompt_id, None, RECENT)
        who = await people.named(tx, where, actors_of(versions))
        sha256 = policy.content_sha256(text, settings_of(branch))
        return Standing(
            published=versions[0].number if versions else None,
            labels=[
                {"name": name, "number": number, "rollout": splits.get(name)}
                for name, number in sorted(
                    ((name, number) for number, listed in names.items() for name in listed),
                    key=lambda placed: (placed[0] not in policy.USUAL_LABELS, placed[0]),
                )
            ],
            draft=draft_note(versions[0] if versions else None, sha256, text),
            recent=[_recent(version, names[version.number], who) for version in versions],
        )


def _split(rollout: Rollout) -> dict[str, Any]:
    rest = (BUCKETS - rollout.share) * 100 / BUCKETS
    return {
        "version": rollout.version,
        "percent": f"{rollout.percent:.10g}",
        "rest": f"{rest:.10g}",
    }


def draft_note(newest: Version | None, sha256: str, text: str) -> str:
    """What is not published yet, in words; "" = nothing."""
    if newest is None:
        return "Not published yet" if text.strip() else ""
    return "" if newest.content_sha256 == sha256 else f"Edited since v{newest.number}"


def people_of(version: Version, who: dict[str, Shown]) -> list[Shown]:
    """Who wrote a version, the busiest first; its author when nobody wrote anything."""
    wrote = [who[one["actor"]] for one in version.contributors]
    return wrote or [who[version.author]]


def _recent(version: Version, labels: list[str], who: dict[str, Shown]) -> Recent:
    return Recent(
        version.number,
        version.message,
        who[version.author],
        people_of(version, who),
        version.created_at,
        [name for name in labels if name != policy.LATEST],
    )
