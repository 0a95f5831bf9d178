"""What is released, from memory or made from the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.tenancy import InWorkspace
from app.db.engine import Database
from app.domain.prompts.jinja import Jinja
from app.domain.prompts.old_names import Renamed
from app.domain.prompts.settings import MUSTACHE
from app.domain.releases import queries
from app.domain.releases.cache import Cache, Key
from app.domain.releases.composing import Find, Piece, Wanted, composed
from app.domain.releases.errors import NothingReleased
from app.domain.releases.news import Inside, News, Shelf
from app.domain.releases.queries import Standing
from app.domain.releases.record import Record, record
from app.domain.releases.rendering import Rendered, rendered, rendered_jinja
from app.domain.releases.schemas import ReleaseView, release_view
from app.domain.releases.selector import LATEST, Selector
from app.domain.releases.sticky import Side, Takes, are_for, by_key
from app.errors import AppError

_decode = msgspec.json.Decoder(ReleaseView).decode
LONG = 64 * 1024  # characters: some 50 ms full of variables; others are served meanwhile
LOADS = Counter("promptroom_fetch_loads", "Answers that were made from the database")


@dataclass(frozen=True, slots=True)
class Failed:
    """An answer that cannot be put together: for whom, and why."""

    error: AppError
    sides: tuple[Side, ...]

    def pick(self, sticky: str) -> Failed | None:
        return self if are_for(self.sides, sticky) else None


class Releases:
    """The released prompts of all workspaces that are asked for here."""

    def __init__(self, database: Database, news: News, jinja: Jinja) -> None:
        self._database = database
        self._jinja = jinja
        self.news = news
        self.cache: Cache = news.cache
        self._loading: dict[tuple[Key, int], asyncio.Task[Record | Failed]] = {}

    async def get(
        self, caller: Principal, name: str, selector: Selector, sticky: str = ""
    ) -> Record:
        """What a program gets by a prompt's name; an old name is the prompt's that had it.

        Raises `NothingReleased`, `ReleasesUncertain`, and what `composed` does.
        """
        caller.require(Permission.PROMPTS_READ)
        key = (caller.workspace_id, name, selector.query)
        while True:
            shelf = await self.news.current(caller.workspace_id)
            kept = self.cache.get(key)
            if kept is not None and (found := kept.pick(sticky)) is not None:
                return found
            if self.cache.is_nothing(key):
                raise _nothing(name, selector)
            # Of another side than mine: it is mine to ask for, or for whoever comes first.
            made = (await self._shared(shelf, key, selector, sticky)).pick(sticky)
            if isinstance(made, Failed):
                raise made.error
            if made is not None:
                return made

    async def _shared(
        self, shelf: Shelf, key: Key, selector: Selector, sticky: str
    ) -> Record | Failed:
        """Those who ask for the same at the same state of the log share the work."""
        flight = key, shelf.applied
        task = self._loading.get(flight)
        if task is None:
            load = self._load(shelf, key, selector, sticky)
            task = self._loading[flight] = asyncio.create_task(load)
            task.add_done_callback(lambda _: self._loading.pop(flight, None))
        return await asyncio.shield(task)

    async def read(self, caller: Principal, name: str, selector: Selector) -> ReleaseView:
        """The same as values; where labels split, the caller stays on one side of each.

        Raises what `get` does.
        """
        return _decode((await self.get(caller, name, selector, caller.actor)).body)

    async def rendered(
        self, caller: Principal, found: ReleaseView, given: Mapping[str, Any]
    ) -> list[Rendered]:
        """The messages of what `get` found, with every variable filled in.

        Raises what `rendering.rendered_jinja` does.
        """
        if found.template_format == MUSTACHE:
            if len(found.text) < LONG:
                return rendered(found.text, found.variables, given)
            return await asyncio.to_thread(rendered, found.text, found.variables, given)
        return await rendered_jinja(
            self._jinja, caller.workspace_id, found.text, found.variables, given
        )

    async def _load(
        self, shelf: Shelf, key: Key, selector: Selector, sticky: str
    ) -> Record | Failed:
        LOADS.inc()
        where = Inside(key[0])
        async with self._database.within(where).transaction(write=False) as tx:
            seq = await queries.head(tx, where)
            made = await answer(tx, where, key[1], selector, sticky)
        if isinstance(made, Failed):
            return made
        # What was read before the last known change may be what it was before that.
        if seq >= shelf.applied and self.news.shelves.get(key[0]) is shelf:
            if made is None:
                self.cache.put_nothing(key)
            else:
                beside = self.cache.get(key) if made.sides else None
                self.cache.put(key, made.joined(beside) if beside else made)
        if made is None:
            raise _nothing(key[1], selector)
        return made


def _nothing(name: str, selector: Selector) -> NothingReleased:
    return NothingReleased(f"There is no prompt {name} with the {selector.words} here.")


async def answer(
    tx: AsyncSession, where: InWorkspace, name: str, selector: Selector, sticky: str = ""
) -> Record | Failed | None:
    """The answer as it is now."""
    standing = (await queries.standings(tx, where, [name])).get(name)
    chosen = choose(standing, selector, by_key(sticky)) if standing else None
    if standing is None or chosen is None:
        return None
    row = (await queries.texts(tx, where, [(standing.prompt_id, chosen[0])])).get(
        (standing.prompt_id, chosen[0])
    )
    if row is None:
        return None

    async def find(wanted: Iterable[Wanted]) -> Mapping[Wanted, Piece]:
        return await pieces(tx, where, wanted, by_key(sticky))

    return await recorded(standing, piece(standing, row, selector, chosen[1]), row, name, find)


async def recorded(
    standing: Standing, root: Piece, row: Any, name: str, find: Find
) -> Record | Failed:
    """The answer that a version makes, asked for by `name`."""
    selector = Selector(root.label) if root.label else Selector(None, root.number)
    met = {root.side: None}

    async def noted(wanted: Iterable[Wanted]) -> Mapping[Wanted, Piece]:
        found = await find(wanted)
        met.update(dict.fromkeys(one.side for one in found.values()))
        return found

    try:
        made = await composed(root, selector, noted)
    except AppError as error:
        return Failed(error, _sides(met))
    renamed = Renamed(standing.name, standing.renamed_at) if standing.renamed_at else None
    sides = _sides(met)
    view = release_view(row, root, root.label, made, name if renamed else None, sides)
    return record(
        msgspec.json.encode(view),
        [root.prompt_id, *(one.prompt_id for one in made.includes)],
        {name, *made.names},
        is_fixed=root.label is None and made.is_fixed and renamed is None,
        renamed=renamed,
        sides=sides,
    )


def _sides(met: Iterable[Side | None]) -> tuple[Side, ...]:
    return tuple(one for one in met if one is not None)


async def pieces(
    tx: AsyncSession, where: InWorkspace, wanted: Iterable[Wanted], takes: Takes
) -> dict[Wanted, Piece]:
    """Each wanted prompt as the first of its selectors finds it; what is not there is left out."""
    asked = list(wanted)
    standings = await queries.standings(tx, where, {name for name, _ in asked})
    chosen: dict[Wanted, tuple[Standing, Selector, Chosen]] = {}
    for one in asked:
        standing = standings.get(one[0])
        for selector in one[1] if standing else ():
            if standing is not None and (found := choose(standing, selector, takes)) is not None:
                chosen[one] = standing, selector, found
                break
    rows = await queries.texts(
        tx, where, {(standing.prompt_id, found[0]) for standing, _, found in chosen.values()}
    )
    return {
        one: piece(standing, rows[standing.prompt_id, found[0]], selector, found[1])
        for one, (standing, selector, found) in chosen.items()
        if (standing.prompt_id, found[0]) in rows
    }


Chosen = tuple[int, Side | None]  # a version, and of which side of a label that splits


def choose(standing: Standing, selector: Selector, takes: Takes) -> Chosen | None:
    """Which version of a prompt a selector means, where a label splits for whom `takes` says."""
    if selector.number is not None:
        return selector.number, None
    if selector.label == LATEST:
        return (standing.newest, None) if standing.newest else None
    label = selector.label or ""
    number = standing.labels.get(label)
    if number is None:
        return None
    rollout = standing.rollouts.get(label)
    if rollout is None:
        return number, None
    is_taken = takes(standing.prompt_id, rollout)
    side = Side(standing.prompt_id, standing.name, label, number, rollout, is_taken)
    return side.number, side


def piece(standing: Standing, row: Any, selector: Selector, side: Side | None) -> Piece:
    label = selector.label if selector.number is None else None
    return Piece(
        standing.prompt_id,
        standing.name,
        row.number,
        label,
        row.text,
        list(row.variables),
        row.template_format,
        side,
    )
