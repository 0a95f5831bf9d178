"""What the API says about a prompt's activity."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from app.domain.activity.service import Event
from app.domain.prompts.people import Shown
from app.domain.prompts.shapes import ActorView


class ActivityView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened. What does not belong to its kind is left out."""

    id: UUID
    kind: Annotated[
        str,
        Meta(
            description="created, published, labelled, commented, replied, resolved, reopened, "
            "renamed, retitled, moved, archived or unarchived.",
            examples=["published"],
        ),
    ]
    at: datetime
    by: ActorView
    version: int | None = None
    message: str | None = None
    restored_from: int | None = None
    label: str | None = None
    from_version: int | None = None
    to_version: int | None = None
    before: str | None = None
    after: str | None = None
    thread: str | None = None
    comment: str | None = None


class ActivityList(msgspec.Struct, frozen=True):
    """Some of it, the latest first; `next_cursor` is null on the last page."""

    items: list[ActivityView]
    next_cursor: str | None


def view(event: Event, who: Shown) -> ActivityView:
    known = {name: event.detail.get(name) for name in _DETAILS}
    by = ActorView(who.id, who.name)
    return ActivityView(id=event.id, kind=event.kind, at=event.at, by=by, **known)


_DETAILS = set(ActivityView.__struct_fields__) - {"id", "kind", "at", "by"}
