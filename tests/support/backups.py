"""Backups in memory, without commands and files around them."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Mapping
from typing import Any

import msgspec

from app.db.backup.container import ArchiveWriter
from app.db.backup.incoming import Incoming
from app.db.backup.manifest import HEAD, MANIFEST, Manifest
from app.db.backup.progress import silent
from app.db.backup.restore import restore
from app.db.backup.shape import shapes_at
from app.db.backup.snapshot import back_up
from app.db.engine import Database


async def backed_up(database: Database) -> bytes:
    """The bytes of a backup of `database`."""
    sink = io.BytesIO()
    await back_up(database, ArchiveWriter(sink), silent)
    return sink.getvalue()


async def restored(data: bytes, database: Database, *, keep_histories: bool = True) -> Manifest:
    """Restore and commit; raises what restoring raises."""
    incoming = Incoming(io.BytesIO(data))
    async with database.everywhere().transaction() as tx:
        connection = await tx.connection()
        await connection.run_sync(restore, incoming, silent, keep_histories=keep_histories)
    return incoming.manifest


def read_through(data: bytes) -> Manifest:
    """Everything in a backup, read and compared with its own sums."""
    incoming = Incoming(io.BytesIO(data))
    for _ in incoming.batches(shapes_at(incoming.head.revision)):
        pass
    return incoming.manifest


def members_of(data: bytes) -> dict[str, bytes]:
    """The members of a backup, as any tar gives them."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
        return {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]


def packed(members: Mapping[str, bytes]) -> bytes:
    """A file with these members, whatever they are."""
    sink = io.BytesIO()
    archive = ArchiveWriter(sink)
    for name, data in members.items():
        archive.add(name, data)
    archive.close()
    return sink.getvalue()


def forged(members: Mapping[str, bytes]) -> bytes:
    """The same with sums that fit, as somebody would make it who means harm."""
    head = members[HEAD]
    tables = {
        table: _sum([data for name, data in members.items() if name.startswith(f"{table}/")])
        for table in msgspec.json.decode(head)["tables"]
    }
    manifest = {"head_sha256": hashlib.sha256(head).hexdigest(), "tables": tables}
    return packed({**members, MANIFEST: msgspec.json.encode(manifest)})


def _sum(chunks: list[bytes]) -> dict[str, Any]:
    whole = b"".join(chunks)
    return {"rows": whole.count(b"\n"), "sha256": hashlib.sha256(whole).hexdigest()}
