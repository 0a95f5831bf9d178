"""What people write stays text, on every page that shows it, in a real browser (S13, S14)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, Page

from app.access.permissions import Role
from app.db.engine import Database
from app.domain.workspaces.service import Workspaces
from app.web.htmx import announce
from tests.security.payloads import PAYLOADS
from tests.support.builders import Place, Somebody, a_person, a_workspace
from tests.support.server import HEADLESS, Server

GROUP = 11

# Before any script of the page: what the policy stopped is kept. Then what became of the texts.
WATCH = """
window.stopped = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.stopped.push(event.violatedDirective + " " + event.blockedURI + " " + event.sample));
"""
LOOK = """
() => {
  const texts = [document.title];
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (!walker.currentNode.parentElement.closest("script, style")) texts.push(walker.currentNode.data);
  }
  for (const field of document.querySelectorAll("input, textarea, option")) texts.push(field.value);
  const odd = [...document.querySelectorAll("*")].filter((element) =>
    element.matches("iframe, object, embed, base, math, marquee, video, audio, link[rel=import], hx-partial") ||
    (element.matches("script") && !element.src && element.type !== "application/json") ||
    (element.matches("style") && !element.nonce) ||
    [...element.attributes].some(({ name, value }) =>
      /^on|^style$|^srcdoc$|^hx-on/i.test(name) && !element.closest(".cm-editor, .avatars, [data-styled]") ||
      /^(href|src|action|formaction|xlink:href)$/i.test(name) && /^\\s*(javascript|data):/i.test(value)));
  return { text: texts.join("\\n"), stopped: window.stopped, odd: odd.map((e) => e.outerHTML.slice(0, 200)) };
}
"""


def test_the_collection_is_large_and_fits_everywhere() -> None:
    assert len(set(PAYLOADS)) >= 70
    assert all(len(one) <= 80 and one.isprintable() and one == one.strip() for one in PAYLOADS)


def test_in_a_header_they_are_ascii_json() -> None:
    for payload in [*PAYLOADS, "\r\nSet-Cookie: x=1", "\u2028\x00\x7f", "ü\U0001f4a9"]:
        response = announce(SimpleNamespace(headers={}), "saved", {"message": payload})
        header = response.headers["HX-Trigger"]
        assert header.isascii()
        assert header.isprintable()
        assert json.loads(header) == {"saved": {"message": payload}}


@dataclass
class Shown:
    """A server full of payloads, and a browser that tells what happened to them."""

    server: Server
    owner: Somebody
    groups: list[tuple[str, list[str]]]  # a prompt's id, and what stands in it
    spare: Place  # a workspace whose owner has a payload for a name
    problems: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> Page:
        page.add_init_script(WATCH)
        page.on("dialog", self._dialog)
        page.on("console", lambda said: self._said(said.type, said.text))
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        return page

    def _dialog(self, dialog: Any) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _said(self, kind: str, text: str) -> None:
        if "Content Security Policy" in text or "Refused to" in text:
            self.problems.append(f"{kind}: {text}")

    def look(self, page: Page, where: str, expected: list[str]) -> None:
        seen = page.evaluate(LOOK)
        assert seen["stopped"] == [], where
        assert seen["odd"] == [], where
        assert self.problems == [], where
        missing = [one for one in expected if one not in seen["text"]]
        assert missing == [], where


async def fill_the_database(url: str) -> tuple[Somebody, Place]:
    """People and workspaces, which are quicker made past the forms."""
    database = Database(url)
    try:
        owner = await a_person(database, "Olga Owner", "olga@example.com")
        own = await a_workspace(database, "Own", owner)
        for payload in PAYLOADS:
            person = await a_person(database, payload, f"p{abs(hash(payload))}@example.com")
            async with database.transaction() as tx:
                await Workspaces(tx).add_member(own.id, person.id, Role.EDITOR)
        for payload in PAYLOADS[:40]:
            async with database.transaction() as tx:
                await Workspaces(tx).create(owner.id, payload)
        spare = await a_workspace(
            database, PAYLOADS[0], await a_person(database, PAYLOADS[13], "inviter@example.com")
        )
        return owner, spare
    finally:
        await database.close()


def folder(payload: str) -> str:
    """As much of it as may stand in a folder's path."""
    return "/".join(part.strip() for part in payload.split("/") if part.strip())


