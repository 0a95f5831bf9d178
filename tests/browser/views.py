"""Every page, dialog and menu of the product, and how one comes to see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.browser.larkspur import SLUG, Larkspur

WORKSPACE = f"/w/{SLUG}"
# What stands for a prompt's address in paths.
TITLES = ("Empty page", "Flight delay apology", "Itinerary summariser", "Concierge tone rewrite")
CLASHING = """[
  {"name": "flight-delay-apology", "prompt": "Sorry", "version": 1, "tags": ["tone"]},
  {"name": "Lost Luggage", "prompt": "Where is {{bag}}?", "version": 1, "labels": ["staging"]}
]"""
MISTAKEN = '[{"role": "robot", "content": "Hello"},]'


@dataclass(frozen=True)
class View:
    """One thing to look at: who looks, where, and what they do there first."""

    name: str
    path: str
    who: str = "maya"  # "" = nobody is signed in
    act: Callable[[Page], None] | None = None
    status: int = 200

    def show(self, page: Page, larkspur: Larkspur) -> None:
        answer = page.goto(self.address(larkspur))
        assert answer is not None
        assert answer.status == self.status
        page.wait_for_load_state("load")
        if page.locator("#editor-boot").count():
            page.locator(
                "#save-state[data-state=durable], #save-state[data-state=viewing]"
            ).wait_for()
        if self.act:
            self.act(page)

    def address(self, larkspur: Larkspur) -> str:
        path = self.path.replace("TRIAGE", larkspur.triage)
        for title in TITLES:
            path = path.replace(title, larkspur.prompt(title))
        return larkspur.server.url + path


def opens(opener: str, opened: str) -> Callable[[Page], None]:
    """Press the button with the keyboard and wait for what it opens."""

    def act(page: Page) -> None:
        button = page.locator(opener).locator("visible=true").first
        button.focus()
        page.keyboard.press("Enter")
        expect(page.locator(opened)).to_be_visible()

    return act


def presses(key: str, opened: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.keyboard.press(key)
        expect(page.locator(opened)).to_be_visible()

    return act


def _makes_a_key(page: Page) -> None:
    opens("[data-open=new-key]", "#new-key")(page)
    page.keyboard.type("nightly-evals")
    page.keyboard.press("Enter")
    expect(page.locator("#secret")).to_be_visible()


def _makes_a_link(page: Page) -> None:
    opens("[data-open=invite]", "#invite")(page)
    page.get_by_role("button", name="Make a link").press("Enter")
    expect(page.locator("#invite-link")).to_be_visible()


def _misses_a_word(page: Page) -> None:
    page.locator("[name=email]").fill("somebody@larkspur.example")
    page.locator("[name=password]").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.locator("#f-password-note")).to_be_visible()


def _goes_offline(page: Page) -> None:
    page.context.set_offline(offline=True)
    expect(page.locator("#save-state")).to_contain_text("Offline")


def _opens_the_rail(page: Page) -> None:
    page.locator("#tab-versions").press("Enter")
    expect(page.locator("#rail-versions-panel")).to_be_visible()


def _moves_one_into_itself(page: Page) -> None:
    page.locator(".fold > summary").first.press("Enter")
    field = page.locator(".fold[open] [name=path]")
    field.fill(field.input_value() + "/Below")
    field.press("Enter")
    expect(page.locator("#move-error")).to_contain_text("into itself")


def _keeps_some_of_each(page: Page) -> None:
    """Calls and objects are drawn by one template each: all of them only take longer to look at."""
    page.evaluate(
        "document.querySelectorAll('section > article:nth-of-type(n+5)').forEach((one) => one.remove())"
    )


def _asks_to_merge(page: Page) -> None:
    names = page.locator(".thing .clip").all_inner_texts()
    page.locator(".fold > summary").first.press("Enter")
    field = page.locator(".fold[open] [name=name]")
    field.fill(names[1])
    field.press("Enter")
    expect(page.get_by_role("button", name="Merge the two")).to_be_visible()


def brings(text: str, heading: str) -> Callable[[Page], None]:
    """Paste it on the page of imports and look at the preview."""

    def act(page: Page) -> None:
        page.get_by_label("Or paste").fill(text)
        page.get_by_role("button", name="See what would happen").press("Enter")
        expect(page.get_by_role("heading", name=heading)).to_be_visible()

    return act


def _gives_to_nobody(page: Page) -> None:
    field = page.get_by_label("Share of v2")
    field.evaluate("field => { field.form.noValidate = true; }")
    field.fill("0")
    field.press("Enter")
    expect(page.locator("#percent-note")).to_be_visible()
    expect(field).to_be_focused()
    expect(field).to_have_value("0")


def _finds_in_the_palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("refund")
    expect(page.locator("#palette mark").first).to_be_visible()


def _chooses_rows(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#bulk")).to_be_visible()


def _says_a_title_that_is_there(page: Page) -> None:
    page.get_by_label("Title", exact=True).fill("Refund triage assistent")
    expect(page.locator("#new-alike .callout")).to_be_visible()


def _stars_one(page: Page) -> None:
    page.locator(".star").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#starred a")).to_have_count(1)


def _finds_no_list(page: Page) -> None:
    page.route("**/?q=lost*", lambda route: route.fulfill(status=503, body="no"))
    page.locator("#q").fill("lost")
    expect(page.locator("#failed")).to_be_visible()


PAGES = [
    View("sign-in", "/sign-in", ""),
    View("library", f"{WORKSPACE}/"),
    View("library, narrowed", f"{WORKSPACE}/?tag=tone&label=production"),
    View("library, found", f"{WORKSPACE}/?q=refund"),
    View("library, none found", f"{WORKSPACE}/?q=refnud"),
    View("library, as cards", f"{WORKSPACE}/?as=cards", "tomas"),
    View("saved views", f"{WORKSPACE}/views"),
    View("saved views, none", f"{WORKSPACE}/views", "kenji"),
    View("a view to save", f"{WORKSPACE}/views/new?tag=tone&tag=data"),
    View("new prompt", f"{WORKSPACE}/prompts/new"),
    View("editor", "TRIAGE"),
    View("editor, empty prompt", "Empty page", "priya"),
    View("editor, viewer", "TRIAGE", "leila"),
    View("publish", "TRIAGE/publish"),
    View("versions", "TRIAGE/versions"),
    View("versions, split", "TRIAGE/versions?from=1&to=2"),
    View("versions, inline", "TRIAGE/versions?from=1&to=2&mode=inline"),
    View("versions, identical", "TRIAGE/versions?from=1&to=1"),
    View("versions, one", "Flight delay apology/versions"),
    View("versions, none", "Empty page/versions"),
    View("checkpoints", "TRIAGE/versions?show=checkpoints"),
    View("one version", "TRIAGE/versions/2"),
    View("comments", "TRIAGE/threads"),
    View("comments, viewer", "TRIAGE/threads", "leila"),
    View("replay", "TRIAGE/versions/replay?from=1&to=draft"),
    View("label", "TRIAGE/labels/production"),
    View("label, split", "Itinerary summariser/labels/production"),
    View("composition", "TRIAGE/composition"),
    View("resolved text", "Concierge tone rewrite/composition/resolved"),
    View("export", "Flight delay apology/export"),
    View("export, all", f"{WORKSPACE}/export"),
    View("import", f"{WORKSPACE}/import"),
    View("label settings", f"{WORKSPACE}/settings/labels"),
    View("label settings, viewer", f"{WORKSPACE}/settings/labels", "leila"),
    View("inbox", f"{WORKSPACE}/inbox"),
    View("inbox, all", f"{WORKSPACE}/inbox?show=all", "priya"),
    View("notifications", f"{WORKSPACE}/settings/notifications"),
    View("activity", "TRIAGE/activity"),
    View("general", f"{WORKSPACE}/settings/general"),
    View("general, viewer", f"{WORKSPACE}/settings/general", "leila"),
    View("members", f"{WORKSPACE}/settings/members"),
    View("members, viewer", f"{WORKSPACE}/settings/members", "leila"),
    View("folders", f"{WORKSPACE}/settings/folders"),
    View("folders, viewer", f"{WORKSPACE}/settings/folders", "leila"),
    View("tags", f"{WORKSPACE}/settings/tags"),
    View("tags, viewer", f"{WORKSPACE}/settings/tags", "leila"),
    View("keys", f"{WORKSPACE}/settings/keys"),
    View("keys, viewer", f"{WORKSPACE}/settings/keys", "leila"),
    View("profile", "/account/profile"),
    View("password", "/account/password"),
    View("sessions", "/account/sessions"),
    View("new workspace", "/workspaces/new"),
    View("not found", f"{WORKSPACE}/nothing-here", status=404),
    View("forbidden", "TRIAGE/publish", "leila", status=403),
    View("spent invitation", "/join/no-such-link", "", status=410),
    View("API reference", "/api/docs", act=_keeps_some_of_each),
    View("API errors", "/api/docs/errors"),
    View("API errors, one", "/api/docs/errors/label_moved_since"),
]
STATES = [
    View("folders, one to move", f"{WORKSPACE}/settings/folders", act=_moves_one_into_itself),
    View("tags, two to merge", f"{WORKSPACE}/settings/tags", act=_asks_to_merge),
    View("palette, found", f"{WORKSPACE}/", act=_finds_in_the_palette),
    View("library, rows chosen", f"{WORKSPACE}/", act=_chooses_rows),
    View("library, starred", f"{WORKSPACE}/", "priya", act=_stars_one),
    View("library, failed", f"{WORKSPACE}/", "leila", act=_finds_no_list),
    View("new prompt, there already", f"{WORKSPACE}/prompts/new", act=_says_a_title_that_is_there),
    View("sign-in, refused", "/sign-in", "", _misses_a_word, 200),
    View("editor, offline", "TRIAGE", act=_goes_offline),
    View("editor, versions in the rail", "TRIAGE", act=_opens_the_rail),
    View("invitation link", f"{WORKSPACE}/settings/members", act=_makes_a_link),
    View("label, refused", "Itinerary summariser/labels/production", act=_gives_to_nobody),
    View("import, preview", f"{WORKSPACE}/import", act=brings(CLASHING, "2 prompts to import")),
    View("import, mistaken", f"{WORKSPACE}/import", act=brings(MISTAKEN, "cannot be read yet")),
    View("a key just made", f"{WORKSPACE}/settings/keys", "tomas", _makes_a_key),
]
# What opens over a page: Escape closes it, and focus is back where it was.
OVERLAYS = {
    "new prompt": (f"{WORKSPACE}/", "[data-new]", "#sheet"),
    "shortcuts": ("TRIAGE", ".keys-button", "#shortcuts"),
    "share": ("TRIAGE", "[data-open=share]", "#share"),
    "details": ("TRIAGE", ".heading [data-open=details]", "#details"),
    "publish": ("TRIAGE", "#publish-button", "#sheet"),
    "export": ("TRIAGE", ".actions [hx-get$=export]", "#sheet"),
    "restore": ("TRIAGE/versions?from=1&to=2", "form[action$=restore] button", "#confirm"),
    "promote": ("TRIAGE/versions?from=1&to=2", "[popovertarget=promote]", "#promote"),
    "invite": (f"{WORKSPACE}/settings/members", "[data-open=invite]", "#invite"),
    "remove": (f"{WORKSPACE}/settings/members", "form[action$=remove] button", "#confirm"),
    "remove a folder": (
        f"{WORKSPACE}/settings/folders",
        "form[action$=remove] button",
        "#confirm",
    ),
    "new key": (f"{WORKSPACE}/settings/keys", "[data-open=new-key]", "#new-key"),
    "save a view": (f"{WORKSPACE}/?tag=tone", ".active-filters [hx-get*=views]", "#sheet"),
    "sort": (f"{WORKSPACE}/", "[popovertarget=sort-menu]", "#sort-menu"),
    "palette": (f"{WORKSPACE}/", "[data-palette]", "#palette"),
    "workspaces": (f"{WORKSPACE}/", "[popovertarget=workspace-menu]", "#workspace-menu"),
    "profile menu": (f"{WORKSPACE}/", "[popovertarget=profile-menu]", "#profile-menu"),
}
SIDEBAR = {"workspaces", "profile menu"}  # phones have the bottom bar instead
