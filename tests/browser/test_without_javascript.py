"""The product with scripts switched off: everything but writing in the live text works as plain forms."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.larkspur import SLUG, Larkspur
from tests.support.server import PASSWORD, until

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser, larkspur: Larkspur) -> Iterator[Page]:
    """Maya's browser, without scripts."""
    with browser.new_context(base_url=larkspur.server.url, java_script_enabled=False) as context:
        context.add_cookies(larkspur.cookies("maya"))
        yield context.new_page()


def test_signing_in_reads_the_password_and_returns(browser: Browser, larkspur: Larkspur) -> None:
    with browser.new_context(base_url=larkspur.server.url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"/w/{SLUG}/")
        page.get_by_label("Work email").fill(larkspur.email("tomas"))
        page.get_by_label("Password", exact=True).fill("not this one at all")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("That password does not match this email.")).to_be_visible()
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Library", level=1)).to_be_visible()


def test_the_library_is_searched_and_narrowed(page: Page) -> None:
    page.goto(f"/w/{SLUG}/")
    page.get_by_label("Search prompts").fill("itinerary")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("link", name="Itinerary summariser")).to_be_visible()
    expect(page.locator("tr[id^=prompt-]")).to_have_count(1)
    page.goto(f"/w/{SLUG}/")
    page.locator(".facet").filter(has_text="compliance").click()
    expect(page.locator("tr[id^=prompt-]")).to_have_count(2)
    page.get_by_role("link", name="Clear").click()
    expect(page.locator("tr[id^=prompt-]")).to_have_count(15)


def test_filters_add_up_a_star_is_given_and_a_view_is_saved(page: Page) -> None:
    page.goto(f"/w/{SLUG}/")
    page.locator(".facet").filter(has_text="compliance").click()
    page.locator(".facet").filter(has_text="refunds").click()
    expect(page.locator("tr[id^=prompt-]")).to_have_count(3)
    expect(page.locator(".active-filters .chip")).to_have_text("Tags: compliance, refunds")
    page.get_by_role("button", name="Star Passport and visa checker").click()
    expect(page.locator("tr[id^=prompt-]")).to_have_count(3)
    expect(page.locator("#starred")).to_contain_text("Passport and visa checker")
    page.get_by_role("link", name="Save view").click()
    page.get_by_label("Name", exact=True).fill("Money and rules")
    page.get_by_role("button", name="Save view").click()
    expect(page.locator("tr[id^=prompt-]")).to_have_count(3)
    page.goto(f"/w/{SLUG}/?as=cards")
    page.get_by_role("link", name="Money and rules").click()
    expect(page.locator("table.cards tr[id^=prompt-]")).to_have_count(3)
    page.get_by_role("link", name="Table", exact=True).click()
    page.get_by_role("link", name="Starred 1").click()
    expect(page.locator("tr[id^=prompt-]")).to_have_count(1)


def test_a_prompt_is_discussed(page: Page, larkspur: Larkspur) -> None:
    page.goto(larkspur.triage)
    page.get_by_role("link", name="Comments").first.click()
    expect(page.get_by_role("heading", name="Comments on", level=1)).to_be_visible()
    page.get_by_label("Comment", exact=True).fill("Who **owns** this?")
    page.get_by_role("button", name="Comment", exact=True).click()
    thread = page.locator(".thread").filter(has_text="Who owns this?")
    expect(thread.locator("strong")).to_have_text("owns")
    thread.get_by_label("Reply").fill("Priya does")
    thread.get_by_role("button", name="Send").click()
    thread.locator(".comment").last.get_by_role("link", name="Edit").click()
    page.locator(".edit").get_by_label("Comment").fill("Kenji does")
    page.get_by_role("button", name="Save").click()
    expect(thread).to_contain_text("Kenji does")
    thread.locator(".comment").first.locator(".react summary").click()
    thread.locator(".comment").first.get_by_role("button", name="Agree", exact=True).click()
    expect(thread.get_by_role("button", name="agree, 1: Maya Lindqvist")).to_be_visible()
    thread.get_by_role("button", name="Resolve").click()
    expect(thread).to_have_count(0)
    page.get_by_role("link", name="Resolved").click()
    expect(thread).to_contain_text("Maya Lindqvist resolved this.")
    thread.get_by_role("button", name="Reopen").click()
    expect(thread.locator(".thread-done")).to_have_count(0)


