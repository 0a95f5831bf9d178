"""The outer form of a backup: a gzipped tar of plain members, written and read as a stream.

Any `tar` unpacks it. The reader takes only what the writer would have written, byte by byte, so a
file holds nothing that is not checked, and no name in it is ever used as a path.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator
from typing import Protocol

from app.db.backup.errors import BackupFailed, BackupUnreadable

MEMBER_BYTES = 128 << 20  # four times what the largest document can become as a row
_BLOCK = 512
_END = bytes(2 * _BLOCK)
_GZIP = 31  # zlib's name for its window in a gzip frame
_LEVEL = 3  # of a 1 GB database 378 MB in 40 s; 6 takes 54 s for 353 MB
_READ_BYTES = 256 << 10


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object: ...


class Source(Protocol):
    """Where bytes come from; `read` gives none at the end."""

    def read(self, size: int, /) -> bytes: ...


class ArchiveWriter:
    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self.size = 0  # of what has been written so far

    def add(self, name: str, data: bytes) -> None:
        if len(data) > MEMBER_BYTES:
            raise BackupFailed(f"A row for {name} has {len(data):,} bytes; {MEMBER_BYTES:,} fit.")
        self._write(_head(name, len(data)))
        self._write(data)
        self._write(bytes(-len(data) % _BLOCK))

    def close(self) -> None:
        self._write(_END)
        self._put(self._packer.flush())

    def _write(self, data: bytes) -> None:
        self._put(self._packer.compress(data))

    def _put(self, packed: bytes) -> None:
        if packed:
            self._sink.write(packed)
            self.size += len(packed)


class ArchiveReader:
    """Members one after the other. Everything that is wrong raises `BackupUnreadable`."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._unpacker = zlib.decompressobj(_GZIP)
        self._unpacked = bytearray()
        self._position = 0  # in the unpacked stream, for messages

    def members(self) -> Iterator[tuple[str, bytes]]:
        """Name and content of each. The last one is not given before the file's end was seen."""
        held: tuple[str, bytes] | None = None
        while (block := self._take(_BLOCK)) != _END[:_BLOCK]:
            name, size = self._parse(block)
            if held is not None:
                yield held
            data = self._take(size)
            if any(self._take(-size % _BLOCK)):
                raise self._damaged(f"there are bytes behind the end of {name}")
            held = name, data
        if any(self._take(_BLOCK)):
            raise self._damaged("half of its end is missing")
        self._finish()
        if held is not None:
            yield held

    def _parse(self, block: bytes) -> tuple[str, int]:
        try:
            info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
            is_ours = _head(info.name, info.size) == block
        except (tarfile.TarError, ValueError) as error:
            raise self._damaged("a member's head cannot be read") from error
        if not is_ours or info.size > MEMBER_BYTES:
            raise self._damaged("a member's head is not one that a backup has")
        return info.name, info.size

    def _take(self, size: int) -> bytes:
        while len(self._unpacked) < size:
            if not self._more():
                raise self._damaged("it ends in the middle")
        taken = bytes(self._unpacked[:size])
        del self._unpacked[:size]
        self._position += size
        return taken

    def _more(self) -> bool:
        """Unpack a little more, never much at once however well it is packed; False at the end."""
        if self._unpacker.eof:
            return False
        packed = self._unpacker.unconsumed_tail or self._source.read(_READ_BYTES)
        try:
            unpacked = self._unpacker.decompress(packed, _READ_BYTES)
        except zlib.error as error:
            raise self._damaged("its bytes were changed or were never a backup") from error
        self._unpacked += unpacked
        # At the end of the source there may still be output that did not fit.
        return bool(packed or unpacked)

    def _finish(self) -> None:
        """The frame's own checksum stands at its end, and there is nothing behind it."""
        while self._more():
            pass
        if not self._unpacker.eof:
            raise self._damaged("it ends in the middle")
        if self._unpacked or self._unpacker.unused_data or self._source.read(1):
            raise self._damaged("there are bytes behind its end")

    def _damaged(self, what: str) -> BackupUnreadable:
        return BackupUnreadable(f"{what}, {self._position:,} bytes into its content")


def _head(name: str, size: int) -> bytes:
    """The block before a member: it depends on nothing else, so backups of equal data are equal."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")
