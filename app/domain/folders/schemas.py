"""What the API takes and says about folders."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from app.domain.folders.policy import Node
from app.domain.prompts.policy import FOLDER_LONGEST, FOLDER_PATTERN
from app.web.describing import noted

Path = Annotated[
    str,
    noted(
        "Names with slashes between them, each folder within the one before it.",
        ["Support/Refunds"],
        pattern=FOLDER_PATTERN,
        min_length=1,
        max_length=FOLDER_LONGEST,
    ),
]


class FolderInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A folder to make, or the path that one gets."""

    path: Path


class FolderView(msgspec.Struct, frozen=True):
    """A folder. Archived prompts are not counted."""

    path: Path
    name: Annotated[str, Meta(examples=["Refunds"])]
    count: Annotated[int, Meta(description="Prompts in the folder itself.", examples=[12])]
    total: Annotated[int, Meta(description="With the folders below it.", examples=[40])]


class FolderList(msgspec.Struct, frozen=True):
    """Each folder after the one that it lies in; `next_cursor` is null on the last page."""

    items: list[FolderView]
    next_cursor: str | None = None


class FolderMoved(msgspec.Struct, frozen=True):
    """Where a folder is now, and how many prompts moved with it, archived ones included."""

    path: Path
    count: Annotated[int, Meta(description="Prompts that moved with it.", examples=[40])]


def view(node: Node) -> FolderView:
    return FolderView(node.path, node.name, node.prompts, node.total)