def test_a_prompt_is_made_described_published_and_archived(page: Page) -> None:
    page.goto(f"/w/{SLUG}/prompts/new")
    page.get_by_label("Title").fill("Lost luggage letter")
    page.get_by_label("Reply to a customer").check()
    page.get_by_role("button", name="Create prompt").click()
    expect(page.locator("#editor-ssr")).to_contain_text("You answer customers of {{company}}")
    page.get_by_label("Description", exact=True).fill("Says where the bag is")
    page.get_by_role("button", name="Save title and description").click()
    expect(page.get_by_label("Description", exact=True)).to_have_value("Says where the bag is")
    page.get_by_label("Temperature").fill("0.3")
    page.get_by_role("button", name="Save temperature").click()
    expect(page.get_by_label("Temperature")).to_have_value("0.3")
    page.get_by_role("combobox", name="Folder").fill("Support desk")
    page.locator("#details").get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Support desk").first).to_be_visible()
    page.get_by_role("link", name="Publish v1").click()
    page.get_by_role("button", name="Publish v1").click()
    expect(page.get_by_role("link", name="Open v1")).to_be_visible()
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.locator("#share")).to_contain_text("Everyone in Larkspur Travel can open it.")
    agree(page, "Archive")
    page.goto(f"/w/{SLUG}/")
    expect(page.get_by_role("link", name="Lost luggage letter")).to_have_count(0)


def test_versions_are_compared_restored_and_promoted(page: Page, larkspur: Larkspur) -> None:
    page.goto(f"{larkspur.triage}/versions")
    page.get_by_label("From", exact=True).select_option("1")
    page.get_by_label("To", exact=True).select_option("2")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("table.diff ins").first).to_be_visible()
    page.get_by_role("link", name="Inline").click()
    expect(page.locator("table.diff.inline")).to_be_visible()
    expect(page.get_by_text("What you know")).to_be_visible()  # the unchanged lines are all there
    page.get_by_role("button", name="Promote v2").click()
    page.get_by_role("radio", name="production").check()
    page.get_by_role("button", name="Move the label").click()
    expect(page.locator("#prompt-labels")).to_contain_text("production v2")
    page.goto(f"{larkspur.triage}/versions/1")
    agree(page, "Restore v1")
    expect(page.locator("#editor-ssr")).to_contain_text("escalate to a person")


def test_a_file_is_imported(page: Page) -> None:
    page.goto(f"/w/{SLUG}/import")
    page.get_by_label("Or paste").fill(
        '{"name": "hotel-review-reply", "prompt": "Thank {{guest}}.", "version": 1}'
    )
    page.get_by_role("button", name="See what would happen").click()
    expect(page.get_by_role("heading", name="1 prompt to import")).to_be_visible()
    page.get_by_role("radio", name="Update mine").check()
    page.get_by_role("button", name="Import 1 prompt").click()
    done = page.get_by_role("heading", name="Imported")
    until(lambda: done.count() or page.reload() is None, 10, "the import to be done")
    page.get_by_role("link", name="hotel-review-reply").click()
    expect(page.locator("#editor-ssr")).to_have_text("Thank {{guest}}.")


def test_people_are_invited_and_keys_made_and_revoked(page: Page) -> None:
    page.goto(f"/w/{SLUG}/settings/members")
    form = page.locator("#invite-form-plain")
    form.get_by_label("Email").fill("noor@larkspur.example")
    form.get_by_role("button", name="Make a link").click()
    expect(page.locator("#invite-link-plain")).to_have_value(re.compile("/join/"))
    page.goto(f"/w/{SLUG}/settings/keys")
    page.get_by_role("textbox", name="Name of the service").fill("old-widget")
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator("#secret")).to_have_text(re.compile("^pr_live_"))
    row = page.get_by_role("row").filter(has_text="old-widget")
    agree(row, "Revoke")
    expect(page.get_by_role("rowheader", name="old-widget")).to_have_count(0)


def test_one_signs_out(browser: Browser, larkspur: Larkspur) -> None:
    with browser.new_context(base_url=larkspur.server.url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/sign-in")
        page.get_by_label("Work email").fill(larkspur.email("leila"))
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Leila Haddad").click()
        page.get_by_role("menuitem", name="Sign out").click()
        expect(page.get_by_text("You are signed out.")).to_be_visible()


def agree(where: Page | Locator, verb: str) -> None:
    """Open the fold that asks, and say yes; the button itself is not there before."""
    yes = where.get_by_role("button", name=f"Yes, {verb.lower()}")
    expect(yes).to_be_hidden()
    where.locator("summary").filter(has_text=verb).click()
    yes.click()