def tags(*texts: str) -> list[str]:
    """A comma stands between tags, so none is in one; a few are too long for a tag."""
    return [one.replace(",", "") for one in texts if len(one) <= 64]


def fill_a_prompt(api: httpx.Client, number: int, group: list[str]) -> str:
    config = {
        "model": group[0],
        "stop": group,
        "tools": [{"name": one} for one in group],
        "response_schema": {"title": group[1], "enum": group},
        "x-notes": group,
    }
    variables = [
        {"name": f"v{place}", "default": one, "description": one} for place, one in enumerate(group)
    ]
    new = {"name": f"group/{number}", "title": group[2], "description": "\n".join(group)}
    new |= {"folder": folder(group[3]), "tags": tags(*group[:5])}
    new |= {"config": config, "variables": variables}
    made = api.post("/api/v1/prompts", json=new | {"text": "\n".join(group)})
    assert made.status_code == 201, made.text
    prompt: str = made.json()["id"]
    for place, one in enumerate(group):
        text = "\n".join([*group[place:], *group[:place]])
        api.patch(f"/api/v1/prompts/{prompt}", json={"text": text})
        done = api.post(f"/api/v1/prompts/{prompt}/versions", json={"message": one})
        assert done.status_code == 201, done.text
    return prompt


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    with Server(tmp_path_factory.mktemp("scripts"), HEADLESS) as server:
        database = f"sqlite+aiosqlite:///{server.data_dir / 'promptroom.db'}"
        with ThreadPoolExecutor() as thread:  # the browser's loop runs in this one
            owner, spare = thread.submit(asyncio.run, fill_the_database(database)).result()
        with httpx.Client(base_url=server.url, headers=owner.headers, timeout=20) as person:
            form = {"name": "all", "scopes": "admin"}
            page = person.post("/w/own/settings/keys", data=form).text
            key = page.partition("pr_live_")[2][:36]
            assert len(key) == 36, "the key is on the page"
        headers = {"Authorization": f"Bearer pr_live_{key}"}
        with httpx.Client(base_url=server.url, headers=headers, timeout=20) as api:
            chunks = [PAYLOADS[start : start + GROUP] for start in range(0, len(PAYLOADS), GROUP)]
            groups = [(fill_a_prompt(api, n, group), group) for n, group in enumerate(chunks)]
            for number, one in enumerate(PAYLOADS):
                new = {"name": f"one/{number}", "title": one, "description": one}
                new |= {"folder": folder(one), "tags": tags(one)}
                made = api.post("/api/v1/prompts", json=new)
                assert made.status_code == 201, made.text
                api.post("/api/v1/keys", json={"name": one, "scopes": ["read"]})
        yield Shown(server, owner, groups, spare)


