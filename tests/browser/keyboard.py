"""A person without a mouse: only keys, and only what focus reaches."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.support.server import until

FOCUSED = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return "";
  const id = at.getAttribute("aria-labelledby");
  const label = at.getAttribute("aria-label") ?? (id && document.getElementById(id)?.textContent)
    ?? at.labels?.[0]?.textContent ?? at.textContent ?? "";
  return label.replace(/\\s+/g, " ").trim();
}"""
FURTHEST = 80  # presses of Tab; nobody would press more


@dataclass
class Keyboard:
    """What one person does in one tab."""

    page: Page

    @property
    def focused(self) -> str:
        """What a screen reader would call the element that has focus; "" = none has."""
        name: str = self.page.evaluate(FOCUSED)
        return name

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def to(self, name: str, *, back: bool = False) -> None:
        """Tab until what begins with `name` has focus. Fails where focus never comes by."""
        wanted, passed = re.compile(name), []
        for _ in range(FURTHEST):
            self.press("Shift+Tab" if back else "Tab")
            found = self.focused
            if wanted.match(found):
                return
            passed.append(found)
        raise AssertionError(f"no Tab leads to {name!r}; it passed {passed}")

    def fill(self, name: str, text: str) -> None:
        self.to(name)
        self.type(text)

    def use(self, name: str, *, back: bool = False) -> None:
        """Go there and press Enter."""
        self.to(name, back=back)
        self.press("Enter")

    def opens(self, name: str, heading: str, *, back: bool = False) -> None:
        """Use a link and wait for the page it leads to."""
        self.use(name, back=back)
        self.arrives(heading)

    def arrives(self, heading: str) -> None:
        """The page is there, and so are the scripts that listen to single letters."""
        expect(self.page.get_by_role("heading", name=heading, level=1)).to_be_attached()
        self.page.locator("#toasts[popover]").wait_for(state="attached")

    def is_on(self, name: str) -> None:
        """Focus arrives there by itself."""
        until(lambda: re.match(name, self.focused), 10, f"focus on {name!r}")

    def hears(self, text: str) -> None:
        """A live region says so."""
        said = self.page.locator("[role=status], [role=alert]").filter(has_text=text)
        expect(said.first).to_be_visible()
