"""A library to search in: the real index over a real database, first one kind and then the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from app.db.engine import Database
from app.domain.prompts.ports import Filters
from app.domain.search.service import Finder
from app.server.wiring.search import finder_of
from tests.support.builders import Place, a_workspace

Found = Callable[..., Awaitable[list[UUID]]]


@pytest.fixture
def everywhere(either: Database) -> Database:
    return either.everywhere()


@pytest.fixture
def finder(either: Database) -> Finder:
    return finder_of(either)


@pytest.fixture
async def place(everywhere: Database) -> Place:
    return await a_workspace(everywhere)


@pytest.fixture
def found(finder: Finder, place: Place) -> Found:
    """Ids of what a search finds, the best first."""

    async def found(
        q: str = "", at: Place = place, sort: Any = "best", **narrowed: Any
    ) -> list[UUID]:
        selection = await finder.select(Inside(at.id), Filters(q=q, **narrowed))
        page = selection.page(sort, None, 200)
        assert len(page.ids) == selection.count
        return page.ids

    return found


class Inside:
    def __init__(self, workspace_id: UUID) -> None:
        self.workspace_id = workspace_id
