"""What a backup says about itself: the head before the rows, the manifest behind them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from app import __version__
from app.db.backup.errors import BackupTooNew, BackupUnreadable
from app.db.backup.shape import TableShape
from app.kit.clock import utc_now

FORMAT = 1
CHUNK_BYTES = 256 << 10  # of rows in a member, and so in memory, unless a single row is larger
HEAD = "promptroom-backup.json"
MANIFEST = "manifest.json"

_Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first member: enough to refuse a backup before reading the rest of it."""

    format: int
    promptroom: str  # the release that wrote it
    revision: str  # of the schema
    made_at: datetime
    source: str  # sqlite or postgresql; for people, it makes no difference
    tables: dict[str, dict[str, str]]  # in the order of foreign keys: column names and their kinds


class TableSum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a table's rows have to add up to."""

    rows: Annotated[int, msgspec.Meta(ge=0)]
    sha256: _Sha256  # of its members' bytes, one behind the other


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last member."""

    head_sha256: _Sha256
    tables: dict[str, TableSum]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


class _Probe(msgspec.Struct):
    """What the head of every format, also of later ones, has."""

    format: int
    promptroom: str


def head_of(revision: str, source: str, shapes: Sequence[TableShape]) -> Head:
    return Head(
        format=FORMAT,
        promptroom=__version__,
        revision=revision,
        made_at=utc_now(),
        source=source,
        tables={shape.name: dict(shape.kinds) for shape in shapes},
    )


def encode(part: Head | Manifest) -> bytes:
    """Indented, for people who look inside."""
    return msgspec.json.format(msgspec.json.encode(part), indent=1) + b"\n"


def read_head(data: bytes) -> Head:
    """Raises `BackupUnreadable`, `BackupTooNew`."""
    try:
        probe = msgspec.json.decode(data, type=_Probe)
        if probe.format > FORMAT:
            raise BackupTooNew(
                f"it was made by Promptroom {probe.promptroom}; this is {__version__}. Restore it "
                "with that release or a newer one"
            )
        return msgspec.json.decode(data, type=Head)
    except (msgspec.DecodeError, ValueError) as error:
        raise BackupUnreadable(f"{HEAD} cannot be read: {error}") from error


def read_manifest(data: bytes, head: bytes) -> Manifest:
    """Raises `BackupUnreadable`."""
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, ValueError) as error:
        raise BackupUnreadable(f"{MANIFEST} cannot be read: {error}") from error
    if manifest.head_sha256 != hashlib.sha256(head).hexdigest():
        raise BackupUnreadable(f"{HEAD} does not fit its checksum")
    return manifest


def chunk_name(table: str, number: int) -> str:
    """Of the member with a table's rows; several, so that none has to be held in memory whole."""
    return f"{table}/{number:06}.jsonl"
