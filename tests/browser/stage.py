"""People in browsers on a real server: what the editor's tests are written with."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from tests.browser.axe import violations
from tests.support.server import EMAIL, KEY, PASSWORD, ROOT, Server

WORKSPACE = "acme"
OWNER = "owner"


@dataclass
class Editor:
    """One person's tab with a prompt open in it."""

    page: Page

    @property
    def text(self) -> str:
        """What the person sees, as the editor holds it."""
        found: str = self.page.evaluate(
            "document.getElementById('editor').room.view.state.doc.toString()"
        )
        return found

    @property
    def save_state(self) -> str:
        return self.page.locator("#save-state").inner_text()

    def line(self, number: int) -> None:
        """Put the caret at the start of a line, counted from 1."""
        self.page.locator(".cm-line").nth(number - 1).click()
        self.page.keyboard.press("Home")

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def change(self, start: int, end: int, insert: str) -> None:
        """A change as a program on the page would make it, through all of the editor's guards."""
        self.page.evaluate(
            "([from, to, insert]) => document.getElementById('editor').room.view"
            ".dispatch({changes: {from, to, insert}, userEvent: 'input.paste'})",
            [start, end, insert],
        )

    def devtools(self) -> CDPSession:
        return self.page.context.new_cdp_session(self.page)

    def is_saved(self, seconds: float = 10) -> None:
        expect(self.page.locator("#save-state")).to_contain_text("Saved", timeout=seconds * 1000)
        expect(self.page.locator("#save-state")).to_have_attribute(
            "data-state", "durable", timeout=seconds * 1000
        )

    def axe(self) -> list[str]:
        return violations(self.page)


People = dict[str, list[Any]]  # who has been made, and the cookies of their first signing in


@dataclass
class Stage:
    """A server, and a browser for each person."""

    server: Server
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    people: People = field(default_factory=lambda: {OWNER: []})

    def prompt(self, text: str, name: str) -> str:
        """Make a prompt over REST; its id."""
        prompt_id: str = self.api("POST", "/prompts", {"name": name, "title": name, "text": text})[
            "id"
        ]
        return prompt_id

    def text_of(self, prompt_id: str) -> str:
        """The text as the server says it."""
        text: str = self.api("GET", f"/prompts/{prompt_id}")["text"]
        return text

    def api(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.server.url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def path(self, prompt_id: str) -> str:
        return f"/w/{WORKSPACE}/prompts/{prompt_id}"

    def sign_in(self, who: str = OWNER, **browser_options: Any) -> Page:
        """A tab of a browser of their own, signed in; a person new to us is made first."""
        email = EMAIL if who == OWNER else f"{who}@example.com"
        if who not in self.people:
            self._make(who, email)
        context = self.browser.new_context(base_url=self.server.url, **browser_options)
        self.contexts.append(context)
        context.add_cookies(self.people[who])
        page = context.new_page()
        page.goto("/")
        if "/sign-in" in page.url:  # by the form once: a server counts who comes from one address
            page.locator("[name=email]").fill(email)
            page.locator("[name=password]").fill(PASSWORD)
            page.locator("[name=password]").press("Enter")
            page.wait_for_url(lambda url: "/sign-in" not in url)
            self.people[who] = context.cookies()
        return page

    def open(self, prompt_id: str, who: str = OWNER, **browser_options: Any) -> Editor:
        page = self.sign_in(who, **browser_options)
        page.goto(self.path(prompt_id))
        editor = Editor(page)
        editor.page.locator("#editor[data-live]").wait_for()
        editor.is_saved()
        return editor

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        self.contexts.clear()

    def _make(self, who: str, email: str) -> None:
        command = [sys.executable, "-m", "app", "user", "create", "--email", email]
        command += ["--name", f"{who.title()} Example", "--workspace", WORKSPACE]
        environment = self.server._environment() | {"PROMPTROOM_PASSWORD": PASSWORD}
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        self.people[who] = []
