"""One change to many prompts: each in a transaction of its own, so that nobody waits for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from app.access.permissions import Permission
from app.domain.prompts import policy
from app.domain.prompts.deps import Desk
from app.domain.prompts.errors import PromptInvalid, PromptNotFound
from app.domain.prompts.service import Details, Opened
from app.errors import AppError

MOST = 200  # prompts at once; a page of the list has fifty

TAG, UNTAG, MOVE, ARCHIVE, BRING_BACK = "tag", "untag", "move", "archive", "bring-back"
LABEL, TAKE_BACK = "label", "take-back"
ACTIONS = (TAG, UNTAG, MOVE, ARCHIVE, BRING_BACK, LABEL, TAKE_BACK)
_BACKWARDS = {TAG: UNTAG, UNTAG: TAG, ARCHIVE: BRING_BACK, BRING_BACK: ARCHIVE, MOVE: MOVE}


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done to one prompt; `value` is a tag, a folder, a label, or a label's move."""

    prompt_id: UUID
    action: str
    value: str


@dataclass(frozen=True, slots=True)
class Done:
    """The steps that undo what has changed, and what programs cannot be given by it."""

    undo: list[Step] = field(default_factory=list)
    warnings: list[AppError] = field(default_factory=list)


async def do_all(desk: Desk, steps: Sequence[Step]) -> Done:
    """Do it.

    Raises `PromptInvalid`, what moving a label raises, and `PromptNotFound` when none of them is
    there: one that somebody took away meanwhile does not keep the others from being done.
    """
    desk.caller.require(Permission.PROMPTS_WRITE)
    for step in steps:
        _check(step)
    done, found = Done(), 0
    for step in steps[:MOST]:
        try:
            await _do(desk, step, done)
        except PromptNotFound:
            continue
        found += 1
    if not found:
        raise PromptNotFound("Choose prompts first. These may have been taken away.")
    return done


def _check(step: Step) -> None:
    if step.action not in ACTIONS:
        raise PromptInvalid({"do": "Choose what to do with them."})
    if step.action in (TAG, UNTAG):
        problem = policy.tags_problem([step.value]) if step.value else "Enter a tag."
        if problem:
            raise PromptInvalid({"value": problem})
    if step.action == LABEL and not step.value:
        raise PromptInvalid({"value": "Enter a label."})
    if step.action == MOVE and (problem := policy.folder_problem(step.value)):
        raise PromptInvalid({"value": problem})


async def _do(desk: Desk, step: Step, done: Done) -> None:
    if step.action in (LABEL, TAKE_BACK):
        return await _label(desk, step, done)
    async with desk.database.transaction() as tx:
        prompts = desk.prompts(tx)
        await prompts.locked(step.prompt_id)  # tags are read and written as a whole
        before = await prompts.open(step.prompt_id)
        was = before.prompt.folder if step.action == MOVE else step.value
        changed = await prompts.change(step.prompt_id, _details(step, before))
    if changed:
        done.undo.append(Step(step.prompt_id, _BACKWARDS[step.action], was))
    return None


async def _label(desk: Desk, step: Step, done: Done) -> None:
    """On the newest version of each; a prompt that has none is left as it is."""
    label, releases = step.value, desk.releases
    async with desk.database.transaction() as tx:
        given = tx, desk.caller, desk.rooms, step.prompt_id, step.value
        if step.action == TAKE_BACK:
            warnings = await releases.take_back(*given)
            undo = step if warnings is not None else None
        else:
            move_id = await releases.label_newest(*given)
            undo = Step(step.prompt_id, TAKE_BACK, f"{label} {move_id}") if move_id else None
            warnings = ()
    # Once it is committed: what was refused has changed nothing.
    done.undo.extend([undo] if undo else [])
    done.warnings.extend(warnings or ())


def _details(step: Step, before: Opened) -> Details:
    tag = "".join(policy.normal_tags([step.value])) if step.action in (TAG, UNTAG) else ""
    if step.action == TAG:
        return Details(tags=(*before.tags, tag))
    if step.action == UNTAG:
        return Details(tags=tuple(one for one in before.tags if one != tag))
    if step.action == MOVE:
        return Details(folder=step.value)
    return Details(archived=step.action == ARCHIVE)
