"""What the API takes and says about tags."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from app.domain.prompts.policy import TAG_LONGEST
from app.web.describing import noted


class TagView(msgspec.Struct, frozen=True):
    """A tag, and how many prompts have it, archived ones included."""

    name: Annotated[str, Meta(examples=["refunds"])]
    count: Annotated[int, Meta(examples=[12])]


class TagList(msgspec.Struct, frozen=True):
    """Tags by name; `next_cursor` is null on the last page."""

    items: list[TagView]
    next_cursor: str | None = None


class TagRename(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a tag is to be called."""

    name: Annotated[
        str,
        noted(
            "Lower case, without commas.",
            ["refunds"],
            pattern=r"^[^,]*[^,\s#][^,]*$",
            max_length=TAG_LONGEST,
        ),
    ]
    merge: Annotated[
        bool, Meta(description="Whether to go on when prompts have the new one already.")
    ] = False
