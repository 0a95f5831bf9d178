"""What prompts ask of slices they may not import, and how it is handed to them.

Rooms carry the news; versions know what is released. The server puts both in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.tenancy import InWorkspace
from app.domain.prompts.models import Branch
from app.domain.rooms.guard.blame import Blocks
from app.domain.rooms.room.crediting import Writers
from app.domain.rooms.room.document import Plan
from app.errors import AppError
from app.kit.rollouts import Rollout

PROMPT_CHANGED = "prompt.changed"  # {"fields": ["title", "tags", …]}
SETTINGS_CHANGED = "settings.changed"  # {"fields": ["config.temperature", "variables.currency"]}


class Announcer(Protocol):
    """Tells the people in a room."""

    def announce(
        self, document_id: UUID, kind: str, data: dict[str, Any], by: Principal | None
    ) -> None:
        """Never blocks; to be called after the commit."""


class Reading(Protocol):
    """What a live document holds on disk."""

    @property
    def epoch(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def state(self) -> bytes: ...
    @property
    def state_vector(self) -> bytes: ...
    @property
    def contributors(self) -> dict[str, int]: ...
    @property
    def blocks(self) -> Blocks: ...


class Here(Protocol):
    """Someone who has a document open."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def hue(self) -> str: ...
    @property
    def initials(self) -> str: ...


@runtime_checkable  # Litestar checks what it injects
class Rooms(Announcer, Protocol):
    """The live engine. `read`, `rewrite`, `revise` never inside a write transaction."""

    async def read(self, document_id: UUID, since: bytes | None = None) -> Reading: ...

    async def rewrite(
        self, document_id: UUID, text: str, actor: str, writers: Writers = ()
    ) -> Reading: ...

    async def revise(self, document_id: UUID, plan: Plan, actor: str) -> Reading: ...

    def people(self, document_ids: Iterable[UUID]) -> Mapping[UUID, Sequence[Here]]: ...

    def occupied(self) -> set[UUID]:
        """The rooms, of all workspaces, that somebody is in."""


@dataclass(frozen=True, slots=True)
class Release:
    """Where a prompt's versions stand."""

    newest: int | None = None
    labels: dict[str, int] = field(default_factory=dict)  # `latest` is not among them
    rollouts: dict[str, Rollout] = field(default_factory=dict)  # of labels that split


@dataclass(frozen=True, slots=True)
class Recent:
    """A version as the editor's side panel lists it."""

    number: int
    message: str
    author: Here
    people: Sequence[Here]
    at: datetime
    labels: list[str]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is published of one prompt, beside its live text."""

    published: int | None
    labels: list[dict[str, Any]]  # of {name, number}, `latest` last
    draft: str  # "Edited since v12", "" = nothing is unpublished
    recent: list[Recent]

    @property
    def head(self) -> dict[str, Any]:
        """As templates/prompts/_head.html takes it."""
        return {
            "published": self.published,
            "next_number": (self.published or 0) + 1,
            "labels": self.labels,
        }


Sort = Literal["best", "edited", "title"]  # "best" without a search is "edited"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; "", () or None = not by this.

    Several values of one kind are alternatives, and `archived` is one more label: production and
    archived are those in production, and beside them those in the archive.
    """

    q: str = ""
    folder: str = ""
    tags: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    owners: tuple[UUID, ...] = ()
    archived: bool = False
    starred: frozenset[UUID] | None = None  # only these prompts
    live: frozenset[UUID] | None = None  # only those with these rooms


