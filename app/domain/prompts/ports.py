"""What prompts ask of slices they may not import, and how it is handed to them.

Rooms carry the news; versions know what is released. The server puts both in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principal import Principal
from app.access.tenancy import InWorkspace
from app.domain.prompts.models import Branch
from app.domain.rooms.blame import Blocks
from app.domain.rooms.crediting import Writers

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
    """The live engine. `read` and `rewrite` never inside a write transaction."""

    async def read(self, document_id: UUID, since: bytes | None = None) -> Reading: ...

    async def rewrite(
        self, document_id: UUID, text: str, actor: str, writers: Writers = ()
    ) -> Reading: ...

    def people(self, document_ids: Iterable[UUID]) -> Mapping[UUID, Sequence[Here]]: ...


@dataclass(frozen=True, slots=True)
class Release:
    """Where a prompt's versions stand."""

    newest: int | None = None
    labels: dict[str, int] = field(default_factory=dict)  # `latest` is not among them


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


class Narrowing(Protocol):
    """The conditions of a list of prompts."""

    @property
    def where(self) -> InWorkspace: ...

    def narrowed(self, statement: Select[*tuple[Any, ...]], but: str = "") -> Any: ...


@runtime_checkable  # Litestar checks what it injects
class Releases(Protocol):
    """What the versions slice answers about many prompts at once."""

    async def of(
        self, tx: AsyncSession, where: InWorkspace, prompt_ids: Sequence[UUID]
    ) -> dict[UUID, Release]: ...

    async def counts(self, tx: AsyncSession, found: Narrowing) -> list[tuple[str, int]]:
        """How many of the found prompts each label is on."""

    async def standing(
        self, tx: AsyncSession, where: InWorkspace, branch: Branch, text: str
    ) -> Standing: ...

    def labelled(self, where: InWorkspace, label: str | None) -> Select[*tuple[Any, ...]]:
        """Ids of the prompts that `label` is on; None = any label."""
