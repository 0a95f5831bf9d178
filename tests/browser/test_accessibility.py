"""Every page and dialog: no axe violation in any theme or width, no overflow, no error, focus kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import BY_THEME, RULES, violations
from tests.browser.larkspur import Larkspur
from tests.browser.views import OVERLAYS, PAGES, SIDEBAR, STATES, View, opens
from tests.support.server import Server

pytestmark = pytest.mark.browser

WIDTHS = (1440, 390)
WIDE = (1440,)
NARROWEST = 320
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SETTLED = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  await frame();
  await Promise.allSettled(document.getAnimations().map((one) => one.finished));
}"""
FIRST_STOP = """() => document.querySelector(
  "a[href], button:not([disabled]), input:not([type=hidden]), [tabindex='0']").className"""


@dataclass
class Looking:
    """One browser; `complaints` is what its console said."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        def heard(message: object) -> None:
            self.complaints.append(str(message))

        self.page.on("console", lambda said: heard(said.text) if said.type == "error" else None)
        self.page.on("pageerror", heard)

    def problems(self, widths: Iterable[int] = WIDTHS) -> list[str]:
        """In both themes and all widths, of what is there now."""
        found = []
        for theme, width in product(("light", "dark"), widths):
            self.resize(theme, width)
            rules = RULES if theme == "light" else BY_THEME
            found += [f"{theme} {width}: {one}" for one in violations(self.page, rules)]
        if widths is WIDE:
            return found
        self.resize("light", NARROWEST)
        if (over := self.page.evaluate(OVERFLOW)) > 0:
            found.append(f"{over} px overflow at {NARROWEST} px")
        return found

    def resize(self, theme: str, width: int) -> None:
        self.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        self.page.set_viewport_size({"width": width, "height": 900 if width > 900 else 844})
        self.page.evaluate(SETTLED)  # colours fade, even if for one frame


@pytest.fixture
def looking(browser: Browser) -> Iterator[Looking]:
    with browser.new_context(reduced_motion="reduce") as context:
        looking = Looking(context.new_page())
        looking.listen()
        yield looking


def enter(looking: Looking, larkspur: Larkspur, view: View) -> None:
    looking.page.set_viewport_size({"width": 1440, "height": 900})
    if view.who:
        looking.page.context.add_cookies(larkspur.cookies(view.who))
    view.show(looking.page, larkspur)


def expected(complaint: str, view: View) -> bool:
    """A browser logs every answer that is no success, and each failed try to connect."""
    if "editor, offline" in view.name and "ERR_INTERNET_DISCONNECTED" in complaint:
        return True
    failed = "Failed to load resource" in complaint
    return failed and (view.status >= 400 or view.name == "sign-in, refused")


@pytest.mark.parametrize("view", [*PAGES, *STATES], ids=lambda view: view.name)
def test_a_page_is_whole(view: View, looking: Looking, larkspur: Larkspur) -> None:
    enter(looking, larkspur, view)
    page = looking.page
    expect(page.locator("h1")).to_have_count(1)
    assert page.title()
    assert page.evaluate(FIRST_STOP) == "skip"
    target = page.locator("a.skip").get_attribute("href")
    assert page.locator(f"main{target}").count() == 1
    assert looking.problems() == []
    assert [one for one in looking.complaints if not expected(one, view)] == []


@pytest.mark.parametrize("name", OVERLAYS)
def test_what_opens_over_a_page_gives_focus_back(
    name: str, looking: Looking, larkspur: Larkspur
) -> None:
    path, opener, opened = OVERLAYS[name]
    enter(looking, larkspur, View(name, path, act=opens(opener, opened)))
    page = looking.page
    inside = page.locator(f"{opened} :focus, {opened}:focus")
    expect(inside).to_have_count(1)
    assert looking.problems(WIDE if name in SIDEBAR else WIDTHS) == []
    looking.resize("light", 1440)
    page.keyboard.press("Escape")
    expect(page.locator(opened)).to_be_hidden()
    expect(page.locator(opener).locator("visible=true").first).to_be_focused()
    assert looking.complaints == []


def test_the_first_visit_and_an_empty_library(looking: Looking, tmp_path: Path) -> None:
    with Server(tmp_path / "server") as server:
        page = looking.page
        page.goto(f"{server.url}/setup")
        assert looking.problems() == []
        fields = {"name": "Maya Lindqvist", "email": "maya@larkspur.example"}
        fields |= {"password": "a few plain words", "workspace": "Larkspur Travel"}
        for name, text in fields.items():
            page.locator(f"[name={name}]").fill(text)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Your library is empty")).to_be_visible()
        assert looking.problems() == []
        assert looking.complaints == []


def test_two_people_in_one_prompt(looking: Looking, browser: Browser, larkspur: Larkspur) -> None:
    enter(looking, larkspur, View("editor", "TRIAGE"))
    with browser.new_context() as context:
        context.add_cookies(larkspur.cookies("kenji"))
        kenji = context.new_page()
        View("editor", "TRIAGE", "kenji").show(kenji, larkspur)
        kenji.locator(".cm-content").focus()
        kenji.keyboard.press("Shift+ArrowDown")
        expect(looking.page.locator(".peer-caret")).to_be_visible()
        assert looking.problems() == []
    assert looking.complaints == []
