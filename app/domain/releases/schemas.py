"""What the API of releases gives."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from app.domain.prompts.shapes import MessageView, messages_view
from app.domain.releases.composing import Composed, Piece


class IncludedView(msgspec.Struct, frozen=True):
    """Another prompt's version that was put in the place of a reference."""

    name: str
    version: int
    label: Annotated[str | None, Meta(description="It was found by; null for a number.")]


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


class ChangeList(msgspec.Struct, frozen=True):
    """What a stream would tell, for who asks now and then."""

    items: list[ChangeView]
    is_complete: Annotated[bool, Meta(description="false: too long ago, fetch everything anew.")]
    last_event_id: Annotated[str, Meta(description="Send it back as `Last-Event-ID`.")]


def release_view(
    row: Any, root: Piece, label: str | None, made: Composed, old_name: str | None
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
    )
