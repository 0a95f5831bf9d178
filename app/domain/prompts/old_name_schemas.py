"""What the API says about the names that a prompt had before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from app.domain.prompts.models import OldName
from app.domain.prompts.people import Shown
from app.domain.prompts.shapes import ActorView


class OldNameView(msgspec.Struct, frozen=True):
    """A name that a prompt had before and still answers to."""

    name: Annotated[str, Meta(examples=["refund-bot"])]
    renamed_by: ActorView
    renamed_at: datetime


class OldNameList(msgspec.Struct, frozen=True):
    """A prompt's old names, the latest first; at most 100."""

    items: list[OldNameView]


def old_names_view(rows: Iterable[OldName], who: Mapping[str, Shown]) -> OldNameList:
    return OldNameList(
        [
            OldNameView(
                row.name, ActorView(row.renamed_by, who[row.renamed_by].name), row.renamed_at
            )
            for row in rows
        ]
    )
