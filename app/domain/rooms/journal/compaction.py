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
    text: str  # fit to be stored
    text_sha256: str
    live_sha256: str  # of the text as the document has it


def storable(text: str) -> str:
    """A document's text as a text column takes it: without NUL, which PostgreSQL has no place for.

    The guard refuses new ones, but a log may hold one from before it did. Such a document keeps
    it, since every client's copy has it, too; what is stored beside its state goes without, on both
    databases alike.
    """
    return text.replace("\0", "")


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
    stored = storable(text)
    return Compacted(state, stored, _sha256(stored), _sha256(text))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