@dataclass(frozen=True, slots=True)
class FoundIds:
    """Some of the prompts found, in order, and where the following ones begin."""

    ids: list[UUID]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many prompts each further filter would leave, the other filters in force."""

    labels: list[tuple[str, int]]
    drafts: int
    archived: int
    tags: list[tuple[str, int]]
    more_tags: int
    models: list[tuple[str, int]]
    owners: list[tuple[UUID, int]]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What may have been meant by a search that finds nothing."""

    q: str
    count: int


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Where in a text the search was found: pieces with `text` and `is_hit`, and the line."""

    pieces: Sequence[Any]
    line: int


class Selection(Protocol):
    """The prompts that filters leave."""

    @property
    def count(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def suggestion(self) -> Suggestion | None: ...

    @property
    def is_search(self) -> bool: ...
    @property
    def stamp(self) -> int:
        """Of the workspace's last change that is in it."""

    def edited_at(self, prompt_id: UUID) -> datetime | None:
        """With what is being typed now; the prompt's own time may be some seconds behind."""

    def marked(self, text: str) -> Sequence[Any]:
        """`text` in pieces as an excerpt has them."""

    def excerpt(self, text: str) -> Excerpt | None: ...
    def page(self, sort: Sort, after: str | None, limit: int) -> FoundIds: ...
    def counts(self, most: int) -> Counts: ...
    def count_starred(self, prompt_ids: Iterable[UUID]) -> int: ...
    def count_live(self, room_ids: Iterable[UUID]) -> int: ...
    def own_rooms(self, room_ids: Iterable[UUID]) -> list[UUID]:
        """Those that are of the workspace, whatever the filters are."""

    def folders(self) -> list[tuple[str, int]]: ...


@dataclass(frozen=True, slots=True)
class Similar:
    """A prompt that says nearly the same."""

    prompt_id: UUID
    title: str
    percent: int  # of what both say together


@dataclass(frozen=True, slots=True)
class Alike:
    """What a text is like: prompts that say nearly the same, tags that its neighbours have."""

    similar: Sequence[Similar] = ()
    tags: Sequence[str] = ()


@runtime_checkable  # Litestar checks what it injects
class Finder(Protocol):
    """The search slice. Its transactions are its own."""

    def looking(
        self, where: InWorkspace, filters: Filters
    ) -> AbstractAsyncContextManager[tuple[AsyncSession, Selection]]:
        """What `filters` leave, and a transaction in which the index has all that is in it."""

    async def folders(self, where: InWorkspace) -> list[tuple[str, int]]: ...

    async def alike(
        self, where: InWorkspace, prompt_id: UUID, text: str, tags: Sequence[str]
    ) -> Alike: ...

    async def alike_titles(self, where: InWorkspace, title: str) -> Sequence[Similar]: ...

    async def excerpts(
        self, tx: AsyncSession, where: InWorkspace, found: Selection, ids: Sequence[UUID]
    ) -> Mapping[UUID, Excerpt]: ...


@runtime_checkable  # Litestar checks what it injects
class Composition(Protocol):
    """Whoever knows what includes what. Called inside the transaction that changes it."""

    async def let_go(self, tx: AsyncSession, where: InWorkspace, name: str) -> None:
        """The old name `name` ceases to stand for its prompt.

        Raises `OldNameIncluded` when that changes what a released prompt says.
        """


class Unasked:
    """Where nobody lets go of an old name; whoever does it all the same is refused."""

    async def let_go(self, tx: AsyncSession, where: InWorkspace, name: str) -> None:
        raise RuntimeError(f"Nobody was asked who includes by {name}.")


UNASKED = Unasked()


@runtime_checkable  # Litestar checks what it injects
class Stars(Protocol):
    """What the slice of bookmarks answers."""

    async def of(self, tx: AsyncSession, caller: Principal) -> frozenset[UUID]:
        """The prompts that the caller has starred; a key has none."""


@runtime_checkable  # Litestar checks what it injects
class Releases(Protocol):
    """What the versions slice answers about many prompts at once."""

    async def of(
        self, tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
    ) -> dict[UUID, Release]: ...

    async def label_newest(
        self, tx: AsyncSession, caller: Principal, rooms: Announcer, prompt_id: UUID, label: str
    ) -> str:
        """Put a label on the newest version; the move's id, "" when there is nothing to move.

        Raises what moving a label raises.
        """

    async def take_back(
        self, tx: AsyncSession, caller: Principal, rooms: Announcer, prompt_id: UUID, move: str
    ) -> Sequence[AppError] | None:
        """Undo a move, "label id"; none = the label has moved since, and stays where it is.

        Gives what programs cannot be given since: that keeps nobody from going back.
        """

    async def problems(
        self, tx: AsyncSession, caller: Principal, prompt_id: UUID, label: str
    ) -> Sequence[AppError]:
        """What programs cannot be given now, by a label or by what includes the prompt."""

    async def standing(
        self, tx: AsyncSession, where: InWorkspace, branch: Branch, text: str
    ) -> Standing: ...
