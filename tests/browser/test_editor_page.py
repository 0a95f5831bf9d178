"""One person and the editor: first paint, messages, variables, keys, access for everyone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.stage import Stage

pytestmark = pytest.mark.browser

TEXT = """{{role "system"}}
# Role
You help {{company}} with <case>one</case> question.
- Be brief \\{{really}}

{{role "user"}}
{{question}}"""

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


# A space stands exactly where the measure ends.
WRAPPED = (
    "3. Otherwise offer the strongest alternative that the fare rules allow: rebooking, voucher or "
    "partial credit, {{currency}}."
)


@pytest.mark.parametrize("text", [TEXT, WRAPPED], ids=["messages", "a long line"])
def test_the_live_text_stands_exactly_where_the_servers_text_stood(stage: Stage, text: str):
    prompt_id = stage.prompt(text, f"browser/paint-{len(text)}")
    page = stage.sign_in()
    places = """(name) => [...document.querySelectorAll(name)].slice(0, 2).map((node) => {
      const box = node.getBoundingClientRect();
      return [Math.round(box.left), Math.round(box.top)];
    })"""
    page.route("**/js/editor/main.js", lambda route: route.abort())
    page.goto(stage.path(prompt_id))
    before = page.evaluate(places, "#editor-ssr .var")
    page.unroute("**/js/editor/main.js")
    page.reload()
    page.locator("#editor[data-live]").wait_for()
    assert page.evaluate(places, ".cm-var") == before
    assert before


def test_messages_are_changed_added_and_moved_by_keyboard_alone(stage: Stage):
    prompt_id = stage.prompt(TEXT, "browser/messages")
    editor = stage.open(prompt_id)
    editor.line(2)
    editor.press("Control+Alt+Enter")
    expect(editor.page.get_by_role("menu", name="System message")).to_be_visible()
    editor.press("End", "Enter")  # the last entry: move down
    expect(editor.page.get_by_role("button", name="User message: menu")).to_be_visible()
    editor.is_saved()
    assert editor.text.startswith('{{role "user"}}\n{{question}}\n\n{{role "system"}}\n# Role')
    editor.press("Control+Alt+Enter")
    expect(editor.page.get_by_role("menuitemradio", name="System")).to_be_focused()
    editor.press("ArrowDown", "ArrowDown", "Enter")
    assert '{{role "assistant"}}\n# Role' in editor.text
    editor.press("Control+z", "Control+z")
    assert editor.text == TEXT


def test_variables_are_completed_and_the_undeclared_pointed_out(stage: Stage):
    prompt_id = stage.prompt("Ask {{topic}}\n", "browser/variables")
    editor = stage.open(prompt_id)
    expect(editor.page.locator("#statusbar")).to_contain_text("1 variable, 1 not declared")
    editor.line(2)
    editor.type("Again {{")
    expect(editor.page.locator(".cm-tooltip-autocomplete")).to_contain_text("topic")
    expect(editor.page.locator(".cm-tooltip-autocomplete")).to_be_in_viewport()
    editor.page.wait_for_timeout(120)  # the list takes no Enter meant for the text
    editor.press("Enter")
    assert editor.text == "Ask {{topic}}\nAgain {{topic}}"
    editor.press("ArrowLeft", "ArrowLeft", "ArrowLeft")
    editor.page.locator(".cm-fix").get_by_role("button", name="Declare").click()
    expect(editor.page.locator("#statusbar")).to_contain_text("1 variable, all set")
    expect(editor.page.locator(".cm-var-unknown")).to_have_count(0)


def test_keys_say_saved_find_and_leave(stage: Stage):
    prompt_id = stage.prompt("Find this line", "browser/keys")
    editor = stage.open(prompt_id)
    editor.line(1)
    editor.press("Control+s")
    expect(editor.page.locator("#toasts")).to_contain_text("Already saved")
    editor.press("Control+f")
    expect(editor.page.locator(".cm-search")).to_be_visible()
    editor.press("Escape", "Tab")
    inside = "document.activeElement.classList.contains('cm-content')"
    assert editor.page.evaluate(inside) is False


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_axe_finds_nothing_and_nothing_overflows(stage: Stage, theme: str, size: str):
    prompt_id = stage.prompt(TEXT, f"browser/axe-{theme}-{size}")
    options = PHONE if size == "phone" else {"viewport": {"width": 1440, "height": 900}}
    editor = stage.open(prompt_id, color_scheme=theme, **options)
    editor.line(3)
    assert editor.axe() == []
    width = editor.page.evaluate("document.documentElement.scrollWidth")
    assert width <= options["viewport"]["width"]
    editor.page.locator("button.cm-role-name").first.click()
    assert editor.axe() == []


def test_nothing_on_the_page_breaks_its_content_security_policy(stage: Stage):
    prompt_id = stage.prompt(TEXT, "browser/policy")
    page = stage.sign_in()
    said: list[str] = []
    page.on(
        "console", lambda message: said.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(stage.path(prompt_id))
    page.locator("#editor[data-live]").wait_for()
    page.locator(".cm-line").first.click()
    page.keyboard.type("{{")
    page.locator(".cm-tooltip-autocomplete").wait_for()
    page.keyboard.press("Control+f")
    assert said == []


def test_on_a_phone_the_title_has_room_and_a_sheet_gives_the_focus_back(stage: Stage):
    editor = stage.open(stage.prompt(TEXT, "browser/sheet-and-title"), **PHONE)
    title = editor.page.locator("#crumb-title").bounding_box()
    state = editor.page.locator("#save-state").bounding_box()
    assert title
    assert state
    assert title["width"] > 100
    assert state["y"] >= title["y"] + title["height"] - 1  # under it, not beside it
    more = editor.page.locator("[popovertarget=more-menu]")
    more.tap()
    editor.page.get_by_role("menuitem", name="Settings").tap()
    expect(editor.page.locator("#tab-settings")).to_be_focused()
    editor.press("Escape")
    expect(editor.page.locator("#rail")).to_be_hidden()
    expect(more).to_be_focused()


def test_the_caret_stays_clear_of_the_bars(stage: Stage):
    prompt_id = stage.prompt("\n".join(f"Line {n}" for n in range(1, 80)), "browser/bars")
    editor = stage.open(prompt_id)
    editor.line(1)
    for _ in range(60):
        editor.press("ArrowDown")
    caret = "document.querySelector('.cm-cursor-primary').getBoundingClientRect().bottom"
    bar = "document.getElementById('statusbar').getBoundingClientRect().top"
    assert editor.page.evaluate(f"{caret} <= {bar}")
    expect(editor.page.locator(".cm-activeLine")).to_have_text("Line 61")
