"""Comments in the editor: started, answered and resolved by several people, by keyboard, on a phone."""

from __future__ import annotations

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage import Editor, Stage
from tests.support.server import until

pytestmark = pytest.mark.browser

TEXT = "# Decide\nIf the fare is refundable, approve it.\nNever promise a date you cannot see.\n"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SELECT = """(words) => {
  const { view } = document.getElementById('editor').room;
  const at = view.state.doc.toString().indexOf(words);
  view.focus();
  view.dispatch({ selection: { anchor: at, head: at + words.length } });
}"""
MARKED = """() => [...document.querySelectorAll('.cm-thread')].map((node) => node.textContent).join('')"""
HERE = """() => {
  const at = document.activeElement;
  const rail = document.getElementById('rail-threads-panel');
  return [at?.dataset.draft ?? at?.className, at?.selectionStart, at?.value, rail.scrollTop];
}"""


def open_threads(stage: Stage, prompt_id: str, who: str = "owner", **options: object) -> Editor:
    editor = stage.open(prompt_id, who, **options)
    editor.page.locator("#threads").wait_for(state="attached")
    return editor


def comment(editor: Editor, words: str, text: str) -> None:
    """Select, Ctrl Alt M, write, Ctrl Enter; done when the card is there."""
    editor.page.evaluate(SELECT, words)
    editor.press("Control+Alt+m")
    expect(editor.page.locator("#thread-new textarea")).to_be_focused()
    editor.type(text)
    editor.press("Control+Enter")
    expect(card(editor.page, text.replace("*", ""))).to_be_visible()


def card(page: Page, text: str):
    return page.locator("#thread-list > .thread").filter(has_text=text)


def reply(page: Page, to: str, text: str) -> None:
    thread = card(page, to)
    thread.locator(".comment-text").first.click()
    field = thread.locator(".reply textarea")
    field.fill(text)
    field.press("Control+Enter")


def test_a_thread_lives_at_both_sides(stage: Stage):
    prompt_id = stage.prompt(TEXT, "threads/together")
    owner, priya = open_threads(stage, prompt_id), open_threads(stage, prompt_id, "priya")
    comment(owner, "promise a date", "Legal asked for *this*")
    theirs = card(priya.page, "Legal asked for this")
    expect(theirs).to_be_visible()
    expect(theirs.locator("em")).to_have_text("this")
    assert priya.page.evaluate(MARKED) == "promise a date"
    expect(theirs.locator(".dot.new")).to_be_hidden()  # seen for a second, and so read
    # An edit inside of the words, by the other one, moves the mark and closes nothing.
    priya.change(TEXT.index("a date"), TEXT.index("a date"), "ever ")
    until(lambda: owner.page.evaluate(MARKED) == "promise ever a date", 5, "the mark to follow")
    reply(priya.page, "Legal asked", "Fine with me")
    expect(card(owner.page, "Fine with me")).to_be_visible()
    priya.page.locator(".thread.active .react summary").first.click()
    priya.page.locator(".thread.active .react-choice [value=agree]").first.click()
    expect(owner.page.get_by_role("button", name=re.compile("^agree, 1: Priya"))).to_be_visible()
    # Resolved by one; the other, who has it open, is told and may reopen it.
    owner.page.locator(".thread.active [data-resolve]").click()
    expect(owner.page.locator("#thread-list > .thread")).to_have_count(0)
    expect(owner.page.locator("#toasts")).to_contain_text("Resolved")
    expect(priya.page.locator(".thread-done")).to_contain_text("resolved this.")
    expect(priya.page.locator("#thread-count")).to_be_hidden()
    until(lambda: priya.page.evaluate(MARKED) == "", 5, "the mark to go")
    priya.page.locator(".thread-done").get_by_role("button", name="Reopen").click()
    expect(card(owner.page, "Fine with me")).to_be_visible()
    expect(owner.page.locator("#thread-count")).to_have_text("1")


