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
from app.domain.releases.service import Failed, choose, piece, pieces, recorded
from app.domain.releases.sticky import Takes, by_key
from app.kit import cursor


@dataclass(slots=True)
class _Found:
    """Included prompts, looked up once for a page."""

    tx: AsyncSession
    where: InWorkspace
    takes: Takes
    known: dict[Wanted, Piece]

    async def __call__(self, wanted: Iterable[Wanted]) -> Mapping[Wanted, Piece]:
        asked = list(wanted)
        if missing := [one for one in asked if one not in self.known]:
            self.known |= await pieces(self.tx, self.where, missing, self.takes)
        return {one: self.known[one] for one in asked if one in self.known}


async def bundle(
    tx: AsyncSession,
    where: InWorkspace,
    label: str,
    after: str | None,
    limit: int,
    sticky: str = "",
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
    items, failed = await _made(tx, where, names[:limit], selector, by_key(sticky))
    body = b'{"label":%b,"items":[%b],"failed":%b,"next_cursor":%b}' % (
        msgspec.json.encode(label),
        b",".join(one.body for one in items),
        msgspec.json.encode(failed),
        msgspec.json.encode(following),
    )
    # Which side of a label somebody gets is in the items; that it depends on the key, in the page.
    sides = tuple(dict.fromkeys(side for one in items for side in one.sides))
    return record(body, (), (), is_fixed=False, sides=sides), following


def opened(page: Record) -> BundleView:
    """A page as values."""
    return msgspec.json.decode(page.body, type=BundleView)


async def _made(
    tx: AsyncSession, where: InWorkspace, names: list[str], selector: Selector, takes: Takes
) -> tuple[list[Record], list[dict[str, str]]]:
    standings = await queries.standings(tx, where, names)
    chosen = {name: choose(one, selector, takes) or (0, None) for name, one in standings.items()}
    rows = await queries.texts(
        tx, where, {(one.prompt_id, chosen[name][0]) for name, one in standings.items()}
    )
    find = _Found(tx, where, takes, {})
    items, failed = [], []
    for name in names:
        number, side = chosen[name]
        row = rows.get((standings[name].prompt_id, number))
        if row is None:
            continue
        root = piece(standings[name], row, selector, side)
        made = await recorded(standings[name], root, row, name, find)
        if isinstance(made, Failed):
            error = made.error
            failed.append({"name": name, "code": error.code, "detail": error.detail})
        else:
            items.append(made)
    return items, failed
