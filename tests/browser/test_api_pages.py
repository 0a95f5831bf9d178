"""The API's pages under the product's own content security policy, for everyone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.support.server import Server

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["/api/docs", "/api/docs/errors"])
def test_nothing_is_refused_and_nothing_comes_from_elsewhere(
    server: Server, browser: Browser, path: str
) -> None:
    """Whether everyone can read them is seen with all other pages, in test_accessibility."""
    context = browser.new_context()
    page = context.new_page()
    said: list[str] = []
    fetched: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(server.url + path, wait_until="networkidle")
    assert said == []
    assert [url for url in fetched if not url.startswith(server.url)] == []
    context.close()


def test_a_problem_documents_type_leads_to_its_row(server: Server, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/api/docs/errors#key_refused")
    row = page.locator("tr:target")
    assert row.locator("code").inner_text() == "key_refused"
    context.close()


def test_a_call_is_found_by_its_words_or_its_path(server: Server, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/api/docs")
    calls = page.get_by_role("navigation", name="Calls").locator("li:visible")
    page.get_by_label("Find a call").fill("GET fetch/{name}")
    expect(calls).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{server.url}/api/docs#fetchPrompt")
    expect(calls.locator("a")).to_have_attribute("aria-current", "true")
    page.get_by_label("Find a call").fill("nothing is called so")
    expect(page.get_by_text("No call matches.")).to_be_visible()
    context.close()
