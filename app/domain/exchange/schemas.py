"""What the API says about imports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.domain.exchange.imports.deciding import Item

MOST_ITEMS = 1000


class ItemView(msgspec.Struct, frozen=True):
    """What happened to one prompt, or would happen."""

    name: Annotated[str, Meta(examples=["support/refund-triage"])]
    action: Literal["create", "update", "unchanged", "skip"]
    file: Annotated[str, Meta(examples=["refund.prompty"])]


class ImportView(msgspec.Struct, frozen=True):
    """How many prompts an import made, changed and left alone; `items` are the first 1,000."""

    created: int
    updated: int
    unchanged: int
    skipped: int
    dry_run: bool
    items: list[ItemView]


def view(items: Sequence[Item], *, is_rehearsal: bool) -> ImportView:
    found = Counter(one.action for one in items)
    return ImportView(
        created=found["create"],
        updated=found["update"],
        unchanged=found["unchanged"],
        skipped=found["skip"],
        dry_run=is_rehearsal,
        items=[ItemView(one.name, one.action, one.file) for one in items[:MOST_ITEMS]],
    )
