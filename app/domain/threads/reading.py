"""Reading threads: lists, single ones, what is unread, whom one may mention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.permissions import Permission
from app.access.principal import Principal
from app.domain.prompts import people
from app.domain.prompts.errors import PromptNotFound
from app.domain.prompts.people import Shown
from app.domain.prompts.ports import Rooms
from app.domain.threads import queries, views
from app.domain.threads.errors import CommentNotFound, ThreadNotFound
from app.domain.threads.models import Comment, Thread
from app.domain.threads.policy import MOST_COMMENTS, Filter
from app.domain.threads.views import Conversation, Material, Said
from app.domain.versions.history import History
from app.kit import cursor
from app.web.paging import Page, cut

NEWEST = 20  # comments of each thread in a list, beside its first one
MOST_ANCHORS = 2_000  # that one text is drawn with
MOST_PEOPLE = 8  # offered while a mention is typed
_ABOVE_ALL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Counts:
    """How many threads of a prompt each filter leaves."""

    open: int
    mine: int  # open ones that the caller has written in or is named in
    resolved: int

    @property
    def all(self) -> int:
        return self.open + self.resolved


@dataclass(frozen=True, slots=True)
class Mentionable:
    """A member who may be mentioned."""

    user_id: UUID
    person: Shown
    is_here: bool  # has the prompt open now


class Conversations:
    """What there is to read in the caller's workspace, in a constant number of queries."""

    def __init__(self, tx: AsyncSession, caller: Principal, rooms: Rooms) -> None:
        self._tx = tx
        self._caller = caller
        self._rooms = rooms

    async def page(
        self, prompt_id: UUID, which: Filter = "open", limit: int = 50, after: str | None = None
    ) -> Page[Conversation]:
        """A prompt's threads, the newest first. Raises `PromptNotFound`, `InvalidCursor`."""
        await self.room(prompt_id)
        below = cursor.decode(after, tuple[int])[0] if after else _ABOVE_ALL
        rows = await queries.listed(self._tx, self._caller, prompt_id, which, (below, limit + 1))
        page = cut(rows, limit, lambda thread: (thread.number,))
        return Page(await self._shown(page.items, NEWEST), page.next_cursor)

    async def these(self, prompt_id: UUID, thread_ids: Sequence[UUID]) -> list[Conversation]:
        """Those of the threads that the prompt has, in the order in which they were started."""
        await self.room(prompt_id)
        rows = await queries.these(self._tx, self._caller, prompt_id, thread_ids)
        return await self._shown(rows, NEWEST)

    async def open(self, thread_id: UUID) -> Conversation:
        """A thread with all of its comments. Raises `ThreadNotFound`."""
        [shown] = await self._shown([await self.thread(thread_id)], MOST_COMMENTS)
        return shown

    async def thread(self, thread_id: UUID) -> Thread:
        """Its row alone. Raises `ThreadNotFound`."""
        self._caller.require(Permission.PROMPTS_READ)
        found = await queries.thread(self._tx, self._caller, thread_id)
        if found is None:
            raise ThreadNotFound("Check the address. It may have been deleted.")
        return found

    async def comment(self, comment_id: UUID) -> Comment:
        """Its row alone. Raises `CommentNotFound`."""
        self._caller.require(Permission.PROMPTS_READ)
        found = await queries.comment(self._tx, self._caller, comment_id)
        if found is None:
            raise CommentNotFound("Check the address. It may have been deleted.")
        return found

    async def said(self, comment_id: UUID) -> Said:
        """A comment, ready to be shown. Raises `CommentNotFound`."""
        comment = await self.comment(comment_id)
        row = await self.thread(comment.thread_id)
        [shown] = await self._conversations([row], {row.id: [comment]})
        return shown.comments[0]

    async def anchors(self, prompt_id: UUID) -> Sequence[Thread]:
        """Every open thread on words, to draw them in a text; at most 2,000, the oldest first."""
        await self.room(prompt_id)
        return await queries.anchored(self._tx, self._caller, prompt_id, MOST_ANCHORS)

    async def counts(self, prompt_id: UUID) -> Counts:
        self._caller.require(Permission.PROMPTS_READ)
        return Counts(*await queries.counted(self._tx, self._caller, prompt_id))

    async def text_of(self, prompt_id: UUID, ref: str) -> str:
        """A version's text: by number, label or `latest`. Raises `VersionNotFound`."""
        history = History(self._tx, self._caller, self._rooms)
        return (await history.side(await history.open(prompt_id), ref)).text

    async def people_to_mention(self, prompt_id: UUID, typed: str = "") -> list[Mentionable]:
        """Members whose name or e-mail has what was typed; those in the room now on top."""
        self._caller.require(Permission.MEMBERS_READ)
        room_id = await self.room(prompt_id)
        here = self._rooms.people([room_id]).get(room_id, ())
        first = [UUID(one.id.removeprefix("user:")) for one in here if one.id.startswith("user:")]
        found = await queries.members_like(self._tx, self._caller, typed, first, MOST_PEOPLE)
        return [Mentionable(one.id, people.shown(one), one.id in first) for one in found]

    async def room(self, prompt_id: UUID) -> UUID:
        """The room whose text a prompt's threads are on. Raises `PromptNotFound`."""
        self._caller.require(Permission.PROMPTS_READ)
        found = await queries.room_of(self._tx, self._caller, prompt_id)
        if found is None:
            raise PromptNotFound("Check the address. It may belong to another workspace.")
        return found

    async def _shown(self, threads: Sequence[Thread], newest: int) -> list[Conversation]:
        if not threads:
            return []
        ids = [thread.id for thread in threads]
        comments: dict[UUID, list[Comment]] = {}
        for one in await queries.comments(self._tx, self._caller, ids, newest):
            comments.setdefault(one.thread_id, []).append(one)
        return await self._conversations(threads, comments)

    async def _conversations(
        self, threads: Sequence[Thread], comments: Mapping[UUID, Sequence[Comment]]
    ) -> list[Conversation]:
        material = await self._material(threads, comments)
        return views.conversations(threads, self._caller, material)

    async def _material(
        self, threads: Sequence[Thread], comments: Mapping[UUID, Sequence[Comment]]
    ) -> Material:
        ids = [thread.id for thread in threads]
        every = [one for listed in comments.values() for one in listed]
        comment_ids = [one.id for one in every]
        reactions = await queries.reactions(self._tx, self._caller, comment_ids)
        actors = views.actors(threads, every, reactions)
        return Material(
            comments=comments,
            reactions=reactions,
            mentions=await queries.mentions(self._tx, self._caller, comment_ids),
            read=await queries.reading(self._tx, self._caller, ids),
            people=await people.named(self._tx, self._caller, actors),
        )
