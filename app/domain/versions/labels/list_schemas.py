"""What the API takes and says about labels beyond a single move."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from app.domain.versions.labels.schemas import LabelView
from app.domain.versions.models import LabelMove
from app.web.conditional import tag_of


class LabelList(msgspec.Struct, frozen=True):
    """Where a prompt's labels are, by name; `latest` moves by itself and is not among them."""

    items: list[LabelView]


class UndoInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which move to take back."""

    move: Annotated[UUID, Meta(description="The `id` of a move in the label's history.")]


class ProtectionView(msgspec.Struct, frozen=True):
    """A label that only some may move."""

    label: Annotated[str, Meta(examples=["production"])]
    role: Annotated[
        Literal["reviewer", "admin", "owner"],
        Meta(description="The weakest role that may move it.", examples=["reviewer"]),
    ]


class ProtectionList(msgspec.Struct, frozen=True):
    """Protected labels of the workspace, by name; `next_cursor` is null on the last page."""

    items: list[ProtectionView]
    next_cursor: str | None = None


class ProtectionInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may move a label: people with this role or a more powerful one."""

    role: Annotated[Literal["reviewer", "admin", "owner"], Meta(examples=["reviewer"])]


def mark_of(move: LabelMove | None) -> str | None:
    """The ETag of a label: which move brought it to where it is; None = it is on no version."""
    return tag_of(move.id) if move is not None and move.to_number is not None else None
