"""All that is released under a label, page by page, in as many statements for ten as for one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace
from app.domain.releases import queries
from app.domain.releases.composing import Piece, Wanted
from app.domain.releases.record import Record, record
from app.domain.releases.schemas import BundleView
from app.domain.releases.selector import LATEST, Selector
from app.domain.releases.service import number_of, pieces, recorded
from app.errors import AppError
from app.kit import cursor


@dataclass(slots=True)
class _Found:
    """Included prompts, looked up once for a page."""

    tx: AsyncSession
    where: InWorkspace
    known: dict[Wanted, Piece]

    async def __call__(self, wanted: Iterable[Wanted]) -> Mapping[Wanted, Piece]:
        asked = list(wanted)
        if missing := [one for one in asked if one not in self.known]:
            self.known |= await pieces(self.tx, self.where, missing)
        return {one: self.known[one] for one in asked if one in self.known}


async def bundle(
    tx: AsyncSession, where: InWorkspace, label: str, after: str | None, limit: int
) -> tuple[Record, str | None]:
    """A page, and the cursor of the next one.

    What cannot be put together is named among `failed`, and the others come all the same.
    """
    start = cursor.decode(after, tuple[str])[0] if after else ""
    if label == LATEST:
        names = await queries.published(tx, where, start, limit + 1)
    else:
        names = await queries.labelled(tx, where, label, start, limit + 1)
    following = cursor.encode(names[limit - 1]) if len(names) > limit else None
    selector = Selector(label)
    items, failed = await _made(tx, where, names[:limit], selector)
    body = b'{"label":%b,"items":[%b],"failed":%b,"next_cursor":%b}' % (
        msgspec.json.encode(label),
        b",".join(one.body for one in items),
        msgspec.json.encode(failed),
        msgspec.json.encode(following),
    )
    return record(body, (), (), is_fixed=False), following


def opened(page: Record) -> BundleView:
    """A page as values."""
    return msgspec.json.decode(page.body, type=BundleView)


async def _made(
    tx: AsyncSession, where: InWorkspace, names: list[str], selector: Selector
) -> tuple[list[Record], list[dict[str, str]]]:
    standings = await queries.standings(tx, where, names)
    numbers = {name: number_of(one, selector) or 0 for name, one in standings.items()}
    rows = await queries.texts(
        tx, where, {(one.prompt_id, numbers[name]) for name, one in standings.items()}
    )
    find = _Found(tx, where, {})
    items, failed = [], []
    for name in names:
        row = rows.get((standings[name].prompt_id, numbers[name]))
        if row is None:
            continue
        try:
            items.append(await recorded(standings[name], row, name, selector, find))
        except AppError as error:
            failed.append({"name": name, "code": error.code, "detail": error.detail})
    return items, failed
