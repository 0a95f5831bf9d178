"""Writes the backup of one snapshot of a database."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection

from app.db.backup import manifest
from app.db.backup.container import ArchiveWriter
from app.db.backup.manifest import Manifest, TableSum
from app.db.backup.progress import Progress
from app.db.backup.rows import RowCodec, stored_rows
from app.db.backup.shape import TableShape


def dump(
    connection: Connection,
    revision: str,
    shapes: Sequence[TableShape],
    archive: ArchiveWriter,
    progress: Progress,
) -> Manifest:
    """All rows that `connection`'s transaction sees; what it sees must not move meanwhile."""
    head = manifest.encode(manifest.head_of(revision, connection.dialect.name, shapes))
    archive.add(manifest.HEAD, head)
    sums = {}
    for shape in shapes:
        sums[shape.name] = _Table(archive, shape, progress).write(connection)
    written = Manifest(head_sha256=hashlib.sha256(head).hexdigest(), tables=sums)
    archive.add(manifest.MANIFEST, manifest.encode(written))
    archive.close()
    return written


class _Table:
    """The members of one table."""

    def __init__(self, archive: ArchiveWriter, shape: TableShape, progress: Progress) -> None:
        self._archive = archive
        self._shape = shape
        self._progress = progress
        self._written = hashlib.sha256()
        self._chunk = bytearray()
        self._chunks = 0

    def write(self, connection: Connection) -> TableSum:
        codec, rows = RowCodec(self._shape), 0
        for row in stored_rows(connection, self._shape):
            line = codec.encode(row)
            if self._chunk and len(self._chunk) + len(line) > manifest.CHUNK_BYTES:
                self._flush(rows)
            self._chunk += line
            rows += 1
        self._flush(rows)
        return TableSum(rows=rows, sha256=self._written.hexdigest())

    def _flush(self, rows: int) -> None:
        if not self._chunk:
            return
        self._chunks += 1
        data = bytes(self._chunk)
        self._chunk.clear()
        self._written.update(data)
        self._archive.add(manifest.chunk_name(self._shape.name, self._chunks), data)
        self._progress(self._shape.name, rows)
