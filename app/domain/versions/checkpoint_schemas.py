"""What the API says about checkpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from app.domain.prompts.people import Shown
from app.domain.prompts.shapes import MessageView, messages_view
from app.domain.versions.models import Checkpoint
from app.domain.versions.schemas import ContributorView


class CheckpointSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An automatic snapshot, without its text. `diff` and `blame` take its `id`."""

    id: UUID
    reason: Annotated[
        str, Meta(description="idle, active, leave or restore.", examples=["restore"])
    ]
    contributors: list[ContributorView]
    sha256: str
    created_at: datetime


class CheckpointView(CheckpointSummary, frozen=True, kw_only=True):
    """An automatic snapshot: it never changes, and may be thinned out when it is old."""

    text: str
    messages: list[MessageView]
    config: dict[str, Any]
    variables: list[Any]


class CheckpointList(msgspec.Struct, frozen=True):
    """Some checkpoints, the newest first; `next_cursor` is null on the last page."""

    items: list[CheckpointSummary]
    next_cursor: str | None


def checkpoint_summary(row: Checkpoint, people: dict[str, Shown]) -> CheckpointSummary:
    return CheckpointSummary(**_checkpoint(row, people))


def checkpoint_view(row: Checkpoint, people: dict[str, Shown]) -> CheckpointView:
    return CheckpointView(
        text=row.text,
        messages=messages_view(row.text),
        config=row.config,
        variables=row.variables,
        **_checkpoint(row, people),
    )


def _checkpoint(row: Checkpoint, people: dict[str, Shown]) -> dict[str, Any]:
    return {
        "id": row.id,
        "reason": row.reason,
        "contributors": [
            ContributorView(one["actor"], people[one["actor"]].name, one["units"])
            for one in row.contributors
        ],
        "sha256": row.content_sha256,
        "created_at": row.created_at,
    }
