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
from app.domain.versions.errors import (
    LabelMovedSince,
    LabelNotFound,
    LabelProtected,
    VersionNotFound,
)
from app.domain.versions.models import Label, LabelMove, Version
from app.domain.versions.ports import UNWATCHED, Composition
from app.domain.workspaces.service import Workspaces
from app.kit import clock
from app.kit.ids import new_id

LABEL_MOVED = "label.moved"  # {"label", "number"}; number null = taken off


class Labels:
    """The labels of the caller's prompts. News travel once the transaction is committed."""

    def __init__(
        self,
        tx: AsyncSession,
        caller: Principal,
        announcer: Announcer,
        composition: Composition = UNWATCHED,
    ) -> None:
        self._tx = tx
        self._caller = caller
        self._announcer = announcer
        self._composition = composition

    async def move(self, prompt_id: UUID, name: str, number: int) -> Label:
        """Put a label on a version, wherever it was before.

        Raises `PromptNotFound`, `LabelRefused`, `LabelProtected`, `VersionNotFound`, and a
        `Conflict` when programs could not be given what includes it, or what it includes.
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

    async def last_move(
        self, prompt_id: UUID, name: str, *, holds: bool = False
    ) -> LabelMove | None:
        """What brought a label to where it is; None when it is on no version.

        `holds` keeps others from moving it until the transaction ends. Raises `PromptNotFound`.
        """
        prompts = Prompts(self._tx, self._caller, self._announcer)
        await (prompts.locked(prompt_id) if holds else prompts.open(prompt_id))
        found = await queries.moves(self._tx, self._caller, prompt_id, name, 1)
        return found[0] if found and found[0].to_number is not None else None

    async def remove(self, prompt_id: UUID, name: str, *, confirmed: bool = False) -> None:
        """Take a label off. Others may include the prompt by it: that has to be `confirmed`.

        Raises `PromptNotFound`, `LabelRefused`, `LabelProtected`, `LabelNotFound`, `Conflict`.
        """
        self._caller.require(Permission.LABELS_MOVE)
        policy.check_label(name)
        _, branch = await Prompts(self._tx, self._caller, self._announcer).locked(prompt_id)
        label = await queries.label(self._tx, self._caller, prompt_id, name)
        if label is None:
            raise LabelNotFound(f"{name} is on no version.")
        await self._check_roles([name])
        before = label.number
        async with self._tx.begin_nested():  # whoever catches the refusal commits nothing of it
            await queries.remove_label(self._tx, self._caller, prompt_id, name)
            await self._composition.removed(
                self._tx, self._caller, prompt_id, name, confirmed=confirmed
            )
        await self._moved(prompt_id, branch.id, name, before, None)

    async def put(
        self, prompt_id: UUID, room_id: UUID, version: Version, names: Sequence[str]
    ) -> list[str]:
        """Put labels (checked names) on a version of a locked prompt; gives those that moved.

        Raises `LabelProtected`, and what `move` says of programs.
        """
        now = {one.name: one for one in await queries.labels(self._tx, self._caller, prompt_id)}
        moved = [name for name in names if name not in now or now[name].number != version.number]
        await self._check_roles(moved)
        for name in moved:
            before = now[name].number if name in now else None
            label = now.get(name) or self._new(prompt_id, name)
            label.version_id, label.number = version.id, version.number
            label.moved_by, label.moved_at = self._caller.actor, clock.utc_now()
            self._tx.add(label)
            await self._moved(prompt_id, room_id, name, before, version.number)
        await self._composition.moved(self._tx, self._caller, version, moved)
        return moved

    async def undo(self, prompt_id: UUID, name: str, move_id: UUID) -> None:
        """Put a label back to where it was before a move, if it has not moved since.

        Raises `LabelNotFound`, `LabelMovedSince`, and what `move` and `remove` raise.
        """
        self._caller.require(Permission.LABELS_MOVE)
        await Prompts(self._tx, self._caller, self._announcer).locked(prompt_id)
        made = await queries.move(self._tx, self._caller, prompt_id, move_id)
        if made is None or made.label != name:
            raise LabelNotFound("There is no such move.")
        [last] = await queries.moves(self._tx, self._caller, prompt_id, made.label, 1)
        if last.id != made.id:
            raise LabelMovedSince(f"{made.label} is where somebody has put it since.")
        if made.from_number is None:
            await self.remove(prompt_id, made.label)
        else:
            await self.move(prompt_id, made.label, made.from_number)

    async def _check_roles(self, names: Sequence[str]) -> None:
        roles = await Workspaces(self._tx).label_roles(self._caller) if names else {}
        for name in names:
            if not policy.may_move(self._caller, name, roles):
                raise LabelProtected(f"{name} is {policy.protection(name, roles)}.")

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
