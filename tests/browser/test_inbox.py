"""The inbox in two browsers: the count arrives by itself, keys put things in order, nobody needs a
mouse, and axe finds nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.browser.stage import Stage

pytestmark = pytest.mark.browser

INBOX = "/w/acme/inbox"
READER = "nora"  # of this file alone: others are written to by other tests


def me(stage: Stage) -> str:
    """Of the reader, for mentions."""
    members: list[dict[str, Any]] = stage.api("GET", "/members")["items"]
    return next(one["id"] for one in members if one["name"] == "Nora Example")


def says(stage: Stage, prompt: str, words: str) -> None:
    body = f"{words} @[Nora](user:{me(stage)})"
    stage.api("POST", f"/prompts/{prompt}/threads", {"body": body})


def badge(page: Page) -> Any:
    return page.locator(".sidebar [data-news-count]")


def test_a_count_arrives_and_keys_put_it_in_order(stage: Stage) -> None:
    prompt = stage.prompt("Hello", "inbox/live")
    page = stage.sign_in(READER)
    page.goto("/w/acme/")
    with page.expect_response("**/w/acme/events"):
        page.reload()
    page.wait_for_timeout(300)
    began = time.monotonic()
    says(stage, prompt, "First")
    expect(badge(page)).to_have_text("1", timeout=1000)
    assert time.monotonic() - began < 1.5
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url(f"**{INBOX}")
    rows = page.locator(".notice")
    expect(rows).to_have_count(1)
    says(stage, prompt, "<b>Second</b>")  # the page fetches what is new by itself
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("<b>Second</b>")
    assert violations(page) == []
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(rows).to_have_count(1)
    expect(badge(page)).to_have_text("1")
    expect(page.locator("[data-row]:focus")).to_have_count(1)  # the place is the next one's
    page.keyboard.press("Enter")
    page.wait_for_url("**/prompts/*thread=*")
    page.goto(INBOX)
    expect(page.get_by_text("You are up to date")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_a_phone(stage: Stage, scheme: Any) -> None:
    prompt = stage.prompt("Hello", f"inbox/phone-{scheme}")
    says(stage, prompt, "Look")
    page = stage.sign_in(READER, color_scheme=scheme, viewport={"width": 390, "height": 844})
    for path in (INBOX, "/w/acme/settings/notifications", f"{stage.path(prompt)}/activity"):
        page.goto(path)
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
