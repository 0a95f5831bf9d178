"""The live engine on real sockets and a database of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.engine import Engine, running_engine


@pytest.fixture
def data_dir(tmp_path: Path, migrated: Path) -> Path:
    shutil.copy(migrated, tmp_path / "promptroom.db")
    return tmp_path


@pytest.fixture
async def engine(data_dir: Path) -> AsyncIterator[Engine]:
    async with running_engine(data_dir) as engine:
        for name in ("ann", "bob", "cid", "eve"):
            engine.person(name)
        yield engine
