"""What comes in: files of other tools, and archives. First all of it is read, then any is written.

A prompt is written whole or not at all, in transactions of some prompts each. Doing it again finds
what is there and changes nothing, so whatever was interrupted is simply done again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission, Role
from app.access.principal import Principal
from app.db import locks
from app.db.base import Model
from app.db.engine import Database
from app.db.races import claiming
from app.domain.composition.guarding import Guard
from app.domain.exchange import archive, detecting, mapping, queries
from app.domain.exchange.archive import PromptKept, VersionKept
from app.domain.exchange.errors import FileInvalid, FormatUnknown, ImportRefused
from app.domain.exchange.imports import coming
from app.domain.exchange.imports.coming import Wanted
from app.domain.exchange.imports.deciding import Conflict, Deciding, Item, Step
from app.domain.exchange.imports.rows import Telling
from app.domain.exchange.missing import Missing, References
from app.domain.exchange.packed import Packed, placed
from app.domain.exchange.record import Record
from app.domain.exchange.zipped import Reader
from app.domain.folders.models import Folder
from app.domain.folders.service import made as made_folders
from app.domain.prompts import policy
from app.domain.prompts.errors import NameTaken
from app.domain.prompts.models import OldName, Prompt
from app.domain.prompts.ports import Rooms
from app.domain.prompts.service import Details, Prompts
from app.domain.versions.policy import may_move
from app.domain.versions.service import Checkpoints, Versions
from app.domain.workspaces.service import Workspaces
from app.kit import clock

BATCH = 50  # prompts in a transaction: a fraction of a second, and SQLite admits one writer
BATCH_CHARACTERS = 500_000  # and no more of them once their texts are so long together
_TRIES = 4  # of a batch, when others take its names


class Importer:
    """Brings prompts into the caller's workspace. `rooms` None = none of them is open anywhere.

    `choices` say by name what differs from the import's answer to names that are taken.
    """

    def __init__(
        self,
        database: Database,
        caller: Principal,
        rooms: Rooms | None,
        choices: Mapping[str, Conflict] | None = None,
    ) -> None:
        self._database = database.within(caller)
        self._caller = caller
        self._rooms = rooms
        self._choices = choices or {}
        self._roles: dict[str, Role] = {}
        self._references = References()

    async def files(
        self, files: Sequence[tuple[str, bytes]], conflict: Conflict, *, is_rehearsal: bool = False
    ) -> list[Item]:
        """Import files of other tools. Raises `FileInvalid`, `FormatUnknown`, `ImportRefused`."""
        self._caller.require(Permission.PROMPTS_WRITE)
        found = await asyncio.to_thread(_read, files)
        return await self.bring(await self.wanted(found), conflict, is_rehearsal=is_rehearsal)

    async def zip(
        self,
        whole: Reader | Packed,
        conflict: Conflict,
        *,
        is_rehearsal: bool = False,
        done: Callable[[int], None] = lambda _done: None,
    ) -> list[Item]:
        """Import whichever it is. Raises as `archive` and `files` do."""
        if isinstance(whole, Reader):
            return await self.archive(whole, conflict, is_rehearsal=is_rehearsal, done=done)
        self._caller.require(Permission.PROMPTS_WRITE)
        found = await asyncio.to_thread(lambda: placed(_read(whole.files())))
        wanted = await self.wanted(found)
        return await self.bring(wanted, conflict, is_rehearsal=is_rehearsal, done=done)

    async def wanted(self, found: list[tuple[str, Record]]) -> list[Wanted]:
        """Records, each with its file, as prompts to be there."""
        self._roles = await self._label_roles()
        return self._grouped(found)

    async def archive(
        self,
        reader: Reader,
        conflict: Conflict,
        *,
        is_rehearsal: bool = False,
        done: Callable[[int], None] = lambda _done: None,
        seen: Callable[[Step], None] = lambda _step: None,
    ) -> list[Item]:
        """Import an archive. Raises `FileInvalid`, `ImportRefused`."""
        for needed in (Permission.PROMPTS_WRITE, Permission.VERSIONS_PUBLISH):
            self._caller.require(needed)
        labels = await asyncio.to_thread(_check, reader)
        if labels:
            self._caller.require(Permission.LABELS_MOVE)
            await self._check_labels(labels)
        if not is_rehearsal:
            await self._make_folders(reader.manifest.folders)
        wanted = map(_of(reader), reader.paths)
        return await self.bring(wanted, conflict, is_rehearsal=is_rehearsal, done=done, seen=seen)

    def _grouped(self, found: list[tuple[str, Record]]) -> list[Wanted]:
        ordered = sorted(found, key=lambda one: (mapping.our_name(one[1].name), one[0]))
        groups = groupby(ordered, key=lambda one: mapping.our_name(one[1].name))
        return [self._wanted(name, list(some)) for name, some in groups]

    def _wanted(self, name: str, found: list[tuple[str, Record]]) -> Wanted:
        """Several records of one name are its versions, in the order of their numbers."""
        records = sorted((one for _, one in found), key=lambda one: one.version or 0)
        file = found[0][0]
        can_publish = self._caller.can(Permission.VERSIONS_PUBLISH)
        published = records if can_publish else []
        labels = self._labels(published) if self._caller.can(Permission.LABELS_MOVE) else {}
        kept = coming.kept(name, records[-1], labels)
        now = kept.created_at
        versions = [
            coming.version(number, one, file, now) for number, one in enumerate(published, 1)
        ]
        return Wanted(kept, lambda: iter(versions), file, is_archived=False)

    def _labels(self, records: Sequence[Record]) -> dict[str, int]:
        """The labels of a new prompt, but for those that are protected from the caller."""
        return {
            label: number
            for number, one in enumerate(records, 1)
            for label in mapping.labels_of(one)
            if may_move(self._caller, label, self._roles)
        }

    async def bring(
        self,
        wanted: Iterable[Wanted],
        conflict: Conflict,
        *,
        is_rehearsal: bool = False,
        done: Callable[[int], None] = lambda _done: None,
        seen: Callable[[Step], None] = lambda _step: None,
    ) -> list[Item]:
        """`done` hears how many are done, `seen` of each what is done about it."""
        items: list[Item] = []
        ones = iter(wanted)
        while batch := await asyncio.to_thread(_some, ones):
            steps = await self._batch(batch, conflict, is_rehearsal)
            for step in steps if not is_rehearsal else ():
                if step.item.action == "update" and step.prompt is not None:
                    await self._edit(step.prompt, step.wanted)
            for step in steps:
                seen(step)
            await asyncio.to_thread(self._references.note, steps)
            items += [step.item for step in steps]
            done(len(items))
            await asyncio.sleep(0)  # others are served meanwhile
        return items

    async def missing(self) -> list[Missing]:
        """What all that was brought includes and nobody has; with a rehearsal: would include."""
        async with self._database.transaction(write=False) as tx:
            return await self._references.missing(tx, self._caller)

    async def _batch(
        self,
        batch: Sequence[Wanted],
        conflict: Conflict,
        is_rehearsal: bool,  # noqa: FBT001  # handed on
    ) -> list[Step]:
        """All of it in one transaction; again when somebody took a name between look and insert."""
        deciding = Deciding(self._caller, conflict, self._choices)
        for _ in range(_TRIES):
            try:
                async with self._database.transaction(write=not is_rehearsal) as tx:
                    steps = await deciding.decided(tx, batch)
                    old = await self._old_names(tx, steps)
                    if not is_rehearsal:
                        await queries.give_up(tx, self._caller, old)
                        await self._insert(tx, steps)
                return steps
            except NameTaken:
                continue
        raise ImportRefused("Others are making prompts of the same names. Import it again.")

    async def _old_names(self, tx: AsyncSession, steps: Sequence[Step]) -> list[str]:
        """That other prompts lose to those that are made. Raises `OldNameIncluded`."""
        names = [step.item.name for step in steps if step.item.action == "create"]
        old = sorted(await queries.old_names_taken(tx, self._caller, names))
        for name in old:
            await Guard().let_go(tx, self._caller, name)
        return old

    async def _insert(self, tx: AsyncSession, steps: Sequence[Step]) -> None:
        rows: list[Model] = []
        for step in steps:
            if step.item.action == "create":
                rows += await self._rows(tx, step.wanted, step.item.name)
        taken = NameTaken("One of these names was taken a moment ago.")
        with (
            claiming((Prompt.workspace_id, Prompt.name), taken),
            claiming((OldName.workspace_id, OldName.name), taken),
        ):
            await queries.insert_all(tx, rows)

    async def _rows(self, tx: AsyncSession, one: Wanted, name: str) -> list[Model]:
        old = [old.name for old in one.kept.old_names]
        if old:
            taken = await queries.old_names_taken(tx, self._caller, old)
            taken |= {p.name for p in await queries.named(tx, self._caller, old)}
            free = [one for one in one.kept.old_names if one.name not in taken]
            one = Wanted(_with_old(one.kept, free), one.versions, one.file, one.is_archived)
        telling = Telling(one.kept, self._caller, name, one.file)
        return await asyncio.to_thread(lambda: telling.rows(one.versions()))

    async def _edit(self, prompt: Prompt, one: Wanted) -> None:
        """Bring an existing prompt to what is wanted as an edit that everyone sees arrive."""
        if self._rooms is None:
            raise ImportRefused(
                f"{prompt.name} may be open on the server, which alone may edit it. Import over "
                "the API to update it, or choose skip or rename."
            )
        [branch] = [b for b in one.kept.branches if b.name == "main"]
        async with self._database.transaction(write=False) as tx:
            room_id = (await Prompts(tx, self._caller, self._rooms).open(prompt.id)).branch.id
        await Checkpoints(self._database, self._rooms).take(room_id, "restore")
        await self._rooms.rewrite(room_id, branch.text, self._caller.actor)
        async with self._database.transaction() as tx:
            prompts = Prompts(tx, self._caller, self._rooms)
            await prompts.replace_settings(prompt.id, branch)
            details = Details(
                description=one.kept.description or None,
                folder=one.kept.folder or None,
                tags=tuple(one.kept.tags) or None,
            )
            await prompts.change(prompt.id, details)
        if self._caller.can(Permission.VERSIONS_PUBLISH):
            versions = Versions(self._database, self._caller, self._rooms, composition=Guard())
            await versions.publish(prompt.id, f"Import from {one.file}"[:500])

    async def _check_labels(self, labels: set[str]) -> None:
        roles = await self._label_roles()
        for label in sorted(labels):
            if not may_move(self._caller, label, roles):
                raise ImportRefused(
                    f"The archive puts {label} on versions, which you may not. Ask an admin."
                )

    async def _label_roles(self) -> dict[str, Role]:
        async with self._database.transaction(write=False) as tx:
            return dict(await Workspaces(tx).label_roles(self._caller))

    async def _make_folders(self, paths: Sequence[str]) -> None:
        problems = [path for path in paths if not path or policy.folder_problem(path)]
        if problems:
            raise FileInvalid(f"{problems[0]!r} is no folder.", archive.MANIFEST)
        async with self._database.transaction() as tx:
            await locks.hold(tx, f"folders-{self._caller.workspace_id}")
            there = set(await made_folders(tx, self._caller))
            now = clock.utc_now()
            rows: list[Model] = [
                Folder(
                    workspace_id=self._caller.workspace_id,
                    path=path,
                    created_by=self._caller.actor,
                    created_at=now,
                )
                for path in dict.fromkeys(paths)
                if path not in there
            ]
            await queries.insert_all(tx, rows)


def _read(files: Sequence[tuple[str, bytes]]) -> list[tuple[str, Record]]:
    """Each record with its file. Raises `FileInvalid`, `FormatUnknown`, `ImportRefused`."""
    found: list[tuple[str, Record]] = []
    problems: list[FileInvalid | FormatUnknown] = []
    for name, data in files:
        try:
            found += [(name, mapping.checked(one)) for one in detecting.read(data, name)]
        except (FileInvalid, FormatUnknown) as error:
            problems.append(error)
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise ImportRefused(
            f"{len(problems)} files cannot be read; nothing was imported.",
            errors=[{"key": getattr(one, "file", ""), "message": one.detail} for one in problems],
        )
    return found


def _some(ones: Iterator[Wanted]) -> list[Wanted]:
    """As many as go into one transaction: whoever else writes waits for it, on SQLite."""
    batch: list[Wanted] = []
    size = 0
    for one in ones:
        batch.append(one)
        size += sum(len(branch.text) for branch in one.kept.branches)
        if len(batch) >= BATCH or size >= BATCH_CHARACTERS:
            break
    return batch


def _check(reader: Reader) -> set[str]:
    """Read all of an archive before any of it is written; the labels that are in it."""
    labels: set[str] = set()
    for path in reader.paths:
        one = _of(reader)(path)
        labels |= one.kept.labels.keys()
        for _version in one.versions():
            pass
    return labels


def _of(reader: Reader) -> Callable[[str], Wanted]:
    def wanted(path: str) -> Wanted:
        first = next(reader.lines(path), b"")
        return Wanted(
            archive.read_prompt(first, path),
            lambda: _versions(reader, path),
            path,
            is_archived=True,
        )

    return wanted


def _versions(reader: Reader, path: str) -> Iterator[VersionKept]:
    for number, line in enumerate(islice(reader.lines(path), 1, None), 1):
        yield archive.read_version(line, path, number)


def _with_old(kept: PromptKept, old_names: list[Any]) -> PromptKept:
    return msgspec.structs.replace(kept, old_names=old_names)
