"""A rollout with the keyboard alone: begun, raised, taken back, promoted, and told to others."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.browser.stage import Stage

pytestmark = pytest.mark.browser


@pytest.fixture
def prompt_id(stage: Stage) -> str:
    made = stage.prompt("One", "rollouts/journey")
    url = f"/prompts/{made}"
    stage.api("POST", f"{url}/versions", {"message": "First", "labels": ["production"]})
    stage.api("PATCH", url, {"text": "Two"})
    stage.api("POST", f"{url}/versions", {"message": "Second"})
    return made


def split(stage: Stage, prompt_id: str) -> tuple[int, float | None]:
    shown = stage.api("GET", f"/prompts/{prompt_id}")
    rollout = shown["rollouts"].get("production")
    return shown["labels"]["production"], rollout and rollout["percent"]


def choose(page: Page, name: str) -> None:
    """Tab to the button and press it."""
    button = page.get_by_role("button", name=name, exact=True)
    for _ in range(60):
        page.keyboard.press("Tab")
        if button.evaluate("node => node === document.activeElement"):
            break
    page.keyboard.press("Enter")


def test_a_rollout_from_beginning_to_end(stage: Stage, prompt_id: str) -> None:
    watching = stage.open(prompt_id, "kenji").page
    page = stage.sign_in()
    page.goto(f"{stage.path(prompt_id)}/labels/production")
    page.get_by_label("for", exact=True).fill("12.5")
    choose(page, "Begin the rollout")
    bar = page.get_by_role("img", name="v1 for 87.5 percent, v2 for 12.5 percent")
    expect(bar).to_be_visible()
    expect(watching.locator("#prompt-labels")).to_contain_text("v2 12.5 %")  # without a reload
    assert violations(page) == []

    watching.goto(f"{stage.path(prompt_id)}/labels/production")
    expect(watching.get_by_label("Share of v2")).to_have_value("12.5")
    page.get_by_label("Share of v2").fill("50")
    choose(page, "Change")
    expect(page.get_by_role("img", name="v1 for 50 percent, v2 for 50 percent")).to_be_visible()
    expect(watching.get_by_label("Share of v2")).to_have_value("50")  # without a reload
    expect(watching.locator("#prompt-labels")).to_contain_text("v2 50 %")
    choose(page, "Undo")
    expect(bar).to_be_visible()
    stale = stage.sign_in("priya")
    stale.route("**/events*", lambda route: route.abort())  # nobody tells them
    stale.goto(f"{stage.path(prompt_id)}/labels/production")
    choose(page, "Promote v2 to everybody")
    expect(page.get_by_text("Programs that fetch it get v2.")).to_be_visible()
    assert split(stage, prompt_id) == (2, None)
    # Whoever comes after somebody else is told instead of undoing what they did.
    choose(stale, "Roll back to v1")
    expect(stale.get_by_text("where somebody has put it since")).to_be_visible()
    assert split(stage, prompt_id) == (2, None)

    page.goto(f"{stage.path(prompt_id)}/versions?from=2&to=1")
    page.get_by_role("button", name="Promote v1").click()
    page.get_by_role("radio", name="production").check()
    page.get_by_label("Only for some").fill("10")
    page.keyboard.press("Enter")
    chips = page.locator(".timeline .version .chip")
    expect(chips.filter(has_text="90 %")).to_have_count(1)
    expect(chips.filter(has_text="10 %")).to_have_count(1)
    assert split(stage, prompt_id) == (2, 10.0)