def test_what_is_unsent_survives_a_reload_a_redraw_and_a_server_that_is_away(stage: Stage):
    prompt_id = stage.prompt(TEXT, "threads/unsent")
    owner, priya = open_threads(stage, prompt_id), open_threads(stage, prompt_id, "priya")
    comment(owner, "refundable", "Since when?")
    page = priya.page
    card(page, "Since when?").locator(".comment-text").click()
    field = page.locator(".thread.active .reply textarea")
    field.fill("Half a thou")
    page.evaluate("document.activeElement.setSelectionRange(4, 4)")
    before = page.evaluate(HERE)
    reply(owner.page, "Since when?", "Anyone?")  # redraws the card around the field
    expect(card(page, "Anyone?")).to_be_visible()
    assert page.evaluate(HERE) == before
    page.reload()
    page.locator("#editor[data-live]").wait_for()
    page.locator("#thread-list > .thread .comment-text").first.click()
    expect(field).to_have_value("Half a thou")
    page.route("**/comments", lambda route: route.abort())
    field.press("End")
    page.keyboard.type("ght")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert").filter(has_text="Not sent")).to_be_visible()
    expect(field).to_have_value("Half a thought")
    page.unroute("**/comments")
    page.get_by_role("button", name="Retry").click()
    expect(card(owner.page, "Half a thought")).to_be_visible()
    expect(field).to_have_value("")
    unsent = "Object.keys(localStorage).filter((key) => key.startsWith('promptroom:unsent'))"
    assert page.evaluate(unsent) == []


def test_words_that_go_come_back_or_are_chosen_anew(stage: Stage):
    prompt_id = stage.prompt(TEXT, "threads/gone")
    owner = open_threads(stage, prompt_id)
    comment(owner, "a date you cannot see", "Why not?")
    at = TEXT.index("a date you cannot see")
    owner.change(at, at + 21, "")
    gone = owner.page.locator(".thread-gone")
    expect(gone).to_contain_text("Text was removed")
    expect(owner.page.locator(".thread-quote a")).to_have_text("a date you cannot see")
    assert owner.page.evaluate(MARKED) == ""
    owner.page.locator(".cm-content").click()
    owner.press("Control+z")
    until(lambda: owner.page.evaluate(MARKED) == "a date you cannot see", 5, "the words are back")
    expect(gone).to_be_hidden()
    # Cut and pasted elsewhere: found by what they say, and everybody is told once.
    owner.change(at, at + 21, "")
    expect(gone).to_be_visible()
    with owner.page.expect_response(lambda one: one.url.endswith("/anchor"), timeout=8000):
        owner.change(0, 0, "Do not promise a date you cannot see.\n")
    assert owner.page.evaluate(MARKED) == "a date you cannot see"
    owner.is_saved()
    owner.page.reload()
    owner.page.locator(".cm-thread").wait_for()
    assert owner.page.evaluate(MARKED) == "a date you cannot see"
    owner.change(0, 38, "")
    expect(gone).to_be_visible()
    owner.page.locator(".thread .comment-text").click()
    owner.page.get_by_role("button", name="Put it on other words").click()
    owner.page.evaluate(SELECT, "refundable")
    owner.page.get_by_role("button", name="Put the comment here").click()
    expect(owner.page.locator(".thread-quote a")).to_have_text("refundable")
    until(lambda: owner.page.evaluate(MARKED) == "refundable", 5, "the new words are marked")


def test_by_keyboard_alone(stage: Stage):
    prompt_id = stage.prompt(TEXT, "threads/keyboard")
    owner, priya = open_threads(stage, prompt_id), open_threads(stage, prompt_id, "priya")
    comment(owner, "refundable", "First")
    comment(owner, "promise", "Second")
    owner.page.locator(".cm-content").focus()
    owner.press("Control+Home", "Alt+ArrowDown")
    expect(owner.page.locator(".thread.active")).to_contain_text("First")
    assert (
        owner.page.evaluate("document.querySelector('.cm-thread.on').textContent") == "refundable"
    )
    owner.press("Alt+ArrowDown")
    expect(owner.page.locator(".thread.active")).to_contain_text("Second")
    owner.press("Alt+ArrowUp")
    expect(owner.page.locator(".thread.active")).to_contain_text("First")
    owner.page.locator(".thread.active .reply textarea").focus()
    owner.type("Ask @pri")
    expect(owner.page.get_by_role("option", name=re.compile("Priya"))).to_have_attribute(
        "aria-selected", "true"
    )
    owner.press("Enter")
    owner.type("about it")
    expect(owner.page.locator(".thread.active .reply textarea")).to_have_value(
        "Ask @Priya Example about it"
    )
    owner.press("Control+Enter")
    expect(card(priya.page, "about it").locator(".mention-me")).to_have_text("@Priya Example")
    owner.press("Shift+Tab", "Escape")
    owner.page.locator(".thread.active [data-comment-menu]").last.press("Enter")
    owner.press("Enter")  # Edit is first
    field = owner.page.locator(".comment-form.edit textarea")
    expect(field).to_have_value("Ask @Priya Example about it")
    expect(field).to_be_focused()
    owner.type(" today")
    owner.press("Control+Enter")
    expect(card(priya.page, "about it today")).to_be_visible()
    expect(card(priya.page, "about it today").locator(".mention-me")).to_have_count(1)
    owner.page.locator(".thread.active [data-resolve]").focus()
    owner.press("Enter")
    expect(card(owner.page, "First")).to_have_count(0)
    assert owner.axe() == []


