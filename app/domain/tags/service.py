"""What people can do with a tag wherever it is."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from app.access.permissions import Permission
from app.access.principal import Principal
from app.db.after import after_commit
from app.domain.prompts.policy import normal_tags, tags_problem
from app.domain.prompts.ports import PROMPT_CHANGED, Rooms
from app.domain.tags import queries
from app.domain.tags.errors import TagInvalid, TagNotFound, TagTaken
from app.kit import cursor
from app.web.paging import Page, cut

MOST_AT_ONCE = 2_000  # to who asks for no limit


class Tags:
    """The tags of the caller's workspace."""

    def __init__(self, tx: AsyncSession, caller: Principal, rooms: Rooms) -> None:
        self._tx = tx
        self._caller = caller
        self._rooms = rooms

    async def page(self, limit: int, after: str | None = None) -> Page[tuple[str, int]]:
        """By name, with how many prompts have each, archived ones included.

        Raises `InvalidCursor`.
        """
        self._caller.require(Permission.PROMPTS_READ)
        last = cursor.decode(after, tuple[str])[0] if after else None
        return await self._page(queries.after(last), limit)

    async def page_with(self, tag: str, limit: int) -> Page[tuple[str, int]]:
        """The first page, or, if the tag is not on it, the one that begins with the tag."""
        first = await self.page(limit)
        if any(name == tag for name, _ in first.items):
            return first
        return await self._page(queries.since(tag), limit)

    async def one(self, tag: str, *, holds: bool = False) -> tuple[str, int]:
        """`holds` keeps the prompts that have it until the transaction ends.

        Raises `TagNotFound`.
        """
        self._caller.require(Permission.PROMPTS_READ)
        if holds:
            self._caller.require(Permission.PROMPTS_WRITE)
            return tag, len(await self._tagged(tag))
        number = await queries.count(self._tx, self._caller, tag)
        if not number:
            raise TagNotFound(f"No prompt has the tag {tag} here.")
        return tag, number

    async def rename(self, tag: str, to: str, *, merges: bool = False) -> tuple[str, int]:
        """The tag's new form, and how many prompts have it then.

        If others have the new one already the two become one, but only if that is meant
        (`merges`): there is no way back. Raises `TagInvalid`, `TagNotFound`, `TagTaken`.
        """
        self._caller.require(Permission.PROMPTS_WRITE)
        new = _checked(to)
        rooms = await self._tagged(tag)
        if new == tag:
            return tag, len(rooms)
        if not merges and (number := await queries.count(self._tx, self._caller, new)):
            raise TagTaken(
                f"{_prompts(number)} the tag {new} already. Merge the two, or choose another name.",
                tag=new,
                count=number,
            )
        await queries.rename(self._tx, self._caller, tag, new)
        self._tell(rooms)
        return new, await queries.count(self._tx, self._caller, new)

    async def remove(self, tag: str) -> int:
        """Take a tag off every prompt; how many had it. Raises `TagNotFound`."""
        self._caller.require(Permission.PROMPTS_WRITE)
        rooms = await self._tagged(tag)
        await queries.remove(self._tx, self._caller, tag)
        self._tell(rooms)
        return len(rooms)

    async def _page(self, beyond: ColumnElement[bool], limit: int) -> Page[tuple[str, int]]:
        rows = await queries.counts(self._tx, self._caller, beyond, limit + 1)
        return cut(rows, limit, lambda row: (row[0],))

    async def _tagged(self, tag: str) -> list[UUID]:
        rooms = await queries.rooms_tagged(self._tx, self._caller, tag)
        if not rooms:
            raise TagNotFound(f"No prompt has the tag {tag} here.")
        return rooms

    def _tell(self, room_ids: Sequence[UUID]) -> None:
        """Only where somebody is: a tag may be on thousands of prompts."""

        def tell() -> None:
            for room_id in self._rooms.people(room_ids):
                self._rooms.announce(room_id, PROMPT_CHANGED, {"fields": ["tags"]}, self._caller)

        after_commit(self._tx, tell)


def _checked(tag: str) -> str:
    tags = normal_tags([tag])
    problem = tags_problem(tags) if tags else "Enter a name."
    if problem:
        raise TagInvalid({"name": problem})
    return tags[0]


def _prompts(number: int) -> str:
    return "One prompt has" if number == 1 else f"{number:,} prompts have"
