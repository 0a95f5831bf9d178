"""Reading what was published: lists, single versions, and what differs between two texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.tenancy import InWorkspace
from app.domain.prompts import people
from app.domain.prompts.people import Shown
from app.domain.prompts.ports import Rooms
from app.domain.prompts.service import Opened, Prompts
from app.domain.versions import policy, queries
from app.domain.versions.blame import Blame, decoded
from app.domain.versions.errors import VersionNotFound
from app.domain.versions.labels import queries as label_queries
from app.domain.versions.models import Checkpoint, Label, LabelMove, Version
from app.domain.versions.reading import blame_of, read_since
from app.kit import clock, cursor
from app.web.paging import Page, cut


@dataclass(frozen=True, slots=True)
class Side:
    """One of two compared texts. `number` is none for the draft and for checkpoints."""

    ref: str  # "3", "draft", "production" or a checkpoint's id, as it was asked for
    number: int | None
    name: str  # for people: v3, draft, checkpoint 14:02
    text: str
    config: dict[str, Any]
    variables: list[Any]
    template_format: str
    contributors: dict[str, int]  # draft: since the newest version
    blame: Blame


class History:
    """The versions of the caller's prompts. Reads only."""

    def __init__(self, tx: AsyncSession, caller: Principal, rooms: Rooms) -> None:
        self._tx = tx
        self._caller = caller
        self._rooms = rooms

    async def open(self, prompt_id: UUID) -> Opened:
        return await Prompts(self._tx, self._caller, self._rooms).open(prompt_id)

    async def page(self, prompt_id: UUID, limit: int, after: str | None = None) -> Page[Version]:
        """Versions without text and state, the newest first. Raises `InvalidCursor`."""
        before = cursor.decode(after, tuple[int])[0] if after else None
        rows = await queries.listed(self._tx, self._caller, prompt_id, before, limit + 1)
        return cut(rows, limit, lambda version: (version.number,))

    async def checkpoints(
        self, prompt_id: UUID, limit: int, after: str | None = None
    ) -> Page[Checkpoint]:
        before = cursor.decode(after, tuple[UUID])[0] if after else None
        rows = await queries.checkpoints(self._tx, self._caller, prompt_id, before, limit + 1)
        return cut(rows, limit, lambda checkpoint: (checkpoint.id,))

    async def checkpoints_among(
        self, prompt_id: UUID, versions: Sequence[Version], after: str | None, limit: int
    ) -> Sequence[Checkpoint]:
        """What was taken since the oldest of a page of versions and before the page above it."""
        if not versions:
            return []
        before = None
        if after:
            number = cursor.decode(after, tuple[int])[0]
            before = (await queries.dates(self._tx, self._caller, prompt_id, [number])).get(number)
        since = versions[-1].created_at
        return await queries.checkpoints_since(
            self._tx, self._caller, prompt_id, (since, before), limit
        )

    async def moment(self, opened: Opened, ref: str) -> datetime:
        """When a text that `side` gives was kept; now, for the draft. Raises `VersionNotFound`."""
        prompt_id = opened.prompt.id
        if ref == policy.DRAFT:
            return clock.utc_now()
        if (checkpoint_id := _uuid(ref)) is not None:
            return (await self._kept(prompt_id, checkpoint_id)).created_at
        number = await self._number(prompt_id, ref)
        found = await queries.dates(self._tx, self._caller, prompt_id, [number])
        if number not in found:
            raise VersionNotFound(f"This prompt has no version {number}.")
        return found[number]

    async def published_between(
        self, prompt_id: UUID, since: datetime, until: datetime, limit: int
    ) -> Sequence[Version]:
        """Versions of a stretch of time, both ends included, without text and state."""
        return await queries.versions_between(
            self._tx, self._caller, prompt_id, (since, until), limit
        )

    async def kept_between(
        self, prompt_id: UUID, since: datetime, until: datetime, limit: int
    ) -> Sequence[Checkpoint]:
        """Checkpoints of a stretch of time, both ends included, without text."""
        between = (since, until + timedelta(microseconds=1))
        return await queries.checkpoints_since(self._tx, self._caller, prompt_id, between, limit)

    async def version(self, prompt_id: UUID, number: int) -> Version:
        """Raises `VersionNotFound`."""
        found = await queries.numbered(self._tx, self._caller, prompt_id, number)
        if found is None:
            raise VersionNotFound(f"This prompt has no version {number}.")
        return found

    async def newest(self, prompt_id: UUID) -> Version | None:
        return await queries.newest(self._tx, self._caller, prompt_id)

    async def labels(self, prompt_id: UUID) -> Sequence[Label]:
        return await label_queries.of_prompt(self._tx, self._caller, prompt_id)

    async def label_names(self, prompt_id: UUID) -> dict[int, list[str]]:
        """The labels on each version, `latest` last."""
        return await label_names(self._tx, self._caller, prompt_id)

    async def named(self, actors: Iterable[str]) -> dict[str, Shown]:
        return await people.named(self._tx, self._caller, actors)

    async def people(self, versions: Sequence[Version]) -> dict[str, Shown]:
        """Authors and contributors of versions."""
        return await self.named(actors_of(versions))

    async def dates(self, prompt_id: UUID, blame: Blame) -> dict[int, datetime]:
        """When the versions were published that a text's parts came with."""
        numbers = {span.number for span in blame.spans()}
        return await queries.dates(self._tx, self._caller, prompt_id, numbers)

    async def moves(self, prompt_id: UUID, label: str, limit: int = 50) -> Sequence[LabelMove]:
        return await label_queries.moves(self._tx, self._caller, prompt_id, label, limit)

    async def moves_page(
        self, prompt_id: UUID, label: str, limit: int, after: str | None = None
    ) -> Page[LabelMove]:
        """Raises `InvalidCursor`."""
        before = cursor.decode(after, tuple[UUID])[0] if after else None
        rows = await label_queries.moves(
            self._tx, self._caller, prompt_id, label, limit + 1, before
        )
        return cut(rows, limit, lambda move: (move.id,))

    async def contributors(self, prompt_id: UUID, after: int, upto: int) -> dict[str, int]:
        """Who wrote how much in the versions after one up to another."""
        units: dict[str, int] = {}
        for listed in await queries.between(self._tx, self._caller, prompt_id, after, upto):
            for one in listed:
                units[one["actor"]] = units.get(one["actor"], 0) + one["units"]
        return units

    async def side(self, opened: Opened, ref: str) -> Side:
        """What `ref` names: a number (3 or v3), `draft`, `latest`, a label or a checkpoint's id.

        Raises `VersionNotFound`.
        """
        prompt_id = opened.prompt.id
        if ref == policy.DRAFT:
            return await self.draft(opened, await self.newest(prompt_id))
        if (checkpoint_id := _uuid(ref)) is not None:
            return await self._checkpoint(prompt_id, checkpoint_id)
        number = await self._number(prompt_id, ref)
        version = await self.version(prompt_id, number)
        return side_of(version, ref)

    async def draft(self, opened: Opened, newest: Version | None) -> Side:
        reading = await read_since(self._rooms, opened.branch.id, newest)
        written = await blame_of(reading, newest)
        branch = opened.branch
        return Side(
            policy.DRAFT,
            None,
            policy.DRAFT,
            reading.text,
            branch.config,
            branch.variables,
            branch.template_format,
            reading.contributors,
            written,
        )

    async def checkpoint(self, prompt_id: UUID, checkpoint_id: UUID) -> Checkpoint:
        """Raises `VersionNotFound`."""
        return await self._kept(prompt_id, checkpoint_id)

    async def _kept(self, prompt_id: UUID, checkpoint_id: UUID) -> Checkpoint:
        found = await queries.checkpoint(self._tx, self._caller, prompt_id, checkpoint_id)
        if found is None:
            raise VersionNotFound("There is no such checkpoint.")
        return found

    async def _checkpoint(self, prompt_id: UUID, checkpoint_id: UUID) -> Side:
        found = await self._kept(prompt_id, checkpoint_id)
        units = {one["actor"]: one["units"] for one in found.contributors}
        name = f"checkpoint {found.created_at:%H:%M}"
        return Side(
            str(found.id),
            None,
            name,
            found.text,
            found.config,
            found.variables,
            found.template_format,
            units,
            decoded(found.blame),
        )

    async def _number(self, prompt_id: UUID, ref: str) -> int:
        digits = ref.removeprefix("v")
        if digits.isascii() and digits.isdecimal() and len(digits) < 10:
            return int(digits)
        if ref == policy.LATEST:
            newest = await queries.newest_numbers(self._tx, self._caller, [prompt_id])
            if prompt_id in newest:
                return newest[prompt_id]
        elif (
            label := await label_queries.label(self._tx, self._caller, prompt_id, ref)
        ) is not None:
            return label.number
        raise VersionNotFound(f"This prompt has no version {ref}.")


def side_of(version: Version, ref: str = "") -> Side:
    name = f"v{version.number}"
    units = {one["actor"]: one["units"] for one in version.contributors}
    return Side(
        ref or name,
        version.number,
        name,
        version.text,
        version.config,
        version.variables,
        version.template_format,
        units,
        decoded(version.blame),
    )


async def moves_by_id(
    tx: AsyncSession, where: InWorkspace, ids: Collection[UUID]
) -> dict[UUID, LabelMove]:
    """For whoever remembers moves by their ids."""
    return await label_queries.moves_by_id(tx, where, ids)


async def label_names(
    tx: AsyncSession, where: InWorkspace, prompt_id: UUID
) -> dict[int, list[str]]:
    names: defaultdict[int, list[str]] = defaultdict(list)
    for label in await label_queries.of_prompt(tx, where, prompt_id):
        names[label.number].append(label.name)
    newest = await queries.newest_numbers(tx, where, [prompt_id])
    if prompt_id in newest:
        names[newest[prompt_id]].append(policy.LATEST)
    return names


def actors_of(versions: Iterable[Version]) -> set[str]:
    """Authors and contributors."""
    return {
        actor
        for version in versions
        for actor in (version.author, *(one["actor"] for one in version.contributors))
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None
