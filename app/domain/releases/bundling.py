"""All that is released under a label, page by page, in as many statements for ten as for one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.tenancy import InWorkspace
from app.domain.releases import queries
from app.domain.releases.composing import Piece, Wanted
from app.domain.releases.queries import Standing
from app.domain.releases.record import Record, record
from app.domain.releases.schemas import BundleView
from app.domain.releases.selector import LATEST, Selector
from app.domain.releases.service import Chosen, Failed, choose, piece, pieces, recorded
from app.domain.releases.sticky import Takes, by_key
from app.kit import cursor

# Of texts on a page, and of what they come to: a hundred of the longest would be a gigabyte for the
# one who asks, and seconds for everybody else.
PAGE_SIZE = 4 * 1024 * 1024


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
    items, failed, done = await _made(tx, where, names[:limit], Selector(label), by_key(sticky))
    following = cursor.encode(names[done - 1]) if len(names) > done else None
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
) -> tuple[list[Record], list[dict[str, str]], int]:
    """What is released, what failed, and how many names that were: as many as a page holds."""
    standings = await queries.standings(tx, where, names)
    chosen: dict[str, Chosen] = {
        name: choose(one, selector, takes) or (0, None) for name, one in standings.items()
    }
    names = names[: await _fitting(tx, where, names, standings, chosen)]
    rows = await queries.texts(
        tx, where, {(standings[name].prompt_id, chosen[name][0]) for name in names}
    )
    find = _Found(tx, where, takes, {})
    items: list[Record] = []
    failed, done, size = [], 0, 0
    for name in names:
        if size > PAGE_SIZE:
            break
        done += 1
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
            size += len(made.body)
        await asyncio.sleep(0)  # others are served meanwhile
    return items, failed, done


async def _fitting(
    tx: AsyncSession,
    where: InWorkspace,
    names: list[str],
    standings: Mapping[str, Standing],
    chosen: Mapping[str, Chosen],
) -> int:
    """How many of the first texts are not too long together; the first one is always among them."""
    keys = [(standings[name].prompt_id, chosen[name][0]) for name in names]
    lengths = await queries.lengths(tx, where, keys)
    sums = accumulate(lengths.get(key, 0) for key in keys)
    return max(1, sum(1 for one in sums if one <= PAGE_SIZE))
