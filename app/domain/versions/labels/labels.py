"""Labels: movable names for versions, with a history of their moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.db.after import after_commit
from app.domain.prompts.models import Branch
from app.domain.prompts.ports import Announcer
from app.domain.prompts.service import Prompts
from app.domain.versions import policy, queries
from app.domain.versions.errors import (
    LabelMovedSince,
    LabelNotFound,
    LabelProtected,
    LabelRefused,
    VersionNotFound,
)
from app.domain.versions.labels import queries as label_queries
from app.domain.versions.labels.rollouts import Place, Wanted, begun, gives_less
from app.domain.versions.models import Label, LabelMove, Version
from app.domain.versions.ports import UNWATCHED, Composition, Put
from app.domain.workspaces.service import Workspaces
from app.errors import AppError
from app.kit import clock
from app.kit.ids import new_id
from app.kit.rollouts import Rollout

LABEL_MOVED = "label.moved"  # {"label", "number"}; number null = taken off; perhaps "rollout"


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a label is now; `warnings` are what programs cannot be given since it went back."""

    label: Label
    warnings: Sequence[AppError] = ()


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

    async def move(
        self,
        prompt_id: UUID,
        name: str,
        number: int,
        wanted: Wanted | None = None,
        seen: UUID | None = None,
    ) -> Moved:
        """Put a label on a version for everybody, or, with `wanted`, for all but some.

        `seen` is the last move that the caller knows of. Raises `PromptNotFound`, `LabelRefused`,
        `LabelProtected`, `VersionNotFound`, `RolloutRefused`, `LabelMovedSince`, and a `Conflict`
        when programs could not be given what includes it, or what it includes: of a version that
        the label has been on that is a warning.
        """
        self._caller.require(Permission.LABELS_MOVE)
        policy.check_label(name)
        _, branch = await Prompts(self._tx, self._caller, self._announcer).locked(prompt_id)
        if seen is not None:
            await self._check_last(prompt_id, name, seen)
        version = await self._version(prompt_id, number)
        rollout, running = None, await self._running(prompt_id, name)
        if wanted is not None:
            await self._version(prompt_id, wanted.version)
            rollout = begun(number, wanted, running)
        is_back = gives_less(rollout, running) and await label_queries.has_been(
            self._tx, self._caller, prompt_id, name, number
        )
        await self.put(branch, version, [name], rollout, is_checked=not is_back)
        label = await label_queries.label(self._tx, self._caller, prompt_id, name)
        if label is None:
            raise LabelNotFound(f"{name} is on no version.")
        return Moved(label, await self._problems(prompt_id, name) if is_back else ())

    async def last_move(
        self, prompt_id: UUID, name: str, *, holds: bool = False
    ) -> LabelMove | None:
        """What brought a label to where it is; None when it is on no version.

        `holds` keeps others from moving it until the transaction ends. Raises `PromptNotFound`.
        """
        prompts = Prompts(self._tx, self._caller, self._announcer)
        await (prompts.locked(prompt_id) if holds else prompts.open(prompt_id))
        found = await label_queries.moves(self._tx, self._caller, prompt_id, name, 1)
        return found[0] if found and found[0].to_number is not None else None

    async def split(
        self, prompt_id: UUID, name: str, wanted: Wanted, seen: UUID | None = None
    ) -> Moved:
        """Give a candidate to some, and leave the label where it is. Raises what `move` does."""
        self._caller.require(Permission.LABELS_MOVE)
        await Prompts(self._tx, self._caller, self._announcer).locked(prompt_id)
        there = await label_queries.label(self._tx, self._caller, prompt_id, name)
        if there is None:
            raise LabelNotFound(f"{name} is on no version.")
        return await self.move(prompt_id, name, there.number, wanted, seen)

    async def remove(self, prompt_id: UUID, name: str, *, confirmed: bool = False) -> None:
        """Take a label off. Others may include the prompt by it: that has to be `confirmed`.

        Raises `PromptNotFound`, `LabelRefused`, `LabelProtected`, `LabelNotFound`, `Conflict`.
        """
        self._caller.require(Permission.LABELS_MOVE)
        policy.check_label(name)
        _, branch = await Prompts(self._tx, self._caller, self._announcer).locked(prompt_id)
        label = await label_queries.label(self._tx, self._caller, prompt_id, name)
        if label is None:
            raise LabelNotFound(f"{name} is on no version.")
        await self._check_roles([name])
        before = label.number, label.rollout
        async with self._tx.begin_nested():  # whoever catches the refusal commits nothing of it
            await label_queries.remove(self._tx, self._caller, prompt_id, name)
            await self._composition.removed(
                self._tx, self._caller, prompt_id, name, confirmed=confirmed
            )
        await self._moved(branch, name, before, (None, None))

    async def put(
        self,
        branch: Branch,
        version: Version,
        names: Sequence[str],
        rollout: Rollout | None = None,
        *,
        is_checked: bool = True,
    ) -> list[str]:
        """Put labels (checked names) on a version of a locked prompt; gives those that moved.

        What they gave to some before ends, unless `rollout` says how it goes on. Raises
        `LabelProtected`, `LabelRefused`, and, if that `is_checked`, what `move` says of programs.
        """
        prompt_id = branch.prompt_id
        there = await label_queries.named(self._tx, self._caller, prompt_id, names)
        now = {one.name: one for one in there}
        places: dict[str, Place] = {name: (one.number, one.rollout) for name, one in now.items()}
        after = version.number, rollout
        moved = [name for name in names if places.get(name) != after]
        await self._check_roles(moved)
        if is_checked:
            await self._check_room(prompt_id, len(set(moved) - now.keys()))
        made: dict[str, UUID] = {}
        for name in moved:
            label = now.get(name) or self._new(prompt_id, name)
            label.version_id, label.number, label.rollout = version.id, version.number, rollout
            label.moved_by, label.moved_at = self._caller.actor, clock.utc_now()
            self._tx.add(label)
            made[name] = await self._moved(branch, name, places.get(name, (None, None)), after)
        put = Put(version, made, rollout, is_checked)
        await self._composition.moved(self._tx, self._caller, put)
        return moved

    async def undo(self, prompt_id: UUID, name: str, move_id: UUID) -> Sequence[AppError]:
        """Put a label back to where it was before a move, if it has not moved since.

        Gives what programs cannot be given now: nothing of that keeps anybody from going back.
        Raises `PromptNotFound`, `LabelNotFound`, `LabelMovedSince`, `LabelProtected`.
        """
        self._caller.require(Permission.LABELS_MOVE)
        _, branch = await Prompts(self._tx, self._caller, self._announcer).locked(prompt_id)
        made = await label_queries.move(self._tx, self._caller, prompt_id, move_id)
        if made is None or made.label != name:
            raise LabelNotFound("There is no such move.")
        await self._check_last(prompt_id, name, made.id)
        if made.from_number is None:
            await self.remove(prompt_id, name, confirmed=True)
        else:
            # With the seed that it had: the same keys get the same as before.
            version = await self._version(prompt_id, made.from_number)
            await self.put(branch, version, [name], made.rollouts[0], is_checked=False)
        return await self._problems(prompt_id, name)

    async def _problems(self, prompt_id: UUID, name: str) -> Sequence[AppError]:
        return await self._composition.problems(self._tx, self._caller, prompt_id, name)

    async def _running(self, prompt_id: UUID, name: str) -> Rollout | None:
        there = await label_queries.label(self._tx, self._caller, prompt_id, name)
        return there.rollout if there else None

    async def _version(self, prompt_id: UUID, number: int) -> Version:
        found = await queries.numbered(self._tx, self._caller, prompt_id, number)
        if found is None:
            raise VersionNotFound(f"This prompt has no version {number}.")
        return found

    async def _check_last(self, prompt_id: UUID, name: str, seen: UUID) -> None:
        last = await label_queries.moves(self._tx, self._caller, prompt_id, name, 1)
        if not last or last[0].id != seen:
            raise LabelMovedSince(f"{name} is where somebody has put it since.")

    async def _check_roles(self, names: Sequence[str]) -> None:
        roles = await Workspaces(self._tx).label_roles(self._caller) if names else {}
        for name in names:
            if not policy.may_move(self._caller, name, roles):
                raise LabelProtected(f"{name} is {policy.protection(name, roles)}.")

    async def _check_room(self, prompt_id: UUID, new: int) -> None:
        """As many as are shown, and each is composed when it moves: others wait for that."""
        if not new:
            return
        count = await label_queries.count(self._tx, self._caller, prompt_id)
        if count + new > label_queries.MOST_LABELS:
            most = f"A prompt has at most {label_queries.MOST_LABELS} labels. Take some off."
            raise LabelRefused({"label": most})

    def _new(self, prompt_id: UUID, name: str) -> Label:
        return Label(prompt_id=prompt_id, name=name, workspace_id=self._caller.workspace_id)

    async def _moved(self, branch: Branch, name: str, before: Place, after: Place) -> UUID:
        rollouts = [one.kept() if one else None for one in (before[1], after[1])]
        made = LabelMove(
            id=new_id(),
            workspace_id=self._caller.workspace_id,
            prompt_id=branch.prompt_id,
            label=name,
            from_number=before[0],
            to_number=after[0],
            rollout_before=rollouts[0],
            rollout_after=rollouts[1],
            actor=self._caller.actor,
            moved_at=clock.utc_now(),
        )
        self._tx.add(made)
        await self._tx.flush()
        data: dict[str, Any] = {"label": name, "number": after[0]}
        if (now := after[1]) is not None:
            data["rollout"] = {"version": now.version, "percent": now.percent}
        after_commit(
            self._tx,
            lambda: self._announcer.announce(branch.id, LABEL_MOVED, data, self._caller),
        )
        return made.id
