"""What goes out: one prompt in a format of another tool, or the whole workspace as an archive."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.db.engine import Database
from app.domain.exchange import archive, queries
from app.domain.exchange.archive import (
    BranchKept,
    MoveKept,
    OldNameKept,
    PromptKept,
    Told,
    VersionKept,
)
from app.domain.exchange.detecting import Format
from app.domain.exchange.errors import ExportImpossible
from app.domain.exchange.mapping import record_of
from app.domain.exchange.record import Record
from app.domain.exchange.zipped import Writer
from app.domain.folders.service import made as made_folders
from app.domain.prompts import people
from app.domain.prompts.errors import PromptNotFound
from app.domain.prompts.models import Branch, Prompt
from app.domain.prompts.settings import settings_of
from app.domain.rooms.models import Snapshot
from app.domain.rooms.room.document import LiveDocument
from app.domain.versions.errors import VersionNotFound
from app.domain.versions.models import Label, LabelMove, Version
from app.domain.versions.policy import PRODUCTION
from app.kit.rollouts import Rollout

BATCH = 50  # prompts whose rows are read at once
LEFT_OUT = "LEFT-OUT.txt"
MOST_VERSIONS = 2**31 - 1  # what the column holds
MOST_NUMBERS = 100  # versions that are offered


class Keeping:
    """Prompts of a workspace as an archive keeps them, read in one transaction."""

    def __init__(self, tx: AsyncSession, caller: Principal) -> None:
        self._tx = tx
        self._caller = caller
        self._names: dict[str, str] = {}
        self._rooms: dict[UUID, str] = {}  # branches by room

    async def kept(self, prompts: Sequence[Prompt]) -> list[PromptKept]:
        """Their first lines."""
        tx, where, ids = self._tx, self._caller, [one.id for one in prompts]
        branches = await queries.branches(tx, where, ids)
        tags = await queries.tags(tx, where, ids)
        labels = await queries.labels(tx, where, ids)
        moves = await queries.moves(tx, where, ids)
        old_names = await queries.old_names(tx, where, ids)
        self._rooms = {one.id: one.name for some in branches.values() for one in some}
        texts = await self._texts(list(self._rooms))
        await self._name(
            [
                *(one.created_by for one in prompts),
                *(one.actor for some in moves.values() for one in some),
                *(one.renamed_by for some in old_names.values() for one in some),
            ]
        )
        return [
            PromptKept(
                name=one.name,
                title=one.title,
                description=one.description,
                folder=one.folder,
                tags=[tag.tag for tag in tags.get(one.id, ())],
                created_by=self._who(one.created_by),
                created_at=one.created_at,
                edited_at=one.edited_at,
                archived_at=one.archived_at,
                branches=[_branch(b, texts) for b in branches.get(one.id, ())],
                labels={label.name: label.number for label in labels.get(one.id, ())},
                moves=[self._move(move) for move in moves.get(one.id, ())],
                rollouts=_rollouts(labels.get(one.id, ())),
                old_names=[
                    OldNameKept(old.name, self._who(old.renamed_by), old.renamed_at)
                    for old in old_names.get(one.id, ())
                ],
            )
            for one in prompts
        ]

    async def versions(self, prompt: Prompt, number: int | None = None) -> list[VersionKept]:
        """Of a prompt among the last that were `kept`: all of them, or one."""
        found = await queries.versions(self._tx, self._caller, prompt.id, number)
        await self._name([actor for one in found for actor in (one.author, *_contributors(one))])
        made = [self._version(one) for one in found]
        self._tx.expunge_all()  # the next prompt's take their place in memory
        return made

    async def told(self, prompts: Sequence[Prompt]) -> dict[UUID, list[Told]]:
        """The same of many prompts, with hashes for what they say, which may be much."""
        found = await queries.version_hashes(self._tx, self._caller, [one.id for one in prompts])
        all_of_them = [one for some in found.values() for one in some]
        actors = (actor for one in all_of_them for actor in (one.author, *_contributors(one)))
        await self._name(actors)
        return {
            prompt_id: [
                Told(
                    one.number,
                    self._rooms[one.room_id],
                    one.content_sha256,
                    one.message,
                    self._who(one.author),
                    self._shares(one),
                    one.restored_from,
                    one.created_at,
                )
                for one in some
            ]
            for prompt_id, some in found.items()
        }

    async def lines(self, prompt: Prompt, kept: PromptKept) -> list[bytes]:
        return [archive.line(kept), *map(archive.line, await self.versions(prompt))]

    def _move(self, one: LabelMove) -> MoveKept:
        by = self._who(one.actor)
        before, after = (_rollout(rollout) for rollout in one.rollouts)
        numbers = one.from_number, one.to_number
        return MoveKept(one.label, *numbers, by, one.moved_at, before, after)

    def _version(self, one: Version) -> VersionKept:
        return VersionKept(
            number=one.number,
            branch=self._rooms[one.room_id],
            text=one.text,
            config=one.config,
            variables=one.variables,
            template_format=one.template_format,
            message=one.message,
            author=self._who(one.author),
            contributors=self._shares(one),
            restored_from=one.restored_from,
            created_at=one.created_at,
        )

    def _shares(self, one: Any) -> list[dict[str, Any]]:
        return [
            {"name": self._who(str(who["actor"])), "units": who["units"]}
            for who in one.contributors
        ]

    async def _texts(self, room_ids: Sequence[UUID]) -> dict[UUID, str]:
        """What is on the disk of each room, edits of this moment included."""
        found = await queries.snapshots(self._tx, room_ids)
        since = await queries.journal(self._tx, room_ids)
        return {
            room_id: _current(one, since[room_id]) if room_id in since else one.text
            for room_id, one in found.items()
        }

    async def _name(self, actors: Iterable[str]) -> None:
        unknown = {one for one in actors if one not in self._names}
        if unknown:
            found = await people.named(self._tx, self._caller, unknown)
            self._names |= {actor: who.name for actor, who in found.items()}

    def _who(self, actor: str) -> str:
        return archive.shown_name(actor, self._names)


async def stream(
    database: Database,
    caller: Principal,
    done: Callable[[int], None] = lambda _done: None,
    only: Sequence[UUID] | None = None,
) -> AsyncIterator[bytes]:
    """The archive of the caller's workspace, piece by piece; `done` hears how many prompts are in.

    All of it is of one moment, however long it takes. With `only` it has those prompts alone, and
    no folder that is empty.
    """
    caller.require(Permission.PROMPTS_READ)
    writer, count, name = Writer(), 0, ""
    async with database.within(caller).transaction(write=False) as tx:
        folders = await made_folders(tx, caller) if only is None else []
        yield writer.add(archive.MANIFEST, [archive.manifest_bytes(folders)])
        keeping = Keeping(tx, caller)
        while prompts := await queries.after(tx, caller, name, BATCH, only):
            name = prompts[-1].name
            pieces = []
            for prompt, kept in zip(prompts, await keeping.kept(prompts), strict=True):
                lines = await keeping.lines(prompt, kept)
                pieces.append(writer.add(archive.path_of(kept.name), lines))
            count += len(prompts)
            done(count)
            yield b"".join(pieces)
            await asyncio.sleep(0)  # others are served meanwhile
    yield writer.close()


async def files(
    database: Database, caller: Principal, ids: Sequence[UUID], form: Format
) -> AsyncIterator[bytes]:
    """A ZIP with a file of `form` for each prompt; one that it cannot hold is named in a list."""
    caller.require(Permission.PROMPTS_READ)
    writer, refused, taken = Writer(), [], set[str]()
    async with database.within(caller).transaction(write=False) as tx:
        for prompt in await queries.after(tx, caller, "", len(ids), ids):
            one = await record(tx, caller, prompt, None)
            try:
                data = await asyncio.to_thread(form.write, one)
            except ExportImpossible as error:
                refused.append(f"{prompt.name}: {error.detail}\n".encode())
                continue
            yield writer.add(_free(form.file_name(prompt.name), taken), [data])
    if refused:
        yield writer.add(LEFT_OUT, refused)
    yield writer.close()


def _free(name: str, taken: set[str]) -> str:
    """`a/b` and `a.b` would be one file."""
    found = next(
        one
        for one in (name if not n else f"{n + 1}.{name}" for n in itertools.count())
        if one not in taken
    )
    taken.add(found)
    return found


async def count(tx: AsyncSession, caller: Principal) -> int:
    return await queries.count(tx, caller)


async def those(tx: AsyncSession, caller: Principal, ids: Sequence[UUID]) -> list[UUID]:
    """Of these ids the ones that are prompts of the caller's workspace."""
    return [one.id for one in await queries.after(tx, caller, "", max(1, len(ids)), ids)]


