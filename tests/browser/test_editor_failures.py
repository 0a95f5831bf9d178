"""What the editor says and keeps while the server is away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.stage import Stage
from tests.support.server import HEADLESS, Server

pytestmark = [pytest.mark.browser, pytest.mark.failure]


@pytest.fixture
def own_stage(tmp_path: Path, browser: Browser) -> Iterator[Stage]:
    """A server that may be killed."""
    with Server(tmp_path / "server", HEADLESS) as server:
        stage = Stage(server, browser)
        yield stage
        stage.close()


def test_a_killed_server_loses_nothing_that_was_typed(own_stage: Stage):
    prompt_id = own_stage.prompt("Start", "browser/killed")
    editor = own_stage.open(prompt_id)
    editor.line(1)
    editor.type("before ")
    editor.is_saved()
    own_stage.server.kill_everything()
    expect(editor.page.locator("#save-state")).to_contain_text("Reconnecting")
    editor.type("while away ")
    assert "Saved" not in editor.save_state
    own_stage.server.start()
    editor.is_saved(40)
    assert own_stage.text_of(prompt_id) == "before while away Start"


def test_closing_the_tab_warns_only_while_something_is_not_acknowledged(own_stage: Stage):
    prompt_id = own_stage.prompt("Start", "browser/closing")
    editor = own_stage.open(prompt_id)
    editor.line(1)
    editor.type("kept ")
    editor.is_saved()
    ask = """() => {
      const event = new Event('beforeunload', {cancelable: true});
      dispatchEvent(event);
      return event.defaultPrevented;
    }"""
    assert editor.page.evaluate(ask) is False
    own_stage.server.kill_everything()
    expect(editor.page.locator("#save-state")).to_contain_text("Reconnecting")
    assert editor.page.evaluate(ask) is False
    editor.type("not yet ")
    assert editor.page.evaluate(ask) is True


def test_edits_survive_a_closed_tab(own_stage: Stage):
    prompt_id = own_stage.prompt("Start", "browser/closed-tab")
    editor = own_stage.open(prompt_id)
    context = editor.page.context
    own_stage.server.kill_everything()
    expect(editor.page.locator("#save-state")).to_contain_text("Reconnecting")
    editor.line(1)
    editor.type("unsent ")
    editor.page.wait_for_timeout(300)  # the copy is written a moment after the keystroke
    editor.page.close()
    own_stage.server.start()
    page = context.new_page()
    page.goto(own_stage.path(prompt_id))
    expect(page.locator("#save-state")).to_have_attribute("data-state", "durable", timeout=20_000)
    assert own_stage.text_of(prompt_id) == "unsent Start"
