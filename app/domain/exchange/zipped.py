"""ZIP files: an archive written as a stream, the same bytes each time; all read with suspicion."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, NoReturn
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from app.domain.exchange import archive
from app.domain.exchange.errors import FileInvalid

LINE_BYTES = 16 * 1024 * 1024  # a 2 MiB text, every character of it an escape
PROMPT_BYTES = 1024 * 1024 * 1024  # all versions of one prompt; they are read line by line
ALL_BYTES = 64 * 1024 * 1024 * 1024  # of everything in an archive, unpacked
MOST_FILES = 200_000  # half a kilobyte of memory for each
LIST_BYTES = 16 * 1024 * 1024  # of the list of files, which is read before they can be counted
RATIO = 1_000  # times smaller: nothing but zeros is packed like that, and those are no JSON
_FROM = 10 * 1024 * 1024  # bytes from which the ratio says something
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a ZIP can name
MAGIC = b"PK\x03\x04"


class Sink(io.RawIOBase):
    """Where a ZIP is written to; gives away what has come. It cannot be sought in."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        return self._at

    def write(self, data: object) -> int:
        taken = bytes(data)  # type: ignore[call-overload]  # a buffer, which ZipFile uses again
        self._parts.append(taken)
        self._at += len(taken)
        return len(taken)

    def taken(self) -> bytes:
        found, self._parts = b"".join(self._parts), []
        return found


class Writer:
    """Puts files into a ZIP, one after the other."""

    def __init__(self) -> None:
        self.sink = Sink()
        self._zip = ZipFile(self.sink, "w", ZIP_DEFLATED)

    def add(self, path: str, lines: Iterable[bytes]) -> bytes:
        """Write a file; what there is of the ZIP since the last one."""
        info = ZipInfo(path, _EPOCH)
        info.compress_type = ZIP_DEFLATED
        info.external_attr = (stat.S_IFREG | 0o644) << 16
        info.create_system = 3  # Unix, wherever it is written
        with self._zip.open(info, "w", force_zip64=True) as file:
            for one in lines:
                file.write(one)
        return self.sink.taken()

    def close(self) -> bytes:
        self._zip.close()
        return self.sink.taken()


class _Bounded:
    """A file of which nobody reads very much at once: a ZIP says itself how long its list is."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > LIST_BYTES:
            raise BadZipFile(f"its list of files is longer than {LIST_BYTES:,} bytes")
        return self._file.read(size)


class Zip:
    """A ZIP file whose list of files has been checked. Raises `FileInvalid`."""

    def __init__(self, file: IO[bytes] | ZipFile, name: str) -> None:
        self._name = name
        self._zip = file if isinstance(file, ZipFile) else opened(file, name)
        self.found = self._zip.infolist()
        self._check()

    def lines(self, path: str) -> Iterator[bytes]:
        """The lines of a file, none of them longer than a prompt can need."""
        with self._reading(path) as file:
            while line := file.readline(LINE_BYTES + 1):
                if len(line) > LINE_BYTES:
                    raise FileInvalid("A line is longer than a prompt can be.", path)
                yield line

    def beginning(self, path: str, most: int) -> bytes:
        """At most so many bytes of a file."""
        with self._reading(path) as file:
            return file.read(most)

    @contextmanager
    def _reading(self, path: str) -> Iterator[IO[bytes]]:
        try:
            with self._zip.open(path) as file:
                yield file
        except (BadZipFile, OSError, EOFError, RuntimeError, ValueError) as error:
            raise FileInvalid(f"This file is damaged: {error}.", path) from error
        except Exception as error:
            if type(error).__module__ != "zlib":
                raise
            raise FileInvalid("This file is damaged: it cannot be unpacked.", path) from error

    def _check(self) -> None:
        if len(self.found) > MOST_FILES:
            self._refuse(f"An archive has at most {MOST_FILES:,} files.")
        if len({one.filename for one in self.found}) < len(self.found):
            self._refuse("Two files in it have one name.")
        if sum(one.file_size for one in self.found) > ALL_BYTES:
            self._refuse(f"Unpacked it is larger than {ALL_BYTES:,} bytes.")
        for one in self.found:
            if problem := self._problem(one):
                self._refuse(f"{one.filename!r} {problem}.")

    def _problem(self, info: ZipInfo) -> str:
        """What is wrong with a file of the list; nothing is ever unpacked to a disk."""
        path = info.filename
        parts = path.removesuffix("/").split("/")
        if "\\" in path or not path.isprintable() or {"", ".", ".."} & set(parts):
            return "does not belong into an archive"
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFDIR if info.is_dir() else stat.S_IFREG):
            return "is no plain file"
        if info.flag_bits & 1:
            return "is encrypted"
        if info.file_size > PROMPT_BYTES:
            return "is larger than a prompt can be"
        if info.file_size > _FROM and info.file_size > RATIO * max(info.compress_size, 1):
            return "is packed like a bomb"
        return ""

    def _refuse(self, problem: str) -> NoReturn:
        raise FileInvalid(problem, self._name)


class Reader(Zip):
    """An archive of Promptroom. Raises `FileInvalid`."""

    def __init__(self, file: IO[bytes] | ZipFile, name: str) -> None:
        super().__init__(file, name)
        self.paths = sorted(one.filename for one in self.found if one.filename != archive.MANIFEST)
        manifest = self.beginning(archive.MANIFEST, LINE_BYTES + 1)
        if len(manifest) > LINE_BYTES:
            self._refuse(f"{archive.MANIFEST} is longer than a list of folders can be.")
        self.manifest = archive.read_manifest(manifest)

    def __len__(self) -> int:
        return len(self.paths)

    def _check(self) -> None:
        if all(one.filename != archive.MANIFEST for one in self.found):
            self._refuse(f"This is no archive of Promptroom: it has no {archive.MANIFEST}.")
        super()._check()

    def _problem(self, info: ZipInfo) -> str:
        path = info.filename
        is_prompt = path.startswith(archive.FOLDER) and path.endswith(archive.SUFFIX)
        if path != archive.MANIFEST and not is_prompt:
            return "does not belong into an archive"
        return super()._problem(info)


def opened(file: IO[bytes], name: str) -> ZipFile:
    """Raises `FileInvalid`."""
    try:
        return ZipFile(_Bounded(file))
    except (BadZipFile, OSError, ValueError, RuntimeError) as error:
        raise FileInvalid(f"This is no whole ZIP file: {error}.", name) from error
