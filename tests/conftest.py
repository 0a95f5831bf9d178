"""The fixtures every test may ask for: a database of its own, the application, a client, Chromium.

With `PROMPTROOM_TEST_DATABASE=postgresql` the database is on a real PostgreSQL.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import engine, migrate
from app.db.engine import Database
from app.db.turns import Turns
from app.domain.rooms.journal import store_sqlite
from app.server.core import build, state_of
from app.settings import Settings
from tests.support.databases import PostgresCopies, is_on_postgres

ORIGIN = "http://promptroom.test"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Each statement is compiled once for all the databases of a run, not for each one anew.

    That took longer than most tests. SQLAlchemy keeps what it compiled by dialect, so they share one.
    """
    make = engine._sqlite_engine
    first = make(make_url("sqlite+aiosqlite://"), Turns())

    async def connect_once() -> None:
        async with first.connect():
            """Now its dialect knows what this SQLite can do."""
        await first.dispose()

    def sharing(url: URL, turns: Turns) -> AsyncEngine:
        made = make(url, turns)
        made.sync_engine.dialect = first.sync_engine.dialect
        made.sync_engine._compiled_cache = first.sync_engine._compiled_cache
        return made

    asyncio.run(connect_once())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_sqlite_engine", sharing)
        yield


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with the schema: migrated once, copied for each test."""
    path = tmp_path_factory.mktemp("schema") / "promptroom.db"

    async def migrate_once() -> None:
        database = Database(f"sqlite:///{path}")
        await migrate.upgrade(database)
        await database.close()  # the last connection folds the write-ahead log into the file

    asyncio.run(migrate_once())
    return path


@pytest.fixture(scope="session")
def postgres_copies() -> Iterator[PostgresCopies]:
    with PostgresCopies() as copies:
        yield copies


@pytest.fixture
def postgres_url(postgres_copies: PostgresCopies) -> Iterator[str]:
    """Of a PostgreSQL database of its own, migrated, owned by an ordinary role."""
    name = postgres_copies.copy()
    yield postgres_copies.url(name)
    postgres_copies.drop(name)


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A data directory with a database of its own."""
    url = ""
    if is_on_postgres():
        url = request.getfixturevalue("postgres_url")
    else:
        shutil.copy(request.getfixturevalue("migrated"), tmp_path / "promptroom.db")
    return Settings(data_dir=tmp_path, database_url=url, secret_key="k" * 48)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """With a view of every workspace; the application has its own, which has not."""
    database = Database(settings.database)
    yield database.everywhere()
    await database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return url
    shutil.copy(request.getfixturevalue("migrated"), tmp_path / "promptroom.db")
    return f"sqlite:///{tmp_path / 'promptroom.db'}"


@pytest.fixture
async def either(either_url: str) -> AsyncIterator[Database]:
    """A database on SQLite, and then one on PostgreSQL: for what has to be the same on both."""
    database = Database(either_url)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def assembled() -> Litestar:
    """Put together once: that takes longer than most tests."""
    return build(Settings(secret_key="k" * 48))


@pytest.fixture
def app(assembled: Litestar, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Litestar:
    """The application with nothing kept from other tests."""
    monkeypatch.setattr(store_sqlite, "_RESERVED", 0)  # 32 MB written for each test
    assembled.state = state_of(settings)
    return assembled


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[AsyncTestClient[Litestar]]:
    """Speaks to the running application; redirects are for the test to look at."""
    async with AsyncTestClient(app, base_url=ORIGIN, raise_server_exceptions=True) as client:
        client.follow_redirects = False
        yield client


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium of this machine; none is downloaded. One for all: Playwright's loop runs once."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "browser tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()
