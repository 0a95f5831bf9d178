"""The live engine on real sockets and a database of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from app.domain.rooms.journal import store_sqlite
from tests.support.databases import is_on_postgres
from tests.support.engine import URLS, Engine, running_engine
from tests.support.yclient import YClient


@pytest.fixture
def data_dir(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with a database of its own, or with one on PostgreSQL (tests/conftest.py)."""
    monkeypatch.setattr(store_sqlite, "_RESERVED", 0)  # 32 MB written for each test
    if is_on_postgres():
        monkeypatch.setitem(URLS, tmp_path, request.getfixturevalue("postgres_url"))
    else:
        shutil.copy(request.getfixturevalue("migrated"), tmp_path / "promptroom.db")
    return tmp_path


@pytest.fixture
async def engine(data_dir: Path) -> AsyncIterator[Engine]:
    async with running_engine(data_dir) as engine:
        for name in ("ann", "bob", "cid", "eve"):
            engine.person(name)
        yield engine


@pytest.fixture
async def room(engine: Engine) -> UUID:
    return await engine.document("Hello")


@pytest.fixture
async def ann(engine: Engine, room: UUID) -> AsyncIterator[YClient]:
    async with YClient(engine.room_url(room), "ann") as client:
        yield client


@pytest.fixture
async def bob(engine: Engine, room: UUID) -> AsyncIterator[YClient]:
    async with YClient(engine.room_url(room), "bob") as client:
        yield client
