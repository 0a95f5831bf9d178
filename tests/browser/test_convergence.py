"""Eight real Yjs clients in Chromium, edits at random, connections that come and go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.stage import Stage
from tests.support.server import HEADLESS, KEY, Server

pytestmark = pytest.mark.browser

EDITS = 5_000
CLIENTS = 8
PROGRAM = Path(__file__).with_name("js") / "crowd.js"
PROVIDER = Path(__file__).with_name("vendor") / "y-websocket-3.1.0.js"


@pytest.fixture
def stage(tmp_path: Path, browser: Browser) -> Iterator[Stage]:
    """A server of its own: this test kills it."""
    with Server(tmp_path, HEADLESS) as server:
        stage = Stage(server, browser)
        yield stage
        stage.close()


def test_eight_clients_with_random_disconnects_end_equal_to_the_server(stage: Stage) -> None:
    prompt = stage.api("POST", "/prompts", {"name": "crowd/one", "text": "👩‍👩‍👧 नमस्ते 你好 é"})
    page = stage.sign_in()
    outcome = _run(page, prompt["room"]["id"], edits=EDITS, clients=CLIENTS, seed=7)

    assert outcome["edits"] == EDITS
    assert outcome["disconnects"] >= 20
    texts = set(outcome["texts"])
    assert len(texts) == 1, "the clients differ"
    (text,) = texts
    assert "\ufffd" not in text
    assert stage.text_of(prompt["id"]) == text

    stage.server.kill_worker()
    stage.server.wait_until_ready()
    assert stage.text_of(prompt["id"]) == text
    fresh = _run(page, prompt["room"]["id"], edits=0, clients=1, seed=1)
    assert set(fresh["texts"]) == {text}


def _run(page: Page, room: str, *, edits: int, clients: int, seed: int) -> dict[str, object]:
    """Run the crowd on the server's own origin, with the provider as it is published."""
    page.route("**/y-websocket.js", lambda route: route.fulfill(path=PROVIDER))
    options = {"edits": edits, "clients": clients, "seed": seed, "room": room, "key": KEY}
    program = PROGRAM.read_text().rstrip().removesuffix(";")
    outcome = page.evaluate(program, {**options, "vendor": "/static/y-websocket.js"})
    assert isinstance(outcome, dict)
    return outcome
