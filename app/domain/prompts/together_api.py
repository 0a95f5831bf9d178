"""A text and other changes of a prompt in one conditional call: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from msgspec import UNSET

from app.domain.prompts.conditional_api import Expected
from app.domain.prompts.errors import BaseGone
from app.domain.prompts.message_edits import merged_text
from app.domain.prompts.schemas import PromptPatch, details, variables_from
from app.domain.prompts.service import Prompts
from app.domain.rooms.room.document import Plan
from app.kit.edits import Edit, applied


class _Rehearsed(Exception):
    """Ends a transaction that was only to show what would be refused."""


async def change_rest(prompts: Prompts, prompt_id: UUID, data: PromptPatch) -> None:
    """All but the text."""
    await prompts.change(prompt_id, details(data))
    if data.config is not UNSET:
        await prompts.set_config(prompt_id, data.config)
    if data.variables is not UNSET:
        await prompts.replace_variables(prompt_id, variables_from(data.variables))
    if data.template_format is not UNSET:
        await prompts.set_template_format(prompt_id, data.template_format)


async def change_together(condition: Expected, data: PromptPatch, plan: Plan) -> None:
    """The text as `plan` has it, and the rest of `data`.

    A room and the database share no transaction. So what the database would refuse is found out
    first, then comes the text, where others may be in the way, then the rest; and if somebody was
    in the way of that within these milliseconds, the text is put back. Raises what either raises,
    `PreconditionFailed` and `BaseGone` among it: nothing is left of the call then.
    """
    desk, prompt_id = condition.desk, condition.prompt_id
    with suppress(_Rehearsed):
        async with desk.database.transaction() as tx:
            await condition.check(tx)
            await change_rest(desk.prompts(tx), prompt_id, data)
            await tx.flush()
            raise _Rehearsed
    async with desk.database.transaction() as tx:
        await condition.check(tx)
        prompts = desk.prompts(tx)
        await prompts.claim_text(prompt_id)
        room_id = (await prompts.open(prompt_id)).branch.id
        claimed = await condition.now(tx)
    edit = _Revision(plan)
    await desk.rooms.revise(room_id, edit.plan, desk.caller.actor)
    try:
        async with desk.database.transaction() as tx:
            await claimed.check(tx)
            await change_rest(desk.prompts(tx), prompt_id, data)
    except Exception:  # whatever it was, and told as that
        with suppress(BaseGone):  # somebody has gone on from it: then it is theirs
            await desk.rooms.revise(room_id, edit.undone, desk.caller.actor)
        raise


class _Revision:
    """An edit of a live text that can be taken back without touching what others write."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._before = self._after = ""

    def plan(self, live: str) -> Sequence[Edit]:
        edits = self._plan(live)
        self._before, self._after = live, applied(live, edits)
        return edits

    def undone(self, live: str) -> Sequence[Edit]:
        """Raises `BaseGone`."""
        return merged_text(live, self._after, self._before)
