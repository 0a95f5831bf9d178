"""What browser tests share: the static files on a local port, servers and their people."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.larkspur import Larkspur
from tests.browser.stage import OWNER, People, Stage
from tests.support.server import HEADLESS, Server

ROOT = Path(__file__).resolve().parents[2]


class _Files(SimpleHTTPRequestHandler):
    """`/static/…` is static/, `/units/…` is tests/browser/js."""

    def translate_path(self, path: str) -> str:
        plain = path.partition("?")[0]
        for prefix, folder in (("/static/", "static"), ("/units/", "tests/browser/js")):
            if plain.startswith(prefix):
                return str(ROOT / folder / plain.removeprefix(prefix))
        return str(ROOT / "nothing-here")

    def log_message(self, *_arguments: object) -> None:
        """Silence: the browser reports what it misses."""


@pytest.fixture(scope="session")
def static_site() -> Iterator[str]:
    """A bare file server, for tests that need no application."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(ROOT))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The whole product, for tests that leave it standing."""
    with Server(tmp_path_factory.mktemp("server"), HEADLESS) as server:
        yield server


@pytest.fixture(scope="session")
def larkspur(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Larkspur]:
    """A server with a believable workspace on it."""
    with Server(tmp_path_factory.mktemp("larkspur")) as server:
        workspace = Larkspur(server)
        workspace.build()
        yield workspace
        workspace.close()


@pytest.fixture(scope="session")
def people() -> People:
    """Who has been made on the shared server."""
    return {OWNER: []}


@pytest.fixture
def stage(server: Server, browser: Browser, people: People) -> Iterator[Stage]:
    stage = Stage(server, browser, people=people)
    yield stage
    stage.close()