@dataclass(frozen=True, slots=True)
class Shown:
    """A prompt to be exported; `label` is where programs find what is `released`, "" = nowhere."""

    record: Record
    name: str
    title: str
    numbers: list[int]
    label: str
    released: tuple[str, dict[str, Any]]


async def shown(tx: AsyncSession, caller: Principal, prompt_id: UUID, number: int | None) -> Shown:
    """Raises `PromptNotFound`, `VersionNotFound`."""
    caller.require(Permission.PROMPTS_READ)
    found = await queries.after(tx, caller, "", 1, [prompt_id])
    if not found:
        raise PromptNotFound("It may have been taken away.")
    [prompt] = found
    made = await record(tx, caller, prompt, number)
    labels = {
        one.name: one.number for one in (await queries.labels(tx, caller, [prompt.id]))[prompt.id]
    }
    label = PRODUCTION if PRODUCTION in labels else next(iter(sorted(labels)), "")
    hashes = await queries.version_hashes(tx, caller, [prompt.id])
    numbers = [one.number for one in hashes.get(prompt.id, ())][::-1][:MOST_NUMBERS]
    released: tuple[str, dict[str, Any]] = "", {}
    if label:
        [version] = await queries.versions(tx, caller, prompt.id, labels[label])
        released = version.text, version.config
    return Shown(made, prompt.name, prompt.title, numbers, label, released)