def test_a_link_opens_its_thread_and_a_phone_shows_it_in_a_sheet(stage: Stage):
    prompt_id = stage.prompt("Line\n" * 60 + TEXT, "threads/phone")
    owner = open_threads(stage, prompt_id)
    comment(owner, "refundable", "On the phone, too?")
    thread_id = owner.page.locator("#thread-list > .thread").get_attribute("data-thread")
    page = stage.sign_in("priya", **PHONE)
    page.goto(f"{stage.path(prompt_id)}?thread={thread_id}")
    expect(page.locator("#sheet-place")).to_have_text("Comment 1 of 1")
    expect(page.locator(".cm-thread.on")).to_be_in_viewport()
    sheet = page.locator("#rail").bounding_box()
    mark = page.locator(".cm-thread.on").bounding_box()
    assert sheet is not None
    assert mark is not None
    assert abs(sheet["height"] - 0.45 * 844) < 3
    assert mark["y"] + mark["height"] <= sheet["y"]
    page.get_by_role("button", name="Full height").tap()
    until(
        lambda: abs((page.locator("#rail").bounding_box() or {})["height"] - 0.9 * 844) < 3,
        3,
        "90%",
    )
    assert Editor(page).axe() == []
    page.get_by_role("button", name="Full height").tap()
    page.locator("[data-sheet-resolve]").tap()
    expect(owner.page.locator(".thread-done")).to_contain_text("Priya Example resolved this.")


def test_comments_that_do_not_come_are_asked_for_again(stage: Stage):
    prompt_id = stage.prompt("Some words", "threads/late")
    stage.api("POST", f"/prompts/{prompt_id}/threads", {"body": "It was here all along"})
    page = stage.sign_in()
    page.route("**/threads", lambda route: route.abort())
    page.goto(stage.path(prompt_id))
    page.locator("#editor[data-live]").wait_for()
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible(timeout=10_000)
    page.unroute("**/threads")
    again.click()
    expect(card(page, "It was here all along")).to_be_visible()
    expect(again).to_have_count(0)


def test_ten_at_once_while_two_type(stage: Stage):
    """Nothing is lost, all see one order and one count, and nobody's caret or place jumps."""
    prompt_id = stage.prompt(
        "\n".join(f"Line {n} of the prompt." for n in range(90)), "threads/ten"
    )
    typist, reader = open_threads(stage, prompt_id), open_threads(stage, prompt_id, "priya")
    url = f"/prompts/{prompt_id}/threads"
    first = [stage.api("POST", url, {"body": f"Old {n}"})["id"] for n in range(12)]
    expect(reader.page.locator("#thread-list > .thread")).to_have_count(12)
    typist.page.evaluate(SELECT, "Line 39 of")
    typist.press("ArrowLeft")
    card(reader.page, "Old 3").locator(".comment-text").click()
    field = reader.page.locator(".thread.active .reply textarea")
    field.fill("unsent")
    reader.page.evaluate("document.activeElement.setSelectionRange(2, 2)")
    place = """() => [document.activeElement.value, document.activeElement.selectionStart,
      Math.round(document.activeElement.getBoundingClientRect().top)]"""
    before = reader.page.evaluate(place)
    pane = "document.querySelector('.pane').scrollTop"
    scrolled = typist.page.evaluate(pane)

    def one(n: int) -> None:
        stage.api("POST", url, {"body": f"New {n}", "anchor": {"quote": f"Line {60 + n} of"}})
        stage.api("POST", f"/threads/{first[n]}/comments", {"body": f"Reply {n}"})
        if n % 2 and n != 3:
            stage.api("PATCH", f"/threads/{first[n]}", {"state": "resolved"})

    with ThreadPoolExecutor(10) as ten:
        jobs = [ten.submit(one, n) for n in range(10)]
        for letter in "while they talk":
            typist.type(letter)
        for job in jobs:
            job.result()
    counts = stage.api("GET", f"{url}?limit=1")["counts"]
    assert counts["open"] == 12 + 10 - 4
    order = [one["id"] for one in stage.api("GET", f"{url}?limit=100")["items"]]
    ids = (
        "[...document.querySelectorAll('#thread-list > .thread')].map((one) => one.dataset.thread)"
    )
    for page in (typist.page, reader.page):
        expect(page.locator("#thread-count")).to_have_text("18")
        until(lambda page=page: page.evaluate(ids) == order, 10, "the same cards in the same order")
        for n in range(10):
            expect(card(page, f"New {n}")).to_have_count(1)
        expect(page.locator(".reply-count")).to_have_count(6)
    assert reader.page.evaluate(place) == before
    assert typist.page.evaluate(pane) == scrolled
    assert "while they talkLine 39 of" in typist.text
    typist.type("!")
    assert "while they talk!Line 39 of" in typist.text


