"""The first day with Promptroom, by keyboard alone, from an empty server to signing out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.keyboard import Keyboard
from tests.support.server import PASSWORD, Server, until

pytestmark = pytest.mark.browser

TEXT = "document.getElementById('editor').room.view.state.doc.toString()"


@dataclass
class Person(Keyboard):
    """A keyboard in front of the editor."""

    @property
    def text(self) -> str:
        found: str = self.page.evaluate(TEXT)
        return found

    def is_saved(self) -> None:
        expect(self.page.locator("#save-state")).to_have_attribute("data-state", "durable")

    def sees(self, words: str) -> None:
        until(lambda: words in self.text, 10, f"{words!r} in the text")

    def is_in_the_editor(self) -> None:
        self.page.locator("#editor[data-live]").wait_for()
        self.is_saved()

    def enters_the_text(self) -> None:
        self.to("Prompt text")

    def leaves_the_text(self) -> None:
        """A first Escape may only close what completes variables."""

        def is_out() -> bool:
            self.press("Escape")
            return not self.focused

        until(is_out, 5, "focus outside the text")


@pytest.fixture
def empty_server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "server") as server:
        yield server


@pytest.fixture
def maya(empty_server: Server, browser: Browser) -> Iterator[Person]:
    with browser.new_context(base_url=empty_server.url) as context:
        yield Person(context.new_page())


@pytest.fixture
def priya(empty_server: Server, browser: Browser) -> Iterator[Person]:
    with browser.new_context(base_url=empty_server.url) as context:
        yield Person(context.new_page())


def test_the_first_day_by_keyboard_alone(maya: Person, priya: Person) -> None:
    set_up(maya)
    write_the_first_prompt(maya)
    change_a_setting(maya)
    invite(maya, priya)
    write_at_once(maya, priya)
    follow(maya)
    publish_twice(maya, priya)
    compare(maya)
    restore(maya, priya)
    move_a_label(maya)
    make_a_key(maya)
    leave(maya)


def set_up(maya: Person) -> None:
    maya.page.goto("/")
    expect(maya.page).to_have_url(re.compile("/setup$"))
    maya.is_on("Your name")
    maya.type("Maya Lindqvist")
    maya.fill("Work email", "maya@larkspur.example")
    maya.fill("Password", PASSWORD)
    maya.fill("Name of the workspace", "Larkspur Travel")
    maya.press("Enter")
    maya.arrives("Library")
    expect(maya.page.get_by_role("heading", name="Your library is empty")).to_be_visible()
    expect(maya.page.locator(".starters li")).to_have_count(3)


def write_the_first_prompt(maya: Person) -> None:
    maya.press("c")
    maya.is_on("Title")
    maya.press("Escape")
    maya.is_on("$")
    maya.press("c")
    maya.is_on("Title")
    maya.type("Refund triage")
    maya.press("Enter")
    maya.is_in_the_editor()
    maya.is_on("Prompt text")
    maya.type("You help travellers of {{company")
    maya.type("}}.")
    maya.press("Enter")
    maya.press("Control+Alt+Enter")
    maya.is_on("System")
    maya.press("Escape")
    maya.is_on("Prompt text")
    maya.is_saved()
    assert maya.text == "You help travellers of {{company}}.\n"


def change_a_setting(maya: Person) -> None:
    maya.to("Comments")  # the tab at hand; arrows lead to the others
    maya.press("ArrowRight")
    maya.is_on("Settings")
    maya.to("Model")
    maya.type("claude-sonnet-4.5")
    maya.press("Enter")
    expect(maya.page.locator(".properties")).to_contain_text("claude-sonnet-4.5")


def invite(maya: Person, priya: Person) -> None:
    prompt = maya.page.url
    maya.press("Escape", "g", "s")
    maya.arrives("General")
    maya.opens("Members and roles", "Members and roles")
    maya.use("Invite people")
    maya.is_on("Role")
    maya.use("Make a link")
    maya.to("Invitation link", back=True)
    link = maya.page.locator("#invite-link").input_value()
    maya.press("Escape")
    maya.is_on("Invite people")
    priya.page.goto(link)
    priya.is_on("Your name")
    priya.type("Priya Raman")
    priya.fill("Work email", "priya@larkspur.example")
    priya.fill("Password", PASSWORD)
    priya.press("Enter")
    priya.arrives("Library")
    priya.press("j")
    priya.is_on("Refund triage")
    priya.press("Enter")
    priya.is_in_the_editor()
    maya.page.goto(prompt)
    maya.is_in_the_editor()


def write_at_once(maya: Person, priya: Person) -> None:
    maya.enters_the_text()
    priya.enters_the_text()
    maya.press("Control+Home")
    priya.press("Control+Home", "End")
    for _ in range(12):
        maya.type("a")
        priya.type("b")
    priya.press("Space")
    together = "a" * 12 + "You help travellers of {{company}}." + "b" * 12
    maya.sees(together)
    priya.sees(together)
    expect(maya.page.locator(".peer-caret .peer-flag")).to_have_text("Priya")
    expect(priya.page.locator(".peer-caret .peer-flag")).to_have_text("Maya")
    assert hue_of(maya) != hue_of(priya)


def hue_of(person: Person) -> str:
    caret = person.page.locator(".peer-caret").get_attribute("class") or ""
    return next(name for name in caret.split() if name.startswith("c-"))


def follow(maya: Person) -> None:
    maya.leaves_the_text()
    maya.press("f")
    maya.is_on("Priya Raman line 1")
    maya.press("Enter")
    expect(maya.page.locator("#follow-pill")).to_contain_text("Following Priya")
    maya.press("Escape")
    expect(maya.page.locator("#follow-pill")).to_be_hidden()


def publish_twice(maya: Person, priya: Person) -> None:
    maya.is_saved()
    maya.press("Control+s", "Control+s")
    maya.is_on("What changed")
    maya.press("Control+a")
    maya.type("First words")
    maya.to("production")
    maya.press("Space")
    maya.use("Publish v1")
    maya.hears("v1 is published and in production")
    expect(priya.page.locator("#prompt-labels")).to_contain_text("production v1")
    priya.type("Second words")
    priya.is_saved()
    priya.use("Publish v2", back=True)
    priya.is_on("What changed")
    priya.press("Control+a")
    priya.type("More words")
    priya.use("Publish v2")
    priya.hears("v2 is published")


def compare(maya: Person) -> None:
    maya.press("Control+Shift+H")
    expect(maya.page).to_have_url(re.compile("/versions"))
    maya.arrives("Versions of Refund triage")
    maya.use("v2")
    expect(maya.page).to_have_url(re.compile("to=2"))
    table = maya.page.locator("table.diff")
    expect(table.locator("ins").first).to_contain_text("Second words")
    maya.use("Inline")
    expect(maya.page.locator("table.diff.inline")).to_be_visible()


def restore(maya: Person, priya: Person) -> None:
    maya.use("Restore v1")
    maya.is_on("Cancel")
    maya.use("Restore v1")
    maya.is_in_the_editor()
    until(lambda: "Second words" not in priya.text, 10, "the restored text at Priya's")
    priya.hears("Maya Lindqvist restored v1")
    assert maya.text == priya.text


def move_a_label(maya: Person) -> None:
    maya.opens("Versions", "Versions of Refund triage", back=True)
    maya.use("v2 More words")
    expect(maya.page).to_have_url(re.compile("to=2"))
    maya.use("Promote v2")
    maya.is_on("production now on v1")
    maya.press("Space")
    maya.use("Move the label")
    expect(maya.page.locator("#prompt-labels")).to_contain_text("production v2")


def make_a_key(maya: Person) -> None:
    maya.press("g", "s")
    maya.arrives("General")
    maya.opens("API keys", "API keys")
    maya.use("New key")
    maya.is_on("Name of the service")
    maya.type("checkout-service")
    maya.press("Enter")
    maya.hears("checkout-service is ready")
    maya.use("Copy")


def leave(maya: Person) -> None:
    maya.opens("Sessions", "Where you are signed in")
    maya.use("Maya Lindqvist", back=True)
    maya.is_on("Profile and colour")
    maya.press("End", "Enter")
    expect(maya.page).to_have_url(re.compile("/sign-in"))
    maya.hears("You are signed out.")
    maya.is_on("Work email")
