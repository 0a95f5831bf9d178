"""Whether stored documents are whole and can be loaded; runs in a helper process.

Separate from everything else so that the helper imports little, and a process of its own because
damaged bytes can crash the library that loads them.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.rooms.journal.compaction import StateDiffers, compact


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as its rows have it."""

    id: str
    state: bytes
    state_sha256: str
    text: str
    text_sha256: str
    upto_seq: int
    entries: list[tuple[int, int, bytes]]  # seq, checksum, update

    @property
    def size(self) -> int:
        """In bytes, about: rows have their own weight, and so has a document without any."""
        updates = sum(len(update) + 64 for _, _, update in self.entries)
        return len(self.state) + len(self.text) + updates + 1024


def damages(documents: Sequence[StoredDocument]) -> list[str]:
    """What is wrong, one sentence per damaged document."""
    return [
        f"document {document.id}: {damage}"
        for document in documents
        if (damage := _damage(document))
    ]


def _damage(document: StoredDocument) -> str:
    return _broken_sum(document) or _unloadable(document)


def _broken_sum(document: StoredDocument) -> str:
    if hashlib.sha256(document.state).hexdigest() != document.state_sha256:
        return "its snapshot does not fit its checksum"
    if hashlib.sha256(document.text.encode()).hexdigest() != document.text_sha256:
        return "its text does not fit its checksum"
    for expected, (seq, checksum, update) in enumerate(document.entries, document.upto_seq + 1):
        if seq != expected:
            return f"row {expected} of its journal is missing"
        if zlib.crc32(update) != checksum:
            return f"row {seq} of its journal does not fit its checksum"
    return ""


def _unloadable(document: StoredDocument) -> str:
    try:
        folded = compact(document.state, [])
        # SQLite kept a NUL in the text before the guard refused them.
        if document.text_sha256 not in (folded.text_sha256, folded.live_sha256):
            return "its snapshot gives another text than the one beside it"
        compact(document.state, [update for _, _, update in document.entries])
    except (KeyboardInterrupt, SystemExit):
        raise
    except StateDiffers:
        return "its history gives two different texts"
    except BaseException as error:  # noqa: BLE001  # the library's panics are no Exceptions
        return f"it cannot be loaded ({type(error).__name__})"
    return ""
