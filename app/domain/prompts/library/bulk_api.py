"""One change to many prompts, for programs."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, post
from litestar.params import JSONBody
from msgspec import Meta

from app.domain.prompts.deps import DeskDep
from app.domain.prompts.library import bulk
from app.domain.prompts.library.bulk import Step
from app.domain.prompts.shapes import WarningView, warning_view

Action = Literal["tag", "untag", "move", "archive", "bring-back", "label", "take-back"]


class StepView(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be done to one prompt."""

    prompt_id: UUID
    do: Annotated[Action, Meta(examples=["tag"])]
    value: Annotated[
        str,
        Meta(
            description="The tag, the folder or the label; nothing for archiving.",
            examples=["refunds"],
        ),
    ] = ""


class BulkInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be done, in this order."""

    steps: Annotated[list[StepView], Meta(min_length=1, max_length=bulk.MOST)]


class BulkView(msgspec.Struct, frozen=True):
    """What has changed. Send `undo` as `steps` to take it back."""

    changed: Annotated[int, Meta(description="Steps that changed something.", examples=[12])]
    undo: list[StepView]
    warnings: Annotated[
        list[WarningView],
        Meta(description="What programs cannot be given since labels went back.", examples=[[]]),
    ]


class BulkApi(Controller):
    path = "/api/v1/prompts/bulk"
    tags = ["prompts"]

    @post("/", name="api:bulk", operation_id="changePrompts", status_code=200)
    async def change(self, desk: DeskDep, data: JSONBody[BulkInput]) -> BulkView:
        """Tag, move, archive or label many prompts, at most 200 at once.

        `label` puts a label on the newest version of each; `take-back`, which only `undo` has,
        undoes that and is never refused for what others include: `warnings` says what programs
        cannot be given since. Each step is done by itself: one that finds no prompt, or nothing to
        change, is left out of the answer, and doing it all again changes nothing. Needs the scope
        `write`.
        """
        steps = [Step(one.prompt_id, one.do, " ".join(one.value.split())) for one in data.steps]
        done = await bulk.do_all(desk, steps)
        return BulkView(
            len(done.undo),
            [
                StepView(one.prompt_id, one.action, one.value)  # type: ignore[arg-type]  # an Action
                for one in done.undo
            ],
            [warning_view(one) for one in done.warnings],
        )
