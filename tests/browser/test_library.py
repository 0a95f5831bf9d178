"""The library in browsers: rows that live, the palette and the list by keyboard alone."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage import WORKSPACE, Stage

pytestmark = pytest.mark.browser

LIBRARY = f"/w/{WORKSPACE}/"
SOON = 2000  # milliseconds from the last key until an edit is found and its row shows it


def row(page: Page, prompt_id: str):
    return page.locator(f"#prompt-{prompt_id}")


def test_a_row_changes_and_new_words_are_found_while_somebody_else_types(stage: Stage):
    prompt_id = stage.prompt("Nothing of it yet.\n", "library/live")
    watching = stage.sign_in()
    watching.goto(LIBRARY)
    expect(row(watching, prompt_id)).to_be_visible()
    priya = stage.open(prompt_id, "priya")
    expect(row(watching, prompt_id).locator(".here .av")).to_have_attribute(
        "aria-label", "Priya Example", timeout=4000
    )
    before = row(watching, prompt_id).get_attribute("data-sum")
    priya.line(1)
    priya.type("A zeppelin lands. ")
    typed = time.monotonic()
    expect(row(watching, prompt_id)).not_to_have_attribute("data-sum", before or "", timeout=SOON)
    watching.locator("#q").fill("zeppelin")
    mark = watching.locator(f"#prompt-{prompt_id} mark")
    while not mark.count():
        assert time.monotonic() - typed < 10, "not found at all"
        watching.locator("#q").dispatch_event("search")
        watching.wait_for_timeout(150)
    expect(mark).to_have_text("zeppelin")
    priya.page.close()
    expect(row(watching, prompt_id).locator(".here .av")).to_have_count(0, timeout=4000)


def test_the_palette_by_keyboard_alone(stage: Stage):
    prompt_id = stage.prompt("Say hello to the quetzal.", "library/palette-first")
    page = stage.sign_in()
    page.goto(LIBRARY)
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Search or jump to")
    expect(box).to_be_focused()
    page.keyboard.type("quetzal")
    offer = page.get_by_role("option").filter(has_text="hello to the quetzal")
    expect(offer).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", offer.get_attribute("id") or "")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("option", selected=True)).to_have_text(re.compile("New prompt called"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{stage.path(prompt_id)}")
    page.locator("#editor[data-live]").wait_for()
    page.keyboard.press("Control+k")  # over the text, too
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_rows_are_chosen_archived_and_brought_back_by_keyboard(stage: Stage):
    ids = [stage.prompt("x", f"library/many-{n}") for n in range(3)]
    page = stage.sign_in()
    page.goto(f"{LIBRARY}?q=many&sort=title")
    for _ in range(2):
        page.keyboard.press("j")
        page.keyboard.press("x")
    expect(page.locator("[data-picked]")).to_have_text("2 selected")
    page.get_by_role("button", name="Archive").press("Enter")
    expect(row(page, ids[0])).to_have_count(0)
    expect(row(page, ids[1])).to_have_count(0)
    expect(row(page, ids[2])).to_be_visible()
    expect(page.locator("#bulk")).to_be_hidden()
    page.get_by_role("button", name="Undo").press("Enter")
    expect(row(page, ids[0])).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text("Undone for 2 prompts")


def test_escape_lets_go_of_the_chosen_rows_after_it_has_closed_what_is_open(stage: Stage):
    stage.prompt("x", "library/let-go")
    page = stage.sign_in()
    page.goto(f"{LIBRARY}?q=let-go")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.locator("[popovertarget=sort-menu]").press("Enter")
    expect(page.locator("#sort-menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#sort-menu")).to_be_hidden()
    expect(page.locator("[data-picked]")).to_have_text("1 selected")
    page.keyboard.press("Escape")
    expect(page.locator("#bulk")).to_be_hidden()
    expect(page.locator("[data-picked]")).to_have_text("")


def test_a_server_that_does_not_answer_leaves_the_list_and_says_so(stage: Stage):
    prompt_id, other = (stage.prompt("x", f"library/{name}") for name in ("offline", "else"))
    page = stage.sign_in()
    page.goto(LIBRARY)
    page.context.set_offline(offline=True)
    expect(page.locator("#stale")).to_be_visible(timeout=6000)
    page.locator("#q").fill("offline")  # what is here can be searched
    expect(row(page, other)).to_be_hidden()
    expect(row(page, prompt_id)).to_be_visible()
    page.locator("#q").fill("")
    expect(row(page, other)).to_be_visible()
    page.context.set_offline(offline=False)
    expect(page.locator("#stale")).to_be_hidden(timeout=15000)


def test_a_star_by_keyboard_shows_beside_every_page_and_in_the_filter(stage: Stage):
    prompt_id = stage.prompt("x", "library/starred")
    page = stage.sign_in()
    page.goto(f"{LIBRARY}?q=starred")
    page.keyboard.press("j")
    page.keyboard.press("Tab")
    star = row(page, prompt_id).get_by_role("button", name="Star library/starred")
    expect(star).to_be_focused()
    page.keyboard.press("Enter")
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(star).to_be_focused()
    expect(page.locator("#starred")).to_contain_text("library/starred")
    page.goto(LIBRARY)
    page.locator(".facet", has_text="Starred").click()
    expect(page.locator("tr[data-sum]")).to_have_count(1)
    page.goto(stage.path(prompt_id))
    page.get_by_role("button", name="Star library/starred").click()
    expect(page.locator("#starred")).not_to_contain_text("library/starred")


def test_rows_are_chosen_on_a_phone_by_a_long_press_and_then_by_taps(stage: Stage):
    ids = [stage.prompt("x", f"library/tapped-{n}") for n in range(2)]
    page = stage.sign_in(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto(f"{LIBRARY}?q=tapped&sort=title")
    spot = row(page, ids[0]).locator("[data-row]").bounding_box()
    assert spot
    devtools = page.context.new_cdp_session(page)
    point = [{"x": spot["x"] + 20, "y": spot["y"] + 8}]
    devtools.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": point})
    expect(page.locator("[data-picked]")).to_have_text("1 selected")
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    row(page, ids[1]).tap()
    expect(page.locator("[data-picked]")).to_have_text("2 selected")
    page.get_by_role("button", name="Done").tap()
    expect(page.locator("#bulk")).to_be_hidden()
    row(page, ids[1]).tap()
    page.wait_for_url(f"**{stage.path(ids[1])}")


def test_on_a_phone_all_filters_come_out_under_their_button(stage: Stage):
    prompt_id = stage.prompt("x", "library/narrow")
    stage.api("PATCH", f"/prompts/{prompt_id}", {"tags": ["narrow", "thin", "slim"]})
    page = stage.sign_in(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto(LIBRARY)
    button = page.locator("[data-panel]")
    before = button.bounding_box()
    button.tap()
    expect(page.locator(".facet").first).to_be_focused()
    assert button.bounding_box() == before
    for box in [one.bounding_box() for one in page.locator(".facet").all()]:
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    button.tap()
    expect(page.locator("#facets")).to_be_hidden()


def test_on_a_phone_the_palette_can_be_closed(stage: Stage):
    stage.prompt("x", "library/closed")
    page = stage.sign_in(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto(LIBRARY)
    page.locator(".phone-tabs [data-palette]").tap()
    page.locator("#palette").get_by_role("button", name="Close").tap()
    expect(page.locator("#palette")).to_be_hidden()


def test_a_list_that_does_not_load_says_so_and_is_tried_again(stage: Stage):
    prompt_id = stage.prompt("x", "library/failing")
    page = stage.sign_in()
    page.goto(LIBRARY)
    page.route("**/?q=failing*", lambda route: route.fulfill(status=503, body="no"))
    page.locator("#q").fill("failing")
    expect(page.locator("#failed")).to_contain_text("The server answered 503.")
    expect(row(page, prompt_id)).to_be_hidden()
    page.unroute("**/?q=failing*")
    page.get_by_role("link", name="Try again").click()
    expect(row(page, prompt_id)).to_be_visible()
    expect(page.locator("#failed")).to_be_hidden()
    assert page.url.endswith("?q=failing")


def test_a_slow_list_is_drawn_as_one_that_comes(stage: Stage):
    page = stage.sign_in()
    page.goto(LIBRARY)
    page.route("**/?q=slow*", lambda _: None)  # never answered
    page.locator("#q").fill("slow")
    expect(page.locator(".loading")).to_be_visible()
