"""Several people in one prompt: typing at once, undoing, being seen, coming back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.stage import Editor, Stage
from tests.support.server import until

pytestmark = pytest.mark.browser


def agree(stage: Stage, prompt_id: str, *editors: Editor) -> str:
    """Waits until all editors and the server hold the same text, and returns it."""

    def same() -> bool:
        return {editor.text for editor in editors} == {stage.text_of(prompt_id)}

    until(same, 10, "the same text everywhere")
    for editor in editors:
        editor.is_saved()
    return editors[0].text


def test_two_people_type_in_the_same_paragraph_at_once(stage: Stage):
    prompt_id = stage.prompt("One paragraph.", "browser/together")
    owner, priya = stage.open(prompt_id), stage.open(prompt_id, "priya")
    owner.line(1)
    priya.line(1)
    priya.press("End")
    for _ in range(40):
        owner.type("a")
        priya.type("b")
    text = agree(stage, prompt_id, owner, priya)
    assert text == "a" * 40 + "One paragraph." + "b" * 40


def test_programs_edit_the_message_in_which_three_people_type(stage: Stage):
    """What they have typed since the program read the message is not in what it sends."""
    prompt_id = stage.prompt("Answer the customer briefly and kindly.", "browser/program")
    people = [stage.open(prompt_id, who) for who in ("owner", "priya", "kenji")]
    words = dict(zip(("customer", "briefly", "kindly"), people, strict=True))
    for word, editor in words.items():
        at = editor.text.index(word) + 3
        editor.line(1)
        editor.press(*["ArrowRight"] * at)
    letters = dict(zip("XYZ", people, strict=True))
    for number in range(8):
        is_whole = number % 2
        path = f"/prompts/{prompt_id}" + ("" if is_whole else "/messages/0")
        key = "text" if is_whole else "content"
        base = stage.api("GET", path)[key]
        for letter, editor in letters.items():
            editor.type(letter)
        content = base.replace("Answer", f"{number}. Answer") + f" [{number}]"
        stage.api("PATCH", path, {key: content, "base": base})
    text = agree(stage, prompt_id, *people)
    start = "".join(f"{number}. " for number in range(8))
    end = "".join(f" [{number}]" for number in range(8))
    typed = {letter: letter * 8 for letter in letters}
    assert text == (
        f"{start}Answer the cus{typed['X']}tomer bri{typed['Y']}efly and kin{typed['Z']}dly.{end}"
    )
    spans = stage.api("GET", f"/prompts/{prompt_id}/blame")["spans"]
    who = {one["author"]["id"].partition(":")[0]: set() for one in spans}
    for one in spans:
        who[one["author"]["id"].partition(":")[0]] |= set(one["text"])
    assert who["user"] == set("XYZ")
    assert not who["key"] & set("XYZ")


def test_undo_takes_back_only_ones_own_edits(stage: Stage):
    prompt_id = stage.prompt("Start\nsecond", "browser/undo")
    owner, priya = stage.open(prompt_id), stage.open(prompt_id, "priya")
    owner.line(1)
    owner.type("mine ")
    priya.line(2)
    priya.type("theirs ")
    agree(stage, prompt_id, owner, priya)
    owner.press("Control+z")
    until(lambda: "mine" not in priya.text, 5, "the undo at the other side")
    assert agree(stage, prompt_id, owner, priya) == "Start\ntheirs second"
    owner.press("Control+y")
    until(lambda: "mine" in priya.text, 5, "the redo at the other side")


def test_characters_outside_the_basic_plane_stay_whole(stage: Stage):
    prompt_id = stage.prompt("x😀y", "browser/unicode")
    owner, priya = stage.open(prompt_id), stage.open(prompt_id, "priya")
    owner.change(2, 3, "z")  # would cut the emoji in two
    priya.line(1)
    priya.type("👩‍👩‍👧漢字é")
    priya.press("Backspace")
    text = agree(stage, prompt_id, owner, priya)
    assert "\ufffd" not in text
    assert text.encode("utf-8")


def test_remote_text_waits_for_a_composed_character(stage: Stage):
    prompt_id = stage.prompt("Line", "browser/composition")
    owner, priya = stage.open(prompt_id), stage.open(prompt_id, "priya")
    owner.line(1)
    owner.press("End")
    devtools = owner.devtools()
    for text in ("に", "にほ", "にほん"):
        composed = {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
        devtools.send("Input.imeSetComposition", composed)
        priya.line(1)
        priya.type("R")
    assert owner.text == "Lineにほん"
    devtools.send("Input.insertText", {"text": "日本"})
    assert agree(stage, prompt_id, owner, priya) == "RRRLine日本"


def test_carets_carry_names_and_an_avatar_follows(stage: Stage):
    prompt_id = stage.prompt("Hello\nthere", "browser/presence")
    owner, priya = stage.open(prompt_id), stage.open(prompt_id, "priya")
    priya.line(2)
    flag = owner.page.locator(".peer-caret .peer-flag")
    expect(flag).to_have_text("Priya")
    owner.page.get_by_role("button", name="Follow Priya Example").click()
    expect(owner.page.locator("#follow-pill")).to_contain_text("Following Priya")
    expect(priya.page.locator(".avatar-eye")).to_be_visible()
    owner.press("Escape")
    expect(owner.page.locator("#follow-pill")).to_be_hidden()
    priya.page.close()
    expect(owner.page.locator(".peer-caret")).to_have_count(0)


def test_offline_edits_are_kept_and_merge_on_return(stage: Stage):
    prompt_id = stage.prompt("Start", "browser/offline")
    owner, priya = stage.open(prompt_id), stage.open(prompt_id, "priya")
    owner.page.context.set_offline(offline=True)
    expect(owner.page.locator("#save-state")).to_contain_text("Offline")
    owner.line(1)
    owner.type("offline ")
    expect(owner.page.locator("#save-state")).to_have_text(
        re.compile(r"^\s*Offline · \d edits? kept here\s*$")  # a slow typist makes two of one
    )
    expect(owner.page.locator("#publish-button")).to_have_attribute("aria-disabled", "true")
    priya.line(1)
    priya.press("End")
    priya.type(" online")
    priya.is_saved()
    owner.page.context.set_offline(offline=False)
    assert agree(stage, prompt_id, owner, priya) == "offline Start online"


def test_a_paste_beyond_the_limit_is_refused_with_a_reason(stage: Stage):
    prompt_id = stage.prompt("Short", "browser/paste")
    owner = stage.open(prompt_id)
    owner.change(0, 0, "x" * 2_200_000)
    expect(owner.page.locator("#toasts")).to_contain_text("This would make it 2,200,005")
    assert owner.text == "Short"
    owner.change(0, 0, "y" * 600_000)  # larger than one frame
    owner.is_saved()
    assert len(stage.text_of(prompt_id)) == 600_005
