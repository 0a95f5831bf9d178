"""Every page and dialog: no axe violation in any theme or width, no overflow, no error, focus kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.axe import BY_THEME, RULES, violations
from tests.browser.larkspur import Larkspur
from tests.browser.views import OVERLAYS, PAGES, SIDEBAR, STATES, View, opens
from tests.support.server import Server

pytestmark = pytest.mark.browser

WIDTHS = (1440, 390)
WIDE = (1440,)
NARROWEST = 320
REFUSED = {
    "library, failed",
    "sign-in, refused",
    "folders, one to move",
    "tags, two to merge",
    "label, refused",
}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SETTLED = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  for (let calm = 0; calm < 2; ) {
    await frame();
    calm = document.getAnimations().some((one) => one.playState === "running") ? 0 : calm + 1;
  }
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

    def problems(self, widths: Iterable[int] = WIDTHS, within: str = "html") -> list[str]:
        """In both themes and all widths, of what is there now."""
        found = []
        for theme, width in product(("light", "dark"), widths):
            self.resize(theme, width)
            rules = RULES if theme == "light" else BY_THEME
            found += [f"{theme} {width}: {one}" for one in violations(self.page, rules, within)]
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


@pytest.fixture(scope="module")
def contexts(browser: Browser, larkspur: Larkspur) -> Iterator[dict[str, BrowserContext]]:
    """A browser for each person, kept, so that only the first page fetches scripts and fonts."""
    found: dict[str, BrowserContext] = {}
    for who in ("", *larkspur.people):
        found[who] = browser.new_context(reduced_motion="reduce")
        found[who].add_cookies(larkspur.cookies(who) if who else [])
    yield found
    for context in found.values():
        context.close()


@pytest.fixture
def visit(
    contexts: dict[str, BrowserContext], larkspur: Larkspur
) -> Iterator[Callable[[View], Looking]]:
    """Opens a view, as the person who looks at it."""
    opened: list[Page] = []

    def visit(view: View) -> Looking:
        page = contexts[view.who].new_page()
        opened.append(page)
        looking = Looking(page)
        looking.listen()
        page.set_viewport_size({"width": 1440, "height": 900})
        view.show(page, larkspur)
        return looking

    yield visit
    for page in opened:
        page.context.set_offline(offline=False)
        page.close()


def expected(complaint: str, view: View) -> bool:
    """A browser logs every answer that is no success, and each failed try to connect."""
    if "editor, offline" in view.name and "ERR_INTERNET_DISCONNECTED" in complaint:
        return True
    failed = "Failed to load resource" in complaint
    return failed and (view.status >= 400 or view.name in REFUSED)


@pytest.mark.parametrize("view", [*PAGES, *STATES], ids=lambda view: view.name)
def test_a_page_is_whole(view: View, visit: Callable[[View], Looking]) -> None:
    looking = visit(view)
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
    name: str, visit: Callable[[View], Looking]
) -> None:
    path, opener, opened = OVERLAYS[name]
    looking = visit(View(name, path, act=opens(opener, opened)))
    page = looking.page
    inside = page.locator(f"{opened} :focus, {opened}:focus")
    expect(inside).to_have_count(1)
    assert looking.problems(WIDE if name in SIDEBAR else WIDTHS, opened) == []
    looking.resize("light", 1440)
    page.keyboard.press("Escape")
    expect(page.locator(opened)).to_be_hidden()
    expect(page.locator(opener).locator("visible=true").first).to_be_focused()
    assert looking.complaints == []


def test_the_first_visit_and_an_empty_library(browser: Browser, tmp_path: Path) -> None:
    with (
        Server(tmp_path / "server") as server,
        browser.new_context(base_url=server.url, reduced_motion="reduce") as context,
    ):
        looking = Looking(context.new_page())
        looking.listen()
        page = looking.page
        page.goto("/setup")
        assert looking.problems() == []
        fields = {"name": "Maya Lindqvist", "email": "maya@larkspur.example"}
        fields |= {"password": "a few plain words", "workspace": "Larkspur Travel"}
        for name, text in fields.items():
            page.locator(f"[name={name}]").fill(text)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Your library is empty")).to_be_visible()
        assert looking.problems() == []
        assert looking.complaints == []


def test_two_people_in_one_prompt(visit: Callable[[View], Looking]) -> None:
    maya, kenji = visit(View("editor", "TRIAGE")), visit(View("editor", "TRIAGE", "kenji"))
    kenji.page.locator(".cm-content").focus()
    kenji.page.keyboard.press("Shift+ArrowDown")
    expect(maya.page.locator(".peer-caret")).to_be_visible()
    assert maya.problems() == []
    assert maya.complaints + kenji.complaints == []