async def record_named(
    tx: AsyncSession, caller: Principal, name: str, version: int | None = None
) -> Record:
    """A prompt as it is being written, or one of its versions. Raises `PromptNotFound`."""
    found = await queries.named(tx, caller, [name])
    if not found:
        raise PromptNotFound(f"There is no prompt {name} here.")
    return await record(tx, caller, found[0], version)


async def record(tx: AsyncSession, caller: Principal, prompt: Prompt, number: int | None) -> Record:
    """Raises `VersionNotFound`."""
    caller.require(Permission.PROMPTS_READ)
    keeping = Keeping(tx, caller)
    [kept] = await keeping.kept([prompt])
    details: dict[str, Any] = {
        "name": kept.name,
        "title": kept.title,
        "description": kept.description,
        "folder": kept.folder,
        "tags": kept.tags,
    }
    if number is None:
        [main] = [one for one in kept.branches if one.name == "main"]
        return record_of(**details, text=main.text, settings=settings_of(main))
    for one in await keeping.versions(prompt, number) if 0 < number <= MOST_VERSIONS else ():
        if one.number == number:
            return record_of(
                **details,
                text=one.text,
                settings=settings_of(one),
                labels=tuple(name for name, on in kept.labels.items() if on == number),
                version=number,
                message=one.message,
            )
    raise VersionNotFound(f"This prompt has no version {number}.")


def _branch(branch: Branch, texts: dict[UUID, str]) -> BranchKept:
    text = texts.get(branch.id, "")
    return BranchKept(branch.name, text, *settings_of(branch))


def _current(snapshot: Snapshot, updates: list[bytes]) -> str:
    document = LiveDocument.from_state(snapshot.state)
    document.apply_all(updates, lambda _index: None)
    return document.text


def _contributors(version: Any) -> list[str]:
    found: list[Any] = version.contributors
    return [str(one["actor"]) for one in found]


def _rollouts(labels: Iterable[Label]) -> dict[str, archive.RolloutKept]:
    found = {label.name: _rollout(label.rollout) for label in labels}
    return {name: one for name, one in found.items() if one is not None}


def _rollout(one: Rollout | None) -> archive.RolloutKept | None:
    return archive.RolloutKept(**one.kept()) if one else None
