"""Folding a snapshot and its journal into one state; runs in a helper process.

Separate from everything else so that the helper imports little and holds no connection.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pycrdt import Doc, Text


class StateDiffers(Exception):
    """The document's own encoding gives another text than the document."""


@dataclass(frozen=True, slots=True)
class Compacted:
    state: bytes
    text: str
    text_sha256: str


def compact(snapshot: bytes, updates: list[bytes]) -> Compacted:
    """The state and text of `snapshot` with `updates` applied in order, in a fresh document.

    Raises `StateDiffers`.
    """
    document: Doc[Text] = Doc()
    root = document.get("text", type=Text)
    with document.transaction():
        document.apply_update(snapshot)
        for update in updates:
            document.apply_update(update)
    # Out and in again once: what is stored is what a load will give, not what memory held.
    state = document.get_update()
    fresh: Doc[Text] = Doc()
    copy = fresh.get("text", type=Text)
    fresh.apply_update(state)
    text = str(copy)
    if text != str(root):
        raise StateDiffers
    return Compacted(state, text, hashlib.sha256(text.encode()).hexdigest())
