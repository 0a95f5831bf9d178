"""What the API says about imports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.domain.exchange.imports.deciding import Item
from app.domain.exchange.missing import MOST_TOLD, Missing

MOST_ITEMS = 1000


class ItemView(msgspec.Struct, frozen=True):
    """What happened to one prompt, or would happen."""

    name: Annotated[str, Meta(examples=["support/refund-triage"])]
    action: Literal["create", "update", "unchanged", "skip"]
    file: Annotated[str, Meta(examples=["refund.prompty"])]


class MissingView(msgspec.Struct, frozen=True):
    """A reference that leads nowhere: fetching answers 409 until it does."""

    prompt: Annotated[str, Meta(examples=["support/refund-triage"])]
    version: Annotated[int | None, Meta(description="Null for the text that is being written.")]
    line: Annotated[int, Meta(description="Of that text, from 1.", examples=[3])]
    reference: Annotated[str, Meta(examples=["house/tone@eu"])]
    problem: Annotated[str, Meta(examples=["There is no prompt house/tone."])]


class ImportView(msgspec.Struct, frozen=True):
    """How many prompts an import made, changed and left alone; `items` are the first 1,000."""

    created: int
    updated: int
    unchanged: int
    skipped: int
    dry_run: bool
    items: list[ItemView]
    missing: Annotated[
        list[MissingView],
        Meta(
            description="What the prompts include and neither the file nor the workspace has; "
            "the first 200.",
            examples=[[]],
        ),
    ]


def view(items: Sequence[Item], missing: Sequence[Missing], *, is_rehearsal: bool) -> ImportView:
    found = Counter(one.action for one in items)
    return ImportView(
        created=found["create"],
        updated=found["update"],
        unchanged=found["unchanged"],
        skipped=found["skip"],
        dry_run=is_rehearsal,
        items=[ItemView(one.name, one.action, one.file) for one in items[:MOST_ITEMS]],
        missing=[
            MissingView(one.prompt, one.version, one.line, one.reference, one.problem)
            for one in missing[:MOST_TOLD]
        ],
    )
