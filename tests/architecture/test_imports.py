"""Imports only ever point down."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture import imports
from tests.architecture.source import ROOT


def plant(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_the_house_keeps_its_directions() -> None:
    assert imports.violations(ROOT) == []


def test_every_slice_has_a_row_in_the_table() -> None:
    slices = {path.name for path in (ROOT / "app/domain").iterdir() if path.is_dir()}
    assert slices - {"__pycache__"} == imports.SLICES.keys()


@pytest.mark.parametrize(
    ("path", "line", "said"),
    [
        ("app/kit/ids.py", "from app.web.htmx import page", "kit may not import"),
        ("app/sdk/wire.py", "from app.errors import AppError", "sdk may not import"),
        ("app/errors.py", "import app.kit.ids", "errors may not import"),
        ("app/db/engine.py", "from app.access.principal import Person", "db may not import"),
        ("app/web/htmx.py", "from app.domain.rooms.hub.hub import Hub", "web may not import"),
        ("app/web/htmx.py", "from app.db.base import Model", "app.db.engine only"),
        ("app/web/deps.py", "from app.settings import Settings", "web may not import"),
        ("app/domain/prompts/service.py", "from app.settings import X", "domain may not import"),
        ("app/domain/prompts/service.py", "from app.server.core import X", "domain may not"),
        ("app/domain/rooms/hub/hub.py", "from app.domain.prompts import service", "may not know"),
        ("app/domain/rooms/hub/hub.py", "from app.domain.prompts.models import X", "may not know"),
        ("app/domain/prompts/service.py", "from app.domain.rooms.queries import x", "private"),
        ("app/domain/prompts/service.py", "from app.domain.rooms import queries", "private"),
        ("app/domain/threads/api.py", "from app.domain.versions.labels import api", "private"),
        ("app/domain/rooms/room/room.py", "from app.domain.rooms.hub.hub import X", "below hub"),
        ("app/domain/rooms/wire/x.py", "from app.domain.rooms.guard import draft", "below guard"),
        ("app/domain/prompts/pages.py", "from app.domain.keys.pages import X", "private"),
        ("app/domain/keys/service.py", "from litestar import Request", "stays at the edge"),
        ("app/kit/bus.py", "import litestar", "stays at the edge"),
        ("app/domain/keys/service.py", "from sqlalchemy import select", "queries.py"),
        ("app/server/commands/administration.py", "from sqlalchemy.sql import text", "queries.py"),
        ("app/kit/ids.py", "def f():\n    from app.db.engine import Database", "kit may not"),
    ],
)
def test_a_planted_import_is_found(tmp_path: Path, path: str, line: str, said: str) -> None:
    plant(tmp_path, path, line + "\n")
    assert [problem for problem in imports.violations(tmp_path) if said in problem]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("app/cli.py", "from app.server.processes.supervisor import Supervisor"),
        ("app/server/core.py", "from app.domain.rooms.hub.hub import Hub"),
        ("app/domain/keys/pages.py", "from app.domain.accounts.deps import AppRequest"),
        ("app/domain/keys/pages.py", "from litestar import get"),
        ("app/domain/prompts/service.py", "from app.domain.rooms.service import Documents"),
        ("app/domain/prompts/queries.py", "from sqlalchemy import select"),
        ("app/domain/rooms/hub/hub.py", "from app.domain.rooms.wire.protocol import CloseCode"),
        ("app/domain/rooms/wire/protocol.py", "from app.domain.rooms.limits import X"),
        ("app/domain/rooms/sockets.py", "from app import __version__"),
        ("app/db/models.py", "from app.domain.prompts import models"),
        ("app/kit/cursor.py", "from app.errors import Invalid"),
    ],
)
def test_what_the_tables_allow_is_left_alone(tmp_path: Path, path: str, line: str) -> None:
    plant(tmp_path, path, line + "\n")
    assert imports.violations(tmp_path) == []
