"""A ZIP with files of other tools, such as of a repository: which of them hold prompts, and where.

Whatever else is in it is passed over: what has another suffix without a look, JSON and YAML when no
format that is known is found in them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import IO, NamedTuple
from zipfile import ZipFile

from app.domain.exchange import archive, detecting, mapping
from app.domain.exchange.bounds import FILE_BYTES, MOST_PACKED, PAGE_BYTES
from app.domain.exchange.errors import FileInvalid
from app.domain.exchange.record import Record
from app.domain.exchange.zipped import LINE_BYTES, MAGIC, Reader, Zip, opened
from app.domain.prompts import policy

_SURE = (".prompt", ".prompty", ".prompt.yml", ".prompt.yaml")  # it is one, or says to be one
_MAYBE = re.compile(
    r'"(?:messages|input|prompt|template|role|mlflow\.prompt\.text)"|^messages:', re.MULTILINE
)  # what no JSON or YAML with a prompt is without: others need not be read
_PERHAPS = (".json", ".yml", ".yaml")


class Inner(NamedTuple):
    """A file in it; `path` without the folder that everything lies in."""

    path: str
    data: bytes


class Packed(Zip):
    """`passed` are the paths of files that hold no prompt, once `files` has been read."""

    def __init__(self, file: IO[bytes] | ZipFile, name: str) -> None:
        super().__init__(file, name)
        self.passed: list[str] = []
        self._plain = [one for one in self.found if not one.is_dir()]
        self._cut = len(_wrapper([one.filename for one in self._plain]))

    def files(self) -> list[Inner]:
        """Those that hold prompts, by path. Raises `FileInvalid`."""
        made: list[Inner] = []
        size = 0
        for one in sorted(self._plain, key=lambda one: one.filename):
            path = one.filename[self._cut :]
            data = self._wanted(one.filename, path, one.file_size)
            if data is None:
                self.passed.append(path)
                continue
            made.append(Inner(path, data))
            size += len(data)
            if len(made) > MOST_PACKED or size > PAGE_BYTES:
                self._refuse(
                    f"At most {MOST_PACKED:,} files with prompts come at once, and "
                    f"{PAGE_BYTES // 1024**2} MiB of them unpacked. Split it."
                )
        if not made:
            self._refuse(f"No file in it holds a prompt. {detecting.KNOWN} are read.")
        return made

    def _wanted(self, stored: str, path: str, size: int) -> bytes | None:
        """What is in a file that holds prompts, or says so by its suffix."""
        parts = path.lower().split("/")
        if parts[0] == "__macosx" or parts[-1].startswith("."):
            return None
        if parts[-1].endswith(_SURE):
            return self.beginning(stored, FILE_BYTES + 1)
        is_hidden = any(part.startswith(".") for part in parts)
        if is_hidden or not parts[-1].endswith(_PERHAPS) or size > FILE_BYTES:
            return None
        data = self.beginning(stored, FILE_BYTES)
        is_one = _MAYBE.search(data.decode("utf-8", "replace")) and detecting.may_hold(data, path)
        return data if is_one else None


def is_zip(data: IO[bytes]) -> bool:
    found = data.read(len(MAGIC)) == MAGIC
    data.seek(0)
    return found


def unpacked(data: IO[bytes], name: str) -> Reader | Packed:
    """What a ZIP is: an archive says so itself. Raises `FileInvalid`."""
    file = opened(data, name)
    if archive.MANIFEST in file.NameToInfo:
        whole = Zip(file, name)
        if archive.FORMAT.encode() in whole.beginning(archive.MANIFEST, LINE_BYTES):
            return Reader(file, name)
    return Packed(file, name)


def placed(found: Sequence[tuple[str, Record]]) -> list[tuple[str, Record]]:
    """Records with the folder that their file lies in, and each under a name of its own.

    What a file calls its prompt stays. A prompt without a name is called as its file, folders
    included, as Dotprompt does; and so are those that would be called the same as another file's.
    Raises `FileInvalid`.
    """
    made = [(path, _in_folder(path, record)) for path, record in found]
    doubled = _doubled(made)
    made = [
        (path, mapping.checked(_under(path, record) if _name(record) in doubled else record))
        for path, record in made
    ]
    for name, paths in _doubled(made).items():
        raise FileInvalid(f"It calls its prompt {name}, as {paths[0]} does. Rename one.", paths[1])
    return made


def _name(record: Record) -> str:
    return mapping.our_name(record.name)


def _in_folder(path: str, record: Record) -> Record:
    folder = str(PurePosixPath(path).parent)
    if folder == ".":
        return record
    named = _under(path, record) if record.is_named_by_file else record
    return replace(named, folder=record.folder or policy.normal_folder(folder))


def _under(path: str, record: Record) -> Record:
    folder = str(PurePosixPath(path).parent)
    return record if folder == "." else replace(record, name=f"{folder}/{record.name}")


def _doubled(found: Sequence[tuple[str, Record]]) -> dict[str, list[str]]:
    """Names that several files have, and are not numbered versions of one prompt."""
    by_name: dict[str, list[tuple[str, Record]]] = {}
    for path, record in found:
        by_name.setdefault(_name(record), []).append((path, record))
    return {name: paths for name, some in by_name.items() if (paths := _clash(some))}


def _clash(some: Sequence[tuple[str, Record]]) -> list[str]:
    paths = list(dict.fromkeys(path for path, _ in some))
    versions = [record.version for _, record in some]
    is_one = None not in versions and len(set(versions)) == len(versions)
    return [] if is_one or len(paths) < 2 else paths


def _wrapper(paths: Sequence[str]) -> str:
    """The folder that all of them lie in, as in what GitHub makes of a repository; "" is none."""
    first = {path.partition("/")[0] for path in paths}
    is_whole = len(first) == 1 and all("/" in path for path in paths)
    return f"{first.pop()}/" if is_whole else ""
