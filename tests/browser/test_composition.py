"""References in the editor: completed, explained, marked when they lead nowhere, and resolved."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.stage import Stage

pytestmark = pytest.mark.browser


# CodeMirror takes no choice from a list that opened less than 75 ms ago: it may not have been seen.
SEEN_MS = 100


def released(stage: Stage, name: str, text: str) -> str:
    prompt_id = stage.prompt(text, name)
    body: dict[str, Any] = {"message": "First", "labels": ["production"]}
    stage.api("POST", f"/prompts/{prompt_id}/versions", body)
    return prompt_id


def test_by_keyboard_a_reference_is_completed_explained_and_resolved(stage: Stage) -> None:
    tone = released(stage, "include/tone-of-voice", "Be kind and brief.")
    top = stage.prompt("{{> include/nobody}}\n", "include/top")
    editor = stage.open(top)
    page = editor.page
    expect(page.locator(".cm-var-broken")).to_have_text("{{> include/nobody}}")

    editor.line(2)
    editor.type("{{> tone")
    expect(page.locator(".cm-completionLabel").first).to_have_text("include/tone-of-voice")
    page.wait_for_timeout(SEEN_MS)
    editor.press("Enter")
    expect(page.locator(".cm-completionLabel").first).to_have_text("@production")
    page.wait_for_timeout(SEEN_MS)
    editor.press("Enter")
    assert editor.text == "{{> include/nobody}}\n{{> include/tone-of-voice@production}}"
    expect(page.locator(".cm-var-reference:not(.cm-var-broken)")).to_have_count(1)

    editor.press("ArrowLeft", "ArrowLeft", "ArrowLeft")
    bubble = page.locator(".cm-meaning")
    expect(bubble).to_contain_text("production, v1")
    expect(bubble).to_contain_text("Be kind and brief.")
    assert editor.axe() == []
    editor.press("Escape")
    expect(bubble).to_have_count(0)
    editor.press("ArrowUp")
    expect(bubble).to_contain_text("There is no prompt of this name.")

    editor.press("Escape")
    page.locator("#tab-settings").click()
    composition = page.locator("#composition")
    expect(composition).to_contain_text("include/tone-of-voice", timeout=15_000)
    composition.get_by_role("link", name="Resolved text").click()
    expect(page.locator("#sheet")).to_contain_text("It cannot be put together")
    assert editor.axe() == []
    editor.press("Escape")

    stage.api("PATCH", f"/prompts/{top}", {"text": "{{> include/tone-of-voice@production}}"})
    expect(page.locator(".cm-var-broken")).to_have_count(0)
    body = {"message": "Second", "labels": ["production"]}
    stage.api("POST", f"/prompts/{top}/versions", body)
    stage.api("PATCH", f"/prompts/{tone}", {"text": "Be kinder."})
    page.goto(f"{stage.path(tone)}/publish")
    expect(page.locator(".composition-note")).to_contain_text("1 prompt includes this")
    page.goto(f"{stage.path(tone)}/composition")
    expect(page.get_by_role("heading", name="Used by 1 prompt")).to_be_visible()
    assert editor.axe() == []
