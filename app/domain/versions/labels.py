"""Labels: movable names for versions, with a history of their moves."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.db.after import after_commit
from app.domain.prompts.ports import Announcer
from app.domain.prompts.service import Prompts
from app.domain.versions import policy, queries
from app.domain.versions.errors import LabelNotFound, VersionNotFound
from app.domain.versions.models import Label, LabelMove, Version
from app.kit import clock
from app.kit.ids import new_id

LABEL_MOVED = "label.moved"  # {"label", "number"}; number null = taken off


class Labels:
    """The labels of the caller's prompts. News travel once the transaction is committed."""

    def __init__(self, tx: AsyncSession, caller: Principal, announcer: Announcer) -> None:
        self._tx = tx
        self._caller = caller
        self._announcer = announcer

    async def move(self, prompt_id: UUID, name: str, number: int) -> Label:
        """Put a label on a version, wherever it was before.

        Raises `PromptNotFound`, `LabelRefused`, `VersionNotFound`.
        """
        self._caller.require(Permission.LABELS_MOVE)
        policy.check_label(name)
        _, branch = await Prompts(self._tx, self._caller, self._announcer).locked(prompt_id)
        version = await queries.numbered(self._tx, self._caller, prompt_id, number)
        if version is None:
            raise VersionNotFound(f"This prompt has no version {number}.")
        await self.put(prompt_id, branch.id, version, [name])
        label = await queries.label(self._tx, self._caller, prompt_id, name)
        if label is None:
            raise LabelNotFound(f"{name} is on no version.")
        return label

    async def remove(self, prompt_id: UUID, name: str) -> None:
        """Take a label off. Raises `PromptNotFound`, `LabelRefused`, `LabelNotFound`."""
        self._caller.require(Permission.LABELS_MOVE)
        policy.check_label(name)
        _, branch = await Prompts(self._tx, self._caller, self._announcer).locked(prompt_id)
        label = await queries.label(self._tx, self._caller, prompt_id, name)
        if label is None:
            raise LabelNotFound(f"{name} is on no version.")
        before = label.number
        await queries.remove_label(self._tx, self._caller, prompt_id, name)
        await self._moved(prompt_id, branch.id, name, before, None)

    async def put(
        self, prompt_id: UUID, room_id: UUID, version: Version, names: Sequence[str]
    ) -> list[str]:
        """Put labels (checked names) on a version of a locked prompt; gives those that moved."""
        now = {one.name: one for one in await queries.labels(self._tx, self._caller, prompt_id)}
        moved = [name for name in names if name not in now or now[name].number != version.number]
        for name in moved:
            before = now[name].number if name in now else None
            label = now.get(name) or self._new(prompt_id, name)
            label.version_id, label.number = version.id, version.number
            label.moved_by, label.moved_at = self._caller.actor, clock.utc_now()
            self._tx.add(label)
            await self._moved(prompt_id, room_id, name, before, version.number)
        return moved

    def _new(self, prompt_id: UUID, name: str) -> Label:
        return Label(prompt_id=prompt_id, name=name, workspace_id=self._caller.workspace_id)

    async def _moved(
        self, prompt_id: UUID, room_id: UUID, name: str, before: int | None, now: int | None
    ) -> None:
        self._tx.add(
            LabelMove(
                id=new_id(),
                workspace_id=self._caller.workspace_id,
                prompt_id=prompt_id,
                label=name,
                from_number=before,
                to_number=now,
                actor=self._caller.actor,
                moved_at=clock.utc_now(),
            )
        )
        await self._tx.flush()
        data = {"label": name, "number": now}
        after_commit(
            self._tx,
            lambda: self._announcer.announce(room_id, LABEL_MOVED, data, self._caller),
        )
