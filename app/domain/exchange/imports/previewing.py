"""What an import would do, before it does anything: every file, every prompt, every doubt."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.exchange import detecting, mapping, missing
from app.domain.exchange.bounds import FILE_BYTES
from app.domain.exchange.errors import FileInvalid, FormatUnknown
from app.domain.exchange.imports.coming import Wanted
from app.domain.exchange.imports.deciding import Step
from app.domain.exchange.imports.importing import Importer
from app.domain.exchange.imports.uploads import Brought
from app.domain.exchange.packed import Packed, is_zip, placed, unpacked
from app.domain.exchange.record import Record
from app.domain.exchange.zipped import Reader
from app.domain.prompts.errors import OldNameIncluded
from app.domain.versions.policy import LATEST, label_problem
from app.errors import AppError

MOST_SHOWN = 200  # prompts
ARCHIVE = "archive"
_STATES = {"create": "new", "unchanged": "unchanged", "skip": "clash"}
_ORDER = ("clash", "new", "unchanged")

Found = list[tuple[str, Record]]


async def preview(
    importer: Importer, caller: Principal, kept: Sequence[dict[str, Any]], files: Sequence[Brought]
) -> dict[str, Any]:
    """`kept` says of each file which format it was given ("" = find out), and whether it is out."""
    told = _Telling()
    found, packed = Found(), Found()
    for number, (choice, one) in enumerate(zip(kept, files, strict=True)):
        shown = {**choice, "number": number, "title": "", "prompts": 0, "unsaid": "", "error": None}
        told.files.append(shown)
        if choice["is_out"]:
            continue
        try:
            if is_zip(one.data):
                await _archive(importer, one, shown, told)
            else:
                records = await asyncio.to_thread(_records, one, choice["format"], shown)
                (packed if choice.get("is_packed") else found).extend(records)
        except (FileInvalid, FormatUnknown) as error:
            shown["error"] = _problem(error)
        except AppError as error:  # of an archive: what its labels or versions would need
            shown["error"] = {"problem": error.detail, "line": 0, "column": 0}
    try:
        found += placed(packed)
    except FileInvalid as error:
        told.file(error.file)["error"] = _problem(error)
    told.doubts = _doubts(caller, found)
    wanted = await importer.wanted(found)
    try:
        await importer.bring(wanted, "skip", is_rehearsal=True, seen=told.note)
    except OldNameIncluded as error:
        file = next(one.file for one in wanted if one.kept.name == error.extra["name"])
        told.file(file)["error"] = {"problem": error.detail, "line": 0, "column": 0}
    return told.told() | {"missing": missing.told(await importer.missing())}


def wanted_files(
    kept: Sequence[Mapping[str, Any]], files: Sequence[Brought]
) -> tuple[list[Brought], Callable[[], Found]]:
    """The archives, and how the records of the other files are read, for the import itself."""
    pairs = [(c, f) for c, f in zip(kept, files, strict=True) if not c["is_out"]]
    archives = [one for _, one in pairs if is_zip(one.data)]

    def records() -> Found:
        found, packed = Found(), Found()
        for choice, one in pairs:
            if one not in archives:
                some = _records(one, choice["format"], {})
                (packed if choice.get("is_packed") else found).extend(some)
        return found + placed(packed)

    return archives, records


def _records(one: Brought, format_name: str, shown: dict[str, Any]) -> Found:
    one.data.seek(0)
    data = one.data.read(FILE_BYTES + 1)
    form, records = detecting.read_as(data, one.name, format_name)
    shown |= {"format": form.name, "title": form.title, "unsaid": form.unsaid}
    shown["prompts"] = len(records)
    return [(one.name, mapping.checked(record)) for record in records]


async def _archive(importer: Importer, one: Brought, shown: dict[str, Any], told: _Telling) -> None:
    shown |= {"format": ARCHIVE, "title": "ZIP"}
    reader = await asyncio.to_thread(unpacked, one.data, one.name)
    if isinstance(reader, Packed):  # one that could not be taken apart when it came: it says why
        await asyncio.to_thread(reader.files)
        raise FileInvalid("Bring it again.", one.name)
    shown["title"] = "Archive of Promptroom"
    shown["prompts"] = len(reader)
    if problem := _empty(reader):
        raise FileInvalid(problem, one.name)
    await importer.archive(reader, "skip", is_rehearsal=True, seen=told.note)


def _empty(reader: Reader) -> str:
    return "" if len(reader) or reader.manifest.folders else "There is no prompt in this archive."


class _Telling:
    """Keeps what is shown, and of the rest how much there is."""

    def __init__(self) -> None:
        self.files: list[dict[str, Any]] = []
        self.doubts: dict[str, list[str]] = {}
        self._counts: Counter[str] = Counter()
        self._shown: dict[str, list[dict[str, Any]]] = {state: [] for state in _ORDER}

    def file(self, name: str) -> dict[str, Any]:
        return next(one for one in self.files if one["name"] == name)

    def note(self, step: Step) -> None:
        state = _STATES[step.item.action]
        self._counts[state] += 1
        if len(self._shown[state]) < MOST_SHOWN:
            self._shown[state].append(self._one(step.wanted, state))

    def _one(self, wanted: Wanted, state: str) -> dict[str, Any]:
        kept = wanted.kept
        return {
            "name": kept.name,
            "title": kept.title,
            "folder": kept.folder,
            "tags": kept.tags,
            "labels": sorted(kept.labels),
            "state": state,
            "file": "" if wanted.is_archived else wanted.file,
            "doubts": self.doubts.get(kept.name, []),
        }

    def told(self) -> dict[str, Any]:
        ordered = [one for state in _ORDER for one in self._shown[state]]
        # What somebody has to decide or should read comes first.
        ordered.sort(key=lambda one: (one["state"] != "clash", not one["doubts"]))
        counts = {state: self._counts[state] for state in _ORDER}
        return {"files": self.files, "counts": counts, "items": ordered[:MOST_SHOWN]}


def _doubts(caller: Principal, found: Found) -> dict[str, list[str]]:
    """By name, what becomes another thing than the file says."""
    told: dict[str, list[str]] = {}
    for _, record in found:
        name = mapping.our_name(record.name)
        told.setdefault(name, []).extend(_of(caller, record, name))
    return {name: list(dict.fromkeys(some)) for name, some in told.items()}


def _of(caller: Principal, record: Record, name: str) -> Iterator[str]:
    if record.name != name:
        says = "Its file is called" if record.is_named_by_file else "The file calls it"
        yield f"{says} “{record.name}”; programs will fetch it as {name}."
    for label in record.labels:
        if label != LATEST and (problem := label_problem(label)):
            yield f"The label “{label}” stays behind. {problem}"
    if record.labels and not caller.can(Permission.LABELS_MOVE):
        yield "Its labels stay behind, since you may not move any."


def _problem(error: FileInvalid | FormatUnknown) -> dict[str, Any]:
    if isinstance(error, FileInvalid):
        return {"problem": error.problem, "line": error.line, "column": error.column}
    return {"problem": error.detail, "line": 0, "column": 0}
