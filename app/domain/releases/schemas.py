"""What the API of releases gives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from app.domain.prompts.shapes import MessageView, messages_view
from app.domain.releases.composing import Composed, Piece
from app.domain.releases.sticky import Side
from app.kit.rollouts import BUCKETS


class IncludedView(msgspec.Struct, frozen=True):
    """Another prompt's version that was put in the place of a reference."""

    name: str
    version: int
    label: Annotated[str | None, Meta(description="It was found by; null for a number.")]


class SideView(msgspec.Struct, frozen=True):
    """A label that splits, and which of its two versions this answer has.

    Whoever knows it can tell without asking which side another key gets: docs/rollouts.md.
    """

    name: Annotated[str, Meta(description="Of the prompt.", examples=["support/refund-triage"])]
    label: Annotated[str, Meta(examples=["production"])]
    version: Annotated[int, Meta(description="The standing version.", examples=[6])]
    candidate: Annotated[int, Meta(description="The version that some get.", examples=[7])]
    percent: Annotated[float, Meta(description="Of sticky keys get it.", examples=[10])]
    seed: Annotated[str, Meta(examples=["9f2c61d07ab3e845"])]
    is_candidate: bool


class ReleaseView(msgspec.Struct, frozen=True, kw_only=True):
    """What a program runs: one version of a prompt, with what it includes."""

    id: Annotated[UUID, Meta(description="Of the prompt.")]
    name: Annotated[str, Meta(examples=["support/refund-triage"])]
    version: Annotated[int, Meta(examples=[6])]
    label: Annotated[str | None, Meta(description="The label asked for; null with `version=`.")]
    text: Annotated[str, Meta(description="With included prompts in the place of references.")]
    messages: list[MessageView]
    config: dict[str, Any]
    variables: Annotated[
        list[Any], Meta(description="The prompt's own, then those of included prompts.")
    ]
    published_at: datetime
    template_format: Annotated[
        str,
        Meta(
            description="mustache or jinja. In Jinja a role line may stand inside of a condition "
            "or loop: render `text`, and not each of `messages`.",
            examples=["mustache"],
        ),
    ] = "mustache"
    includes: list[IncludedView] = []
    renamed_from: Annotated[
        str | None,
        Meta(
            description="The old name asked for; null when it is the present one.",
            examples=["refund-bot"],
        ),
    ] = None
    rollouts: Annotated[
        list[SideView],
        Meta(
            description="Labels that split on the way to this answer: the one asked for, then "
            "those of included prompts. Empty: everybody gets this."
        ),
    ] = []


class FailedView(msgspec.Struct, frozen=True):
    """A prompt that has the label and still cannot be fetched, and why."""

    name: str
    code: Annotated[str, Meta(examples=["reference_unresolved"])]
    detail: str


class BundleView(msgspec.Struct, frozen=True):
    """Released prompts in the order of their names."""

    label: str
    items: list[ReleaseView]
    failed: list[FailedView]
    next_cursor: str | None


class RenderInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to fill in."""

    variables: Annotated[
        dict[str, Any], Meta(examples=[{"shop": "Larkspur", "order": {"id": 7}}])
    ] = {}


class RenderedMessage(msgspec.Struct, frozen=True):
    """A message as a model is sent it."""

    role: Annotated[
        Literal["system", "user", "assistant", "history"],
        Meta(description="history marks where your own messages go."),
    ]
    content: str


class RenderedView(msgspec.Struct, frozen=True):
    """A released version with its variables filled in."""

    id: UUID
    name: str
    version: int
    label: str | None
    messages: list[RenderedMessage]
    config: dict[str, Any]
    rollouts: list[SideView] = []


class ChangedRollout(msgspec.Struct, frozen=True):
    """How a label splits since a change."""

    version: Annotated[int, Meta(description="The candidate.")]
    percent: float


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """The data of a `change` event."""

    seq: int
    kind: Annotated[
        Literal[
            "label.moved",
            "label.removed",
            "version.published",
            "prompt.renamed",
            "prompt.deleted",
            "name.released",
        ],
        Meta(examples=["label.moved"]),
    ]
    id: Annotated[UUID, Meta(description="Of the prompt.")]
    name: Annotated[str, Meta(description="Of the prompt, after the change.")]
    label: str | None
    version: int | None
    old_name: str | None
    at: datetime
    rollout: Annotated[
        ChangedRollout | None, Meta(description="null: the label does not split.")
    ] = None


class ChangeList(msgspec.Struct, frozen=True):
    """What a stream would tell, for who asks now and then."""

    items: list[ChangeView]
    is_complete: Annotated[bool, Meta(description="false: too long ago, fetch everything anew.")]
    last_event_id: Annotated[str, Meta(description="Send it back as `Last-Event-ID`.")]


def release_view(
    row: Any,
    root: Piece,
    label: str | None,
    made: Composed,
    old_name: str | None,
    sides: Sequence[Side],
) -> ReleaseView:
    """`row` is what `queries.texts` gives."""
    return ReleaseView(
        id=root.prompt_id,
        name=root.name,
        version=root.number,
        label=label,
        text=made.text,
        messages=messages_view(made.text),
        config=row.config,
        variables=made.variables,
        published_at=row.created_at,
        template_format=row.template_format,
        includes=[IncludedView(one.name, one.number, one.label) for one in made.includes],
        renamed_from=old_name,
        rollouts=[_side_view(one) for one in sides],
    )


def _side_view(side: Side) -> SideView:
    rollout = side.rollout
    return SideView(
        side.name,
        side.label,
        side.standing,
        rollout.version,
        rollout.percent,
        rollout.seed,
        side.is_candidate,
    )


def change_view(change: Any) -> ChangeView:
    return ChangeView(
        seq=change.seq,
        kind=change.kind,
        id=change.prompt_id,
        name=change.name,
        label=change.label,
        version=change.number,
        old_name=change.old_name,
        at=change.at,
        rollout=None
        if change.candidate is None
        else ChangedRollout(change.candidate, change.share * 100 / BUCKETS),
    )
