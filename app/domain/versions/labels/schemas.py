"""What the API takes and says about labels."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from app.domain.prompts.people import Shown
from app.domain.prompts.shapes import ActorView, WarningView, warning_view
from app.domain.versions.labels.labels import Moved
from app.domain.versions.labels.rollouts import Wanted
from app.domain.versions.models import Label, LabelMove
from app.domain.versions.schemas import Number, author
from app.kit.rollouts import Rollout
from app.web.describing import LARGEST_INTEGER, noted


class RolloutInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What some get instead."""

    version: Annotated[int, noted("The candidate.", [7], minimum=1, maximum=LARGEST_INTEGER)]
    percent: Annotated[
        float,
        noted("Of sticky keys: 0.1 to 99.9 in tenths.", [10], minimum=0.1, maximum=99.9),
    ]


class LabelInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a label goes; without `rollout` for everybody."""

    version: Number
    rollout: RolloutInput | None = None

    @property
    def wanted(self) -> Wanted | None:
        return Wanted(self.rollout.version, self.rollout.percent) if self.rollout else None


class RolloutView(msgspec.Struct, frozen=True):
    """How a label splits."""

    version: Annotated[int, Meta(description="The candidate.", examples=[7])]
    percent: Annotated[float, Meta(description="Of sticky keys get it.", examples=[10])]
    seed: Annotated[
        str,
        Meta(description="Decides with a key who gets it.", examples=["9f2c61d07ab3e845"]),
    ]


class LabelView(msgspec.Struct, frozen=True):
    """Where a label is."""

    label: Annotated[str, Meta(examples=["production"])]
    version: Annotated[int, Meta(examples=[6])]
    moved_by: ActorView
    moved_at: datetime
    rollout: Annotated[RolloutView | None, Meta(description="null: everybody gets `version`.")] = (
        None
    )


_WARNINGS = "What programs cannot be given since it went back to where it was."


class MovedLabelView(LabelView, frozen=True):
    """Where a label is now."""

    warnings: Annotated[list[WarningView], Meta(description=_WARNINGS, examples=[[]])] = []


class LabelMoveView(msgspec.Struct, frozen=True):
    """One move in a label's history; null = it was on no version, or it did not split."""

    id: UUID
    from_version: int | None
    to_version: int | None
    moved_by: ActorView
    moved_at: datetime
    from_rollout: RolloutView | None = None
    to_rollout: RolloutView | None = None


class LabelHistory(msgspec.Struct, frozen=True):
    """Where a label has been, the latest move first; `next_cursor` is null on the last page."""

    items: list[LabelMoveView]
    next_cursor: str | None = None


class UndoneLabelView(LabelHistory, frozen=True):
    """Where a label has been, the undoing first, and what programs cannot be given since."""

    warnings: Annotated[list[WarningView], Meta(description=_WARNINGS, examples=[[]])] = []


def label_view(label: Label, people: dict[str, Shown]) -> LabelView:
    who = author(people, label.moved_by)
    return LabelView(label.name, label.number, who, label.moved_at, rollout_view(label.rollout))


def moved_view(moved: Moved, people: dict[str, Shown]) -> MovedLabelView:
    label = moved.label
    return MovedLabelView(
        label.name,
        label.number,
        author(people, label.moved_by),
        label.moved_at,
        rollout_view(label.rollout),
        [warning_view(one) for one in moved.warnings],
    )


def rollout_view(rollout: Rollout | None) -> RolloutView | None:
    return RolloutView(rollout.version, rollout.percent, rollout.seed) if rollout else None


def move_view(move: LabelMove, people: dict[str, Shown]) -> LabelMoveView:
    before, after = map(rollout_view, move.rollouts)
    who = author(people, move.actor)
    return LabelMoveView(
        move.id, move.from_number, move.to_number, who, move.moved_at, before, after
    )
