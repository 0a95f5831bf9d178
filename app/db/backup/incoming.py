"""A backup as it is read: head, rows in batches, and every sum compared at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from app.db.backup import manifest
from app.db.backup.container import ArchiveReader, Source
from app.db.backup.errors import BackupUnreadable
from app.db.backup.manifest import Manifest
from app.db.backup.rows import Row, RowCodec
from app.db.backup.shape import TableShape

Batch = tuple[TableShape, str, list[Row]]  # table, the member's name, its rows


class Incoming:
    """Reads `source` once, from its start to its end. Raises `BackupUnreadable`, `BackupTooNew`."""

    manifest: Manifest  # known, and found true, once all batches were taken

    def __init__(self, source: Source) -> None:
        self._members = ArchiveReader(source).members()
        name, self._head = self._next()
        if name != manifest.HEAD:
            raise BackupUnreadable(f"it begins with {name!r} and not with {manifest.HEAD}")
        self.head = manifest.read_head(self._head)

    def batches(self, shapes: Sequence[TableShape]) -> Iterator[Batch]:
        """All rows. They are not to be trusted before the last batch was taken."""
        self._check_tables(shapes)
        name, data = self._next()
        found: dict[str, tuple[int, str]] = {}
        for shape in shapes:
            codec, seen, rows, number = RowCodec(shape), hashlib.sha256(), 0, 1
            while name == manifest.chunk_name(shape.name, number):
                if len(data) > manifest.CHUNK_BYTES and data.count(b"\n") > 1:
                    raise BackupUnreadable(f"{name} is larger than a member with several rows")
                batch = codec.decode(data, name)
                yield shape, name, batch
                seen.update(data)
                rows += len(batch)
                number += 1
                name, data = self._next()
            found[shape.name] = rows, seen.hexdigest()
        if name != manifest.MANIFEST:
            raise BackupUnreadable(f"{name!r} stands where it does not belong")
        self.manifest = self._compared(manifest.read_manifest(data, self._head), found)
        for name, _ in self._members:
            raise BackupUnreadable(f"{name!r} stands behind the end")

    def _next(self) -> tuple[str, bytes]:
        for member in self._members:
            return member
        raise BackupUnreadable("its manifest is missing")

    def _check_tables(self, shapes: Sequence[TableShape]) -> None:
        expected = {shape.name: [*shape.kinds.items()] for shape in shapes}
        for table, kinds in self.head.tables.items():
            columns = [*kinds.items()]
            if table not in expected:
                raise BackupUnreadable(f"it has a table {table!r}, which its schema has not")
            if columns != expected[table]:
                odd = [*sorted({*columns} ^ {*expected[table]}), ("their", "order")]
                raise BackupUnreadable(
                    f"{table} has other columns than its schema: {' '.join(odd[0])}"
                )
        if [*self.head.tables] != [*expected]:
            missing = [name for name in expected if name not in self.head.tables]
            what = f"table {missing[0]!r} is missing" if missing else "its tables are out of order"
            raise BackupUnreadable(what)

    @staticmethod
    def _compared(said: Manifest, found: dict[str, tuple[int, str]]) -> Manifest:
        if said.tables.keys() != found.keys():
            raise BackupUnreadable(f"{manifest.MANIFEST} lists other tables than there are")
        for table, (rows, sha256) in found.items():
            expected = said.tables[table]
            if rows != expected.rows:
                raise BackupUnreadable(f"{table} has {rows:,} rows of {expected.rows:,}")
            if sha256 != expected.sha256:
                raise BackupUnreadable(f"{table} does not fit its checksum")
        return said
