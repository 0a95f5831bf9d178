"""What people can do with folders. Moving one moves everything in it, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.access.tenancy import InWorkspace
from app.db import locks
from app.db.after import after_commit
from app.domain.folders import policy, queries
from app.domain.folders.errors import FolderNotFound, FolderTaken
from app.domain.folders.policy import Node
from app.domain.folders.queries import Lying
from app.domain.prompts import activity
from app.domain.prompts.ports import PROMPT_CHANGED, Rooms
from app.kit import clock, cursor
from app.web.paging import Page, cut

MOST_AT_ONCE = 2_000  # to who asks for no limit


async def made(tx: AsyncSession, where: InWorkspace) -> list[str]:
    """The folders that stay when they are empty: for the tree beside every page."""
    return list(await queries.made(tx, where))


class Folders:
    """The folders of the caller's workspace."""

    def __init__(self, tx: AsyncSession, caller: Principal, rooms: Rooms) -> None:
        self._tx = tx
        self._caller = caller
        self._rooms = rooms

    async def all(self) -> list[Node]:
        """Each after the one it lies in, by name."""
        self._caller.require(Permission.PROMPTS_READ)
        counts = await queries.counts(self._tx, self._caller)
        return policy.tree(counts, await queries.made(self._tx, self._caller))

    async def page(self, limit: int, after: str | None = None) -> Page[Node]:
        """Some of them, in the same order. Raises `InvalidCursor`."""
        nodes: Sequence[Node] = await self.all()
        if after:
            nodes = policy.after(nodes, cursor.decode(after, tuple[str])[0])
        return cut(nodes[: limit + 1], limit, lambda node: (node.path,))

    async def page_with(self, path: str, limit: int) -> Page[Node]:
        """The first page, or, if the folder is not on it, the one that begins with the folder."""
        nodes = await self.all()
        at = next((place for place, node in enumerate(nodes) if node.path == path), 0)
        nodes = nodes[at if at >= limit else 0 :]
        return cut(nodes[: limit + 1], limit, lambda node: (node.path,))

    async def one(self, path: str, *, holds: bool = False) -> Node:
        """`holds` keeps others from changing folders until the transaction ends.

        Raises `FolderNotFound`.
        """
        if holds:
            await self._begin()
        found = next((node for node in await self.all() if node.path == path), None)
        if found is None:
            raise FolderNotFound(f"There is no folder {path} here.")
        return found

    async def create(self, path: str) -> Node:
        """An empty folder that stays. Raises `FolderInvalid`, `FolderTaken`."""
        path = policy.checked(path)
        await self._begin()
        await self._require_free(path)
        there = await queries.made(self._tx, self._caller)
        # Those above stay, too: one that went with the last folder in it would surprise.
        missing = [one for one in policy.line(path) if one not in there]
        by, at = self._caller.actor, clock.utc_now()
        await queries.make(self._tx, self._caller, [(one, by, at) for one in missing])
        return Node(path)

    async def move(self, path: str, to: str) -> int:
        """Give a folder another path, with everything in it; how many prompts moved.

        Raises `FolderInvalid`, `FolderNotFound`, `FolderTaken`.
        """
        to = policy.checked(to)
        await self._begin()
        prompts = await self._inside(path)
        if to == path:
            return 0
        made = await queries.made_within(self._tx, self._caller, path)
        longest = max([*(one.length for one in prompts), *(len(one.path) for one in made)])
        policy.check_move(path, to, longest)
        await self._require_free(to)
        await self._carry(path, to, prompts)
        return len(prompts)

    async def remove(self, path: str) -> int:
        """Take a folder away: what lay in it lies in the one above then; how many prompts that is.

        Raises `FolderNotFound`.
        """
        await self._begin()
        prompts = await self._inside(path)
        await self._carry(path, policy.parent(path), prompts)
        return len(prompts)

    async def _begin(self) -> None:
        self._caller.require(Permission.PROMPTS_WRITE)
        await locks.hold(self._tx, f"folders-{self._caller.workspace_id}")

    async def _inside(self, path: str) -> list[Lying]:
        prompts = await queries.lying_within(self._tx, self._caller, path)
        if not prompts and not await queries.made_within(self._tx, self._caller, path):
            raise FolderNotFound(f"There is no folder {path} here.")
        return prompts

    async def _require_free(self, path: str) -> None:
        is_used = await queries.is_used(self._tx, self._caller, path)
        if is_used or await queries.made_within(self._tx, self._caller, path):
            raise FolderTaken(f"The folder {path} is there already.", path=path)

    async def _carry(self, old: str, new: str, prompts: list[Lying]) -> None:
        made = await queries.made_within(self._tx, self._caller, old)
        there = set(await queries.made(self._tx, self._caller))
        is_removal = new == policy.parent(old)
        carried = {
            policy.moved(one.path, old, new): one
            for one in made
            if not (is_removal and one.path == old)
        }
        await queries.forget_within(self._tx, self._caller, old)
        await queries.make(
            self._tx,
            self._caller,
            [
                (path, one.created_by, one.created_at)
                for path, one in carried.items()
                if path not in there
            ],
        )
        await queries.move_prompts(self._tx, self._caller, old, new)
        for one in prompts:
            self._note(one, policy.moved(one.folder, old, new))
        self._tell(one.room_id for one in prompts)

    def _note(self, one: Lying, folder: str) -> None:
        before, after = {"folder": one.folder}, {"folder": folder}
        activity.note_changes(self._tx, self._caller, one.prompt_id, before, after)

    def _tell(self, room_ids: Iterable[UUID]) -> None:
        """Only where somebody is: a folder may hold thousands of rooms."""
        rooms = list(room_ids)

        def tell() -> None:
            for room_id in self._rooms.people(rooms):
                self._rooms.announce(room_id, PROMPT_CHANGED, {"fields": ["folder"]}, self._caller)

        after_commit(self._tx, tell)