def test_scripts_in_everything_show_as_text(stage: Stage):
    attack = '<img src=x onerror=alert(1)>"\'`{{role "x"}}'
    prompt_id = stage.prompt(f"Say {attack} and stop.", "threads/scripts")
    page = stage.sign_in()
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    page.on("dialog", lambda one: said.append(one.message))
    body = (
        f"{attack} **{attack}** [a](javascript:alert(1)) ![b](x) <svg/onload=alert(1)> `{attack}`"
    )
    anchor = {"quote": attack}
    made = stage.api("POST", f"/prompts/{prompt_id}/threads", {"body": body, "anchor": anchor})
    page.goto(f"{stage.path(prompt_id)}?thread={made['id']}")
    thread = page.locator(".thread.active")
    expect(thread.locator(".thread-quote a")).to_have_text(attack)
    expect(thread.locator(".comment-text")).to_contain_text("<svg/onload=alert(1)>")
    assert (
        thread.locator("img, .comment-text svg, script, [onerror], a[href^=javascript]").count()
        == 0
    )
    thread.locator(".reply textarea").fill(f"@{attack}")
    page.keyboard.press("Control+Enter")
    expect(thread.locator(".comment")).to_have_count(2)
    page.goto(f"{stage.path(prompt_id)}/threads")
    expect(page.locator(".thread .thread-quote")).to_have_text(attack)
    assert page.locator(".thread :is(img, script, [onerror])").count() == 0
    assert said == []


def test_two_thousand_threads(stage: Stage):
    """The page does not wait for them, the rail gets them page by page, what is out of sight is not drawn."""
    lines = [
        "# No words of a thread",
        *(f"Line {n} says something of its own." for n in range(2000)),
    ]
    prompt_id = stage.prompt("\n".join(lines), "threads/many")
    anchor = {"quote": "Line 0 says"}
    stage.api("POST", f"/prompts/{prompt_id}/threads", {"body": "About 0", "anchor": anchor})
    _repeat_the_thread(stage, UUID(prompt_id), 2000)
    page = stage.sign_in()
    page.goto(stage.path(prompt_id))
    editor = Editor(page)
    page.locator("#editor[data-live]").wait_for()
    shown = "performance.getEntriesByType('paint').at(-1).startTime"
    assert page.evaluate(shown) < 1000
    expect(page.locator("#thread-count")).to_have_text("2000")
    expect(page.locator("#thread-list > .thread").first).to_be_visible()
    assert page.locator(".cm-thread").count() < 200
    expect(page.locator("#thread-list > .thread")).to_have_count(30)
    page.locator("#rail-threads-panel").evaluate("(rail) => rail.scrollTo(0, rail.scrollHeight)")
    expect(page.locator("#thread-list > .thread")).to_have_count(60)
    page.locator(".cm-content").focus()
    editor.press("Control+Home", "Alt+ArrowDown")
    expect(page.locator(".thread.active")).to_contain_text("About 0", timeout=15_000)
    expect(page.locator("#thread-list > .thread")).to_have_count(61)


def _repeat_the_thread(stage: Stage, prompt_id: UUID, times: int) -> None:
    """The same about each of the other lines, past the API: that would take most of a minute."""
    with closing(sqlite3.connect(stage.server.data_dir / "promptroom.db")) as database:
        database.row_factory = sqlite3.Row
        [thread] = database.execute("SELECT * FROM threads WHERE prompt_id = ?", [prompt_id.hex])
        [comment] = database.execute("SELECT * FROM comments WHERE thread_id = ?", [thread["id"]])
        for n in range(1, times):
            new = uuid4().hex
            rows = {
                "threads": {
                    **dict(thread),
                    "id": new,
                    "number": n + 1,
                    "quote": f"Line {n} says",
                    "prefix": "",
                    "suffix": " something of its own.",
                },
                "comments": {
                    **dict(comment),
                    "id": uuid4().hex,
                    "thread_id": new,
                    "body": f"About {n}",
                },
            }
            for table, row in rows.items():
                marks = ", ".join("?" * len(row))
                columns = ", ".join(f'"{name}"' for name in row)
                database.execute(
                    f"INSERT INTO {table} ({columns}) VALUES ({marks})", [*row.values()]
                )
        database.commit()
