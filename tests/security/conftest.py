"""Two workspaces on one server: mine, and the one I must not get at."""

from __future__ import annotations

from typing import Any

import pytest

from app.db.engine import Database
from tests.security.world import World, a_world


@pytest.fixture
async def mine(client: Any, database: Database) -> World:
    return await a_world(client, database, "mine")


@pytest.fixture
async def foreign(client: Any, database: Database) -> World:
    """With one version more, so that a number can be foreign, too."""
    return await a_world(client, database, "zqforeign", versions=2)
