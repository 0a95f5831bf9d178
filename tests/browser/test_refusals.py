"""What a page says and keeps when a server refuses, or something before it answers instead."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.larkspur import Larkspur

pytestmark = pytest.mark.browser

FROM_A_PROXY = "<html><head><title>502</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@pytest.fixture
def page(larkspur: Larkspur, browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        context.add_cookies(larkspur.cookies("maya"))
        yield context.new_page()


def test_a_proxys_page_is_no_answer_and_the_choice_shows_what_holds(
    larkspur: Larkspur, page: Page
) -> None:
    page.route(
        "**/role",
        lambda route: route.fulfill(status=502, content_type="text/html", body=FROM_A_PROXY),
    )
    page.goto(f"{larkspur.server.url}/w/larkspur-travel/settings/members")
    role = page.get_by_label("Role of Leila Haddad")
    for _ in range(2):
        role.select_option("admin")
        expect(role).to_have_value("viewer")
        expect(page.locator("#toasts > *")).to_have_count(1)
        expect(page.locator("#toasts")).to_have_text("The server did not answer. Try again.")


def test_a_label_that_cannot_be_moved_leaves_the_form_as_it_was(
    larkspur: Larkspur, page: Page
) -> None:
    page.goto(f"{larkspur.server.url}{larkspur.triage}/versions?from=1&to=2")
    page.get_by_role("button", name="Promote v2").press("Enter")
    page.locator("#promote").get_by_role("radio").last.check()
    field = page.get_by_label("Name of another label")
    field.fill("No such label!")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Begin with a lower-case letter")
    expect(field).to_have_value("No such label!")
    expect(page.locator("#promote")).to_be_visible()
    field.fill("eu-pilot")
    page.get_by_label("Only for some").fill("10")
    field.press("Enter")
    expect(page.get_by_role("alert").last).to_contain_text("eu-pilot")
    expect(field).to_have_value("eu-pilot")