@pytest.fixture
def page(shown: Shown, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(base_url=shown.server.url)
    context.add_cookies([{"name": "session", "value": shown.owner.secret, "url": shown.server.url}])
    yield shown.watch(context.new_page())
    context.close()


@pytest.mark.browser
def test_lists(shown: Shown, page: Page) -> None:
    page.goto("/w/own/?sort=title")
    rows = page.locator("main").inner_text()
    assert sum(one in rows for one in PAYLOADS) > 30
    shown.look(page, "library", [])
    page.goto("/w/own/")
    shown.look(page, "library", PAYLOADS[-30:])  # the last edited stand first
    page.goto("/w/own/settings/members")
    shown.look(page, "members", PAYLOADS)
    page.goto("/w/own/settings/keys")
    shown.look(page, "keys", PAYLOADS)
    page.goto("/w/own/prompts/new")
    shown.look(page, "a new prompt", [folder(one) for one in PAYLOADS])
    page.goto("/account/profile")
    shown.look(page, "the workspaces to switch to", PAYLOADS[:40])


@pytest.mark.browser
@pytest.mark.parametrize("number", range(-(-len(PAYLOADS) // GROUP)))
def test_a_prompt(shown: Shown, page: Page, number: int) -> None:
    prompt, group = shown.groups[number]
    base = f"/w/own/prompts/{prompt}"
    page.goto(base)
    page.locator("#editor[data-live]").wait_for()
    shown.look(page, "editor", group)
    for path in ("versions", "versions?show=checkpoints", "versions?from=1&to=3&mode=inline&all=1"):
        page.goto(f"{base}/{path}")
        shown.look(page, path, group)
    page.goto(f"{base}/versions/2")
    shown.look(page, "a version", group)
    page.goto(f"{base}/publish")
    shown.look(page, "publish", [])
    page.goto(f"{base}/settings")
    shown.look(page, "settings", group)


@pytest.mark.browser
def test_what_an_address_says(shown: Shown, page: Page) -> None:
    """Reflected: filters, refs, the form for a new prompt, pages that are not there."""
    prompt, _ = shown.groups[0]
    for one in PAYLOADS[::13]:
        word = quote(one, safe="")
        for path, is_shown in (
            (f"/w/own/?q={word}&folder={word}&tag={word}&label={word}", True),
            (f"/w/own/prompts/new?title={word}&folder={word}", True),
            (f"/w/own/prompts/{prompt}/versions?from={word}&to={word}", True),
            (f"/{word}", False),
            (f"/sign-in?next={word}&notice={word}", False),
        ):
            page.goto(path)
            shown.look(page, path, [one] if is_shown else [])


@pytest.mark.browser
def test_names_in_a_room(shown: Shown, page: Page, browser: Browser) -> None:
    """Somebody with such a name comes in, writes, and publishes with such a message."""
    prompt, _ = shown.groups[0]
    page.goto(f"/w/own/prompts/{prompt}")
    page.locator("#editor[data-live]").wait_for()
    with httpx.Client(base_url=shown.server.url, headers=shown.owner.headers) as person:
        form = {"name": PAYLOADS[15], "hue": "teal", "theme": ""}
        assert person.post("/account/profile", data=form).status_code == 303
    context = browser.new_context(base_url=shown.server.url)
    context.add_cookies([{"name": "session", "value": shown.owner.secret, "url": shown.server.url}])
    other = shown.watch(context.new_page())
    other.goto(f"/w/own/prompts/{prompt}")
    other.locator("#editor[data-live]").wait_for()
    other.locator(".cm-content").click()
    other.keyboard.type(PAYLOADS[21])
    page.wait_for_function(
        "text => document.getElementById('editor').textContent.includes(text)",
        arg=PAYLOADS[21][:20],
    )
    base = f"{shown.server.url}/w/own/prompts/{prompt}"
    httpx.post(f"{base}/publish", headers=shown.owner.headers, data={"message": PAYLOADS[1]})
    page.wait_for_function(
        "text => document.body.innerText.includes(text) || document.body.textContent.includes(text)",
        arg=PAYLOADS[15],
    )
    page.wait_for_timeout(500)  # what comes with the publication
    shown.look(page, "the one who was there", [])
    shown.look(other, "the one who came", [])
    context.close()


@pytest.mark.browser
def test_an_invitation(shown: Shown, page: Page) -> None:
    inviter = shown.spare.owner
    with httpx.Client(base_url=shown.server.url, headers=inviter.headers) as person:
        form = {"email": "", "role": "viewer"}
        url = f"/w/{shown.spare.slug}/settings/members/invitations"
        token = person.post(url, data=form).text.partition("/join/")[2][:43]
    page.goto(f"/join/{token}")
    shown.look(page, "an invitation", [PAYLOADS[0], PAYLOADS[13]])
