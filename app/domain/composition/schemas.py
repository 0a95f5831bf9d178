"""What the API says about prompts that include each other."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from app.domain.composition.policy import Dependant, Outdated, Use
from app.domain.composition.renaming import AT_ONCE, Rewritten


class UseView(msgspec.Struct, frozen=True):
    """A reference, as it is written, in one version or in the live text."""

    name: Annotated[
        str,
        Meta(description="Of this prompt, or one it had before.", examples=["house/tone"]),
    ]
    label: Annotated[
        str | None,
        Meta(description="Null where none is written: it is the label asked for, or production."),
    ]
    version: Annotated[int | None, Meta(description="It stands in; null for the live text.")]
    labels: Annotated[
        list[str],
        Meta(description="On that version, `latest` among them.", examples=[["production"]]),
    ]
    candidate_of: Annotated[
        list[str],
        Meta(description="Labels whose rollout gives that version to some.", examples=[[]]),
    ]


class DependantView(msgspec.Struct, frozen=True):
    """A prompt that includes this one."""

    id: UUID
    name: Annotated[str, Meta(examples=["support/refund-triage"])]
    title: str
    archived: bool
    uses: list[UseView]


class DependantList(msgspec.Struct, frozen=True):
    """In the order of their names; `next_cursor` is null on the last page."""

    items: list[DependantView]
    next_cursor: str | None


class OutdatedView(msgspec.Struct, frozen=True):
    """A prompt whose live text has an old name of this one."""

    id: UUID
    name: Annotated[str, Meta(examples=["support/refund-triage"])]
    title: str
    written: Annotated[
        list[str], Meta(description="The old names that stand there.", examples=[["house/voice"]])
    ]


class OutdatedList(msgspec.Struct, frozen=True):
    """In the order of their names; `next_cursor` is null on the last page."""

    items: list[OutdatedView]
    next_cursor: str | None


class RenameInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In whose texts the present name shall stand."""

    prompt_ids: Annotated[
        list[UUID], Meta(min_length=1, max_length=AT_ONCE, description="As they are listed.")
    ]


class LeftView(msgspec.Struct, frozen=True):
    """A text that could not be edited, and why."""

    prompt_id: UUID
    code: Annotated[str, Meta(examples=["prompt_not_found"])]
    detail: str


class RenamedView(msgspec.Struct, frozen=True):
    """Whose texts were edited; in those that are in neither list there was nothing to do."""

    changed: list[UUID]
    left: list[LeftView]


def outdated_view(one: Outdated) -> OutdatedView:
    return OutdatedView(one.id, one.name, one.title, one.written)


def renamed_view(done: Rewritten) -> RenamedView:
    return RenamedView(
        done.changed,
        [LeftView(one.prompt_id, one.error.code, one.error.detail) for one in done.left],
    )


def dependant_view(one: Dependant) -> DependantView:
    return DependantView(
        one.id, one.name, one.title, one.archived_at is not None, list(map(_use, one.uses))
    )


def _use(one: Use) -> UseView:
    return UseView(
        one.name, one.label or None, one.number or None, list(one.labels), list(one.candidate_of)
    )
