"""The editor where it is long, crowded or small: nothing slips, jumps or creeps away."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.stage import Editor, Stage
from tests.browser.test_editor_page import PHONE

pytestmark = pytest.mark.browser

LONG = "\n".join(f"{n}. A line with {{{{name_{n % 7}}}}} and some words" for n in range(400))
MARKS = "[...document.querySelectorAll('.cm-var')].map((mark) => mark.textContent)"
FRAMES = """async () => {
  const seen = [];
  for (let n = 0; n < 30; n++) {
    await new Promise(requestAnimationFrame);
    seen.push(scrollY);
  }
  return [...new Set(seen)];
}"""
TOP = """() => {
  const lines = [...document.querySelectorAll('.cm-line')];
  const line = lines.find((one) => one.getBoundingClientRect().top > 200);
  return [line.textContent, Math.round(line.getBoundingClientRect().top)];
}"""


def go_to(editor: Editor, line: int, *, focused: bool = True) -> None:
    """Put the caret there; a reader then leaves the text again."""
    editor.page.evaluate(
        """([line, focused]) => {
          const { view } = document.getElementById('editor').room;
          view.focus();
          view.dispatch({ selection: { anchor: view.state.doc.line(line).from }, scrollIntoView: true });
          if (!focused) view.contentDOM.blur();
        }""",
        [line, focused],
    )
    there = editor.page.locator(".cm-line").filter(has_text=f"{line - 1}. A line")
    expect(there).to_be_in_viewport()
    editor.page.evaluate(FRAMES)  # the lines around are measured, and the place is settled


def waits_for(editor: Editor, text: str) -> None:
    editor.page.wait_for_function(
        "text => document.getElementById('editor').room.session.plainText().includes(text)",
        arg=text,
    )


def test_marks_stay_on_their_words_while_others_write_far_above(stage: Stage):
    prompt_id = stage.prompt(LONG, "strain/marks")
    owner, priya = stage.open(prompt_id), stage.open(prompt_id, "priya")
    go_to(owner, 300)
    priya.change(0, 0, "far above ")
    waits_for(owner, "far above")
    marks = owner.page.evaluate(MARKS)
    assert len(marks) > 10
    assert [mark for mark in marks if not mark.startswith("{{name_") or mark[-2:] != "}}"] == []


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_a_readers_place_stays_while_others_write_above(stage: Stage, size: str):
    prompt_id = stage.prompt(LONG, f"strain/place-{size}")
    owner = stage.open(prompt_id, **(PHONE if size == "phone" else {}))
    priya = stage.open(prompt_id, "priya")
    go_to(owner, 300, focused=False)
    before = owner.page.evaluate(TOP)
    for word in ("one", "two"):
        priya.change(0, 0, f"{word} more line\n" * 20)
    waits_for(owner, "two more")
    owner.page.evaluate(FRAMES)
    assert owner.page.evaluate(TOP) == before


def test_following_on_a_phone_keeps_still(stage: Stage):
    prompt_id = stage.prompt(LONG, "strain/follow")
    priya = stage.open(prompt_id, "priya")
    go_to(priya, 200)
    owner = stage.open(prompt_id, **PHONE)
    owner.page.get_by_role("button", name="Follow Priya Example").click()
    expect(owner.page.locator("#follow-pill")).to_contain_text("Type or scroll to stop")
    for line in (201, 202, 203):
        priya.press("ArrowDown")
        follow = owner.page.get_by_role("button", name=f"Follow Priya Example, line {line}")
        expect(follow).to_be_focused()
    expect(owner.page.locator(".peer-caret")).to_be_in_viewport()
    assert len(owner.page.evaluate(FRAMES)) == 1


def test_saved_stays_beside_a_field_although_the_room_announces_the_change(stage: Stage):
    prompt_id = stage.prompt("Text", "strain/saved")
    page = stage.open(prompt_id).page
    page.evaluate(
        """() => { window.heard = false; document.body.addEventListener(
          'settings:changed', () => { window.heard = true; }, { once: true }); }"""
    )
    page.get_by_role("tab", name="Settings").click()
    page.get_by_label("Temperature").fill("0.3")
    page.keyboard.press("Tab")
    page.wait_for_function("() => window.heard")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#field-config-temperature .saved")).to_have_text("Saved")
    priya = stage.open(prompt_id, "priya").page
    priya.get_by_role("tab", name="Settings").click()
    priya.get_by_label("Temperature").fill("0.5")
    priya.keyboard.press("Tab")
    expect(page.get_by_label("Temperature")).to_have_value("0.5", timeout=10_000)


def test_many_undeclared_variables_are_declared_at_once(stage: Stage):
    text = "\n".join(f"{{{{word_{n}}}}}" for n in range(20)) + "\n{{" + "v" * 150 + "}}"
    editor = stage.open(stage.prompt(text, "strain/declare"))
    page = editor.page
    page.get_by_role("tab", name="Settings").click()
    expect(page.locator("#undeclared li")).to_have_count(13)
    rail = "document.getElementById('rail-settings')"
    assert page.evaluate(f"{rail}.scrollWidth <= {rail}.clientWidth")
    page.get_by_role("button", name="21 variables, 21 not declared").click()
    menu = page.get_by_role("menu", name="Variables to look at")
    expect(menu.get_by_role("menuitem").first).to_have_text("Declare all 21")
    expect(menu).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Declare all 21").click()
    expect(page.locator("#statusbar")).to_contain_text("21 variables, all set")
    expect(page.locator(".variable")).to_have_count(21)
    expect(page.locator("#toasts")).to_contain_text("21 variables are declared")


def test_a_phones_sheet_is_put_away_by_a_tap_beside_it(stage: Stage):
    page = stage.open(stage.prompt("Text", "strain/sheet"), **PHONE).page
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Settings").click()
    expect(page.get_by_role("tabpanel", name="Settings")).to_be_visible()
    page.touchscreen.tap(200, 120)
    expect(page.get_by_role("tabpanel", name="Settings")).to_be_hidden()
