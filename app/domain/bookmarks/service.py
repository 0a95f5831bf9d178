"""Stars and saved views of the caller, who is a person: keys keep nothing at hand."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.tenancy import InWorkspace
from app.db import locks
from app.domain.bookmarks import queries
from app.domain.bookmarks.errors import KeepsEnough, ViewInvalid, ViewNotFound, ViewNotYours
from app.domain.bookmarks.models import SavedView
from app.domain.prompts.library import filtering
from app.errors import Unauthenticated
from app.kit import clock
from app.kit.ids import new_id

MOST_STARS = 200  # of one person in one workspace: all of them are read for every page
MOST_VIEWS = 50
NAME_LONGEST = 60


@dataclass(frozen=True, slots=True)
class AtHand:
    """What stands beside every page."""

    stars: list[dict[str, str]]  # of {id, title}, the last one first
    views: list[dict[str, object]]  # of {id, name, address, is_shared, is_mine}, by name


async def at_hand(tx: AsyncSession, where: InWorkspace, user_id: UUID) -> AtHand:
    rows = await queries.at_hand(tx, where, user_id)
    return AtHand(
        [{"id": str(one.id), "title": one.text} for one in rows if one.kind == "star"],
        [
            {
                "id": str(one.id),
                "name": one.text,
                "address": one.address,
                "is_shared": bool(one.is_shared),
                "is_mine": one.owner_id == user_id,
            }
            for one in rows
            if one.kind == "view"
        ],
    )


class StarsOf:
    """Implements `prompts.ports.Stars`."""

    async def of(self, tx: AsyncSession, caller: Principal) -> frozenset[UUID]:
        if caller.user_id is None:
            return frozenset()
        return frozenset(await queries.starred(tx, caller, caller.user_id))


class Bookmarks:
    """What the caller keeps in one workspace."""

    def __init__(self, tx: AsyncSession, caller: Principal) -> None:
        self._tx = tx
        self._caller = caller

    async def star(self, prompt_id: UUID, *, on: bool) -> None:
        """Give a prompt (known to be here) a star, or take it off; twice is as good as once.

        Raises `KeepsEnough`.
        """
        user_id = await self._begin()
        if not on:
            await queries.unstar(self._tx, self._caller, user_id, prompt_id)
            return
        there = await queries.starred(self._tx, self._caller, user_id)
        if prompt_id in there:
            return
        if len(there) >= MOST_STARS:
            raise KeepsEnough(f"{MOST_STARS} prompts have your star. Take one off first.")
        await queries.star(self._tx, self._caller, user_id, prompt_id, clock.utc_now())

    async def save(self, name: str, address: str, *, is_shared: bool) -> SavedView:
        """Keep an address of the library; one of the same name is replaced.

        Raises `ViewInvalid`, `KeepsEnough`.
        """
        name = _checked_name(name)
        if not address:
            raise ViewInvalid({"name": "Filter the list first: there is nothing to save."})
        if len(address) > filtering.LONGEST:
            raise ViewInvalid({"name": "These are too many filters for one view."})
        if is_shared:
            self._caller.require(Permission.PROMPTS_WRITE)
        user_id = await self._begin()
        mine = await queries.views_of(self._tx, self._caller, user_id)
        view = next((one for one in mine if one.name == name), None)
        if view is None:
            if len(mine) >= MOST_VIEWS:
                raise KeepsEnough(f"You have saved {MOST_VIEWS} views. Delete one first.")
            view = SavedView(
                id=new_id(), workspace_id=self._caller.workspace_id, owner_id=user_id, name=name
            )
            view.created_at = clock.utc_now()
        view.address, view.is_shared = address, is_shared
        self._tx.add(view)
        await self._tx.flush()
        return view

    async def rename(self, view_id: UUID, name: str) -> None:
        """Raises `ViewInvalid`, `ViewNotFound`, `ViewNotYours`."""
        name = _checked_name(name)
        user_id = await self._begin()
        view = await self._to_change(view_id)
        mine = await queries.views_of(self._tx, self._caller, user_id)
        if any(one.name == name and one.id != view_id for one in mine):
            raise ViewInvalid({"name": "You have another view of this name."})
        view.name = name

    async def remove(self, view_id: UUID) -> None:
        """Raises `ViewNotFound`, `ViewNotYours`."""
        await self._begin()
        await self._tx.delete(await self._to_change(view_id))

    async def _begin(self) -> UUID:
        """The person. What they do in two tabs at once comes one after the other."""
        self._caller.require(Permission.PROMPTS_READ)
        if self._caller.user_id is None:
            raise Unauthenticated("Sign in: stars and views belong to people.")
        await locks.hold(self._tx, f"bookmarks-{self._caller.user_id}")
        return self._caller.user_id

    async def _to_change(self, view_id: UUID) -> SavedView:
        """The person's own; a shared one is also an admin's to tidy up."""
        user_id = self._caller.user_id
        view = await queries.view(self._tx, self._caller, view_id, user_id) if user_id else None
        if view is None:
            raise ViewNotFound("This view is not here any more.")
        if view.owner_id != user_id and not self._caller.can(Permission.WORKSPACE_MANAGE):
            raise ViewNotYours("Only who saved a view, or an admin, can change it.")
        return view


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise ViewInvalid({"name": "Enter a name."})
    if len(name) > NAME_LONGEST:
        raise ViewInvalid({"name": f"Use at most {NAME_LONGEST} characters."})
    if not name.isprintable():
        raise ViewInvalid({"name": "Use a single line."})
    return name
