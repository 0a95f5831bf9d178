"""An import with the keyboard alone: brought, looked at, decided, done."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.browser.keyboard import Keyboard
from tests.browser.stage import Stage

pytestmark = pytest.mark.browser

PROMPTS = [  # as Langfuse gives them
    {"name": "import/taken", "prompt": "Another text", "version": 3, "labels": ["production"]},
    {"name": "import/new", "prompt": [{"role": "user", "content": "Hello {{name}}"}], "version": 1},
]


def test_a_taken_name_is_decided_on_and_both_come(stage: Stage) -> None:
    stage.prompt("What stands here", "import/taken")
    page = stage.sign_in()
    keys = Keyboard(page)
    page.goto("/w/acme/import")
    keys.arrives("Import prompts")
    keys.to("Or paste")
    page.keyboard.insert_text(json.dumps(PROMPTS))
    keys.opens("See what would happen", "2 prompts to import")
    expect(page.get_by_text("1 new, 1 with a name that is taken here.")).to_be_visible()
    keys.to("Leave mine as it is")
    keys.press("ArrowDown")
    expect(page.get_by_role("radio", name="under another name")).to_be_checked()
    keys.opens("Import 2 prompts", "Imported")
    expect(page.locator(".figures > div").first).to_have_text("created2")
    assert violations(page) == []
    keys.use("import/taken-2")
    expect(page.locator(".cm-content")).to_contain_text("Another text")
