"""The hints beside the text, in a browser: after a pause, and never while somebody types."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.axe import RULES, violations
from tests.browser.larkspur import SLUG, Larkspur

pytestmark = pytest.mark.browser


def test_twins_and_tags_appear_when_the_writer_pauses(browser: Browser, larkspur: Larkspur) -> None:
    made = []
    for number in range(3):
        form = {"title": f"Twin {number}", "name": "", "folder": "Twins", "start": "extract"}
        tags = "" if number == 0 else "twins"
        answer = larkspur.post("maya", f"/w/{SLUG}/prompts", tags=tags, **form)
        made.append(answer.headers["Location"])
    larkspur.people["maya"].get(f"/w/{SLUG}/")  # which has everything indexed
    with browser.new_context(
        base_url=larkspur.server.url,
        reduced_motion="reduce",
        viewport={"width": 1440, "height": 900},
    ) as context:
        context.add_cookies(larkspur.cookies("maya"))
        page = context.new_page()
        page.goto(made[0])
        page.get_by_role("tab", name="Settings").click()
        hints = page.locator("#alike")
        expect(hints.get_by_role("link", name="Twin 1")).to_be_attached(timeout=20_000)
        assert violations(page, RULES, "#alike") == []
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.url) if "/alike" in one.url else None)
        page.locator(".cm-content").first.click()
        for _ in range(10):
            page.keyboard.type("word ")
            page.wait_for_timeout(100)
        assert asked == []
        with page.expect_response(lambda one: "/alike" in one.url, timeout=20_000):
            pass
        expect(hints).not_to_have_class(re.compile("htmx-request"))  # the new hints are drawn
        hints.get_by_role("button", name="Add the tag twins").press("Enter")
        expect(page.locator(".properties").get_by_role("link", name="#twins")).to_be_visible()
        expect(hints.get_by_role("button", name="Add the tag twins")).to_have_count(0)
