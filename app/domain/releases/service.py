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
from app.domain.prompts.names import Renamed
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

_decode = msgspec.json.Decoder(ReleaseView).decode
LOADS = Counter("promptroom_fetch_loads", "Answers that were made from the database")


@dataclass(frozen=True, slots=True)
class _Nothing:
    reason: str


class Releases:
    """The released prompts of all workspaces that are asked for here."""

    def __init__(self, database: Database, news: News, jinja: Jinja) -> None:
        self._database = database
        self._jinja = jinja
        self.news = news
        self.cache: Cache = news.cache
        self._loading: dict[tuple[Key, int], asyncio.Task[Record]] = {}

    async def get(self, caller: Principal, name: str, selector: Selector) -> Record:
        """What a program gets by a prompt's name; an old name is the prompt's that had it.

        Raises `NothingReleased`, `ReleasesUncertain`, and what `composed` does.
        """
        caller.require(Permission.PROMPTS_READ)
        key = (caller.workspace_id, name, selector.query)
        shelf = await self.news.current(caller.workspace_id)
        if (found := self.cache.get(key)) is not None:
            return found
        if self.cache.is_nothing(key):
            raise _nothing(name, selector)
        # Those who ask for the same at the same state of the log share the work.
        flight = key, shelf.applied
        task = self._loading.get(flight)
        if task is None:
            task = self._loading[flight] = asyncio.create_task(self._load(shelf, key, selector))
            task.add_done_callback(lambda _: self._loading.pop(flight, None))
        return await asyncio.shield(task)

    async def read(self, caller: Principal, name: str, selector: Selector) -> ReleaseView:
        """The same as values. Raises what `get` does."""
        return _decode((await self.get(caller, name, selector)).pick(caller.actor).body)

    async def rendered(
        self, caller: Principal, found: ReleaseView, given: Mapping[str, Any]
    ) -> list[Rendered]:
        """The messages of what `get` found, with every variable filled in.

        Raises what `rendering.rendered_jinja` does.
        """
        if found.template_format == MUSTACHE:
            return rendered(found.text, found.variables, given)
        return await rendered_jinja(
            self._jinja, caller.workspace_id, found.text, found.variables, given
        )

    async def _load(self, shelf: Shelf, key: Key, selector: Selector) -> Record:
        LOADS.inc()
        where = Inside(key[0])
        async with self._database.within(where).transaction(write=False) as tx:
            seq = await queries.head(tx, where)
            made = await answer(tx, where, key[1], selector)
        # What was read before the last known change may be what it was before that.
        if seq >= shelf.applied and self.news.shelves.get(key[0]) is shelf:
            if made is None:
                self.cache.put_nothing(key)
            else:
                self.cache.put(key, made)
        if made is None:
            raise _nothing(key[1], selector)
        return made


def _nothing(name: str, selector: Selector) -> NothingReleased:
    return NothingReleased(f"There is no prompt {name} with the {selector.words} here.")


async def answer(
    tx: AsyncSession, where: InWorkspace, name: str, selector: Selector
) -> Record | None:
    """The answer as it is now. Raises what `composed` does."""
    standing = (await queries.standings(tx, where, [name])).get(name)
    number = number_of(standing, selector) if standing else None
    if standing is None or number is None:
        return None
    row = (await queries.texts(tx, where, [(standing.prompt_id, number)])).get(
        (standing.prompt_id, number)
    )
    if row is None:
        return None

    async def find(wanted: Iterable[Wanted]) -> Mapping[Wanted, Piece]:
        return await pieces(tx, where, wanted)

    return await recorded(standing, row, name, selector, find)


async def recorded(
    standing: Standing, row: Any, name: str, selector: Selector, find: Find
) -> Record:
    """The answer that a version makes, asked for by `name`. Raises what `composed` does."""
    root = _piece(standing, row, selector)
    made = await composed(root, selector, find)
    renamed = Renamed(standing.name, standing.renamed_at) if standing.renamed_at else None
    view = release_view(row, root, selector.label, made, name if renamed else None)
    return record(
        msgspec.json.encode(view),
        [root.prompt_id, *(one.prompt_id for one in made.includes)],
        {name, *made.names},
        is_fixed=selector.number is not None and made.is_fixed and renamed is None,
        renamed=renamed,
    )


async def pieces(
    tx: AsyncSession, where: InWorkspace, wanted: Iterable[Wanted]
) -> dict[Wanted, Piece]:
    """Each wanted prompt as the first of its selectors finds it; what is not there is left out."""
    asked = list(wanted)
    standings = await queries.standings(tx, where, {name for name, _ in asked})
    chosen: dict[Wanted, tuple[Standing, int, Selector]] = {}
    for one in asked:
        standing = standings.get(one[0])
        for selector in one[1] if standing else ():
            if standing is not None and (number := number_of(standing, selector)) is not None:
                chosen[one] = standing, number, selector
                break
    rows = await queries.texts(
        tx, where, {(standing.prompt_id, number) for standing, number, _ in chosen.values()}
    )
    return {
        one: _piece(standing, rows[standing.prompt_id, number], selector)
        for one, (standing, number, selector) in chosen.items()
        if (standing.prompt_id, number) in rows
    }


def number_of(standing: Standing, selector: Selector) -> int | None:
    if selector.number is not None:
        return selector.number
    if selector.label == LATEST:
        return standing.newest or None
    return standing.labels.get(selector.label or "")


def _piece(standing: Standing, row: Any, selector: Selector) -> Piece:
    label = selector.label if selector.number is None else None
    return Piece(
        standing.prompt_id,
        standing.name,
        row.number,
        label,
        row.text,
        list(row.variables),
        row.template_format,
    )
