"""Who wrote what, and what changed: the editor's author bars, a version's, and comparisons."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage import Editor, Stage
from tests.browser.test_editor_together import agree
from tests.support.server import until

pytestmark = pytest.mark.browser

LINES = "Be kind.\nBe brief.\nBe right."


def bars(editor: Editor) -> list[str]:
    """What the bars beside the text say, from top to bottom."""
    found: list[tuple[float, str]] = editor.page.evaluate(
        "[...document.querySelectorAll('.voice-bar')]"
        ".map((bar) => [bar.getBoundingClientRect().top, bar.title])"
    )
    return [title for _, title in sorted(found)]


def names(editor: Editor) -> list[str]:
    return [title.split(",")[0] for title in bars(editor)]


def caret_line(editor: Editor) -> str:
    return editor.page.locator("[data-status=author]").inner_text()


class TestBesideTheLiveText:
    def test_each_line_is_whose_it_is_as_they_write_it(self, stage: Stage) -> None:
        prompt_id = stage.prompt(LINES, "history/live")
        owner, priya = stage.open(prompt_id), stage.open(prompt_id, "priya")
        kenji = stage.open(prompt_id, "kenji")
        until(lambda: len(names(owner)) == 1, 5, "a bar beside what the program wrote")
        program = names(owner)[0]
        priya.line(2)
        kenji.line(3)
        priya.type("Never be longer than you have to. ")
        kenji.type("Cite the clause that you rely on. ")
        agree(stage, prompt_id, owner, priya, kenji)
        expected = [program, "Priya Example", "Kenji Example"]
        for editor in (owner, priya, kenji):
            until(lambda editor=editor: names(editor) == expected, 5, "everybody's own bar")
        assert bars(owner)[1] == "Priya Example, not published yet"

        stage.api("POST", f"/prompts/{prompt_id}/versions", {"message": "First"})
        until(lambda: ", v1, " in bars(owner)[1], 5, "the version that it came with")
        owner.line(3)
        until(lambda: caret_line(owner).startswith("Kenji Example, v1, "), 5, "the caret's line")
        owner.page.reload()
        owner.page.locator("#editor[data-live]").wait_for()
        until(lambda: names(owner) == expected, 5, "the same bars after a reload")

    def test_a_restored_line_is_its_authors_again(self, stage: Stage) -> None:
        prompt_id = stage.prompt(LINES, "history/restored")
        owner, priya = stage.open(prompt_id), stage.open(prompt_id, "priya")
        priya.line(1)
        priya.type("Priya wrote all of this line. ")
        agree(stage, prompt_id, owner, priya)
        stage.api("POST", f"/prompts/{prompt_id}/versions", {"message": "First"})
        owner.change(0, owner.text.index("\n"), "Gone.")
        agree(stage, prompt_id, owner, priya)
        until(lambda: "Priya" not in names(priya)[0], 5, "another name beside it")
        stage.api("POST", f"/prompts/{prompt_id}/restore", {"version": 1})
        until(lambda: owner.text.startswith("Priya wrote"), 5, "the text that comes back")
        until(lambda: names(owner)[0] == "Priya Example", 8, "her name beside it")

    def test_the_bars_can_be_put_away_with_the_keyboard_and_stay_away(self, stage: Stage) -> None:
        prompt_id = stage.prompt(LINES, "history/toggle")
        owner = stage.open(prompt_id)
        until(lambda: len(bars(owner)) == 1, 5, "a bar")
        button = owner.page.get_by_role("button", name="Authors")
        button.focus()
        owner.press("Enter")
        expect(button).to_have_attribute("aria-pressed", "false")
        until(lambda: bars(owner) == [], 5, "no bar")
        owner.page.reload()
        owner.page.locator("#editor[data-live]").wait_for()
        expect(button).to_have_attribute("aria-pressed", "false")
        assert bars(owner) == []
        assert owner.axe() == []


@pytest.fixture
def versions(stage: Stage, request: pytest.FixtureRequest) -> Page:
    """A prompt of 1,500 lines with two versions; Priya wrote the line that they differ by."""
    lines = [f"Line {number} says what to do." for number in range(1500)]
    name = request.node.name.replace("_", "-")[:60]
    prompt_id = stage.prompt("\n".join(lines), f"history/{name}")
    stage.api("POST", f"/prompts/{prompt_id}/versions", {"message": "First"})
    priya = stage.open(prompt_id, "priya")
    priya.change(0, 0, "Priya begins.\n")
    priya.is_saved()
    stage.api("POST", f"/prompts/{prompt_id}/versions", {"message": "Second"})
    page = priya.page
    page.goto(f"{stage.path(prompt_id)}/versions?from=1&to=2")
    return page


class TestComparing:
    def test_what_was_added_names_its_author_and_folds_open_in_place(self, versions: Page) -> None:
        credit = versions.locator(".credit")
        expect(credit).to_have_text("Priya")
        expect(versions.get_by_text("Line 700 says", exact=False)).to_have_count(0)
        more = versions.get_by_role("link", name="1,497 unchanged lines")
        more.focus()
        versions.keyboard.press("Enter")
        expect(versions.get_by_text("Line 400 says", exact=False).first).to_be_visible()
        expect(versions.get_by_role("link", name="997 more unchanged lines")).to_be_focused()
        assert "fold=" not in versions.url

    def test_a_version_says_of_each_stretch_who_wrote_it_to_eye_and_keyboard(
        self, versions: Page
    ) -> None:
        versions.goto(versions.url.replace("/versions?from=1&to=2", "/versions/2"))
        first, second = versions.locator(".voice").all()
        expect(first).to_contain_text("Priya Example")
        expect(second).not_to_contain_text("Priya Example")
        tag = first.locator(".voice-tag")
        assert tag.evaluate("(one) => getComputedStyle(one).clipPath") != "none"
        first.focus()
        assert tag.evaluate("(one) => getComputedStyle(one).clipPath") == "none"
        versions.get_by_role("switch", name="Show who wrote it").press("Space")
        expect(tag).to_be_hidden()


class TestTheTimeline:
    def test_it_goes_on_as_one_scrolls_and_a_move_of_a_label_is_taken_back(
        self, stage: Stage
    ) -> None:
        prompt_id = stage.prompt("Version 0", "history/timeline")
        for number in range(1, 111):
            stage.api("PATCH", f"/prompts/{prompt_id}", {"text": f"Version {number}"})
            stage.api("POST", f"/prompts/{prompt_id}/versions", {"message": f"Change {number}"})
        page = stage.sign_in()
        page.goto(f"{stage.path(prompt_id)}/versions")
        rows = page.locator(".timeline .version")
        assert rows.count() < 60
        timeline = page.locator(".timeline")

        def scrolled() -> bool:
            timeline.evaluate("(one) => one.scrollTo(0, one.scrollHeight)")
            return rows.count() == 110

        until(scrolled, 10, "the first version at the end of the timeline")
        expect(page.locator(".timeline h2")).to_have_count(1)
        expect(page.get_by_role("link", name="Older")).to_have_count(0)
        expect(page).to_have_url(f"{stage.server.url}{stage.path(prompt_id)}/versions")

        page.get_by_role("button", name="Promote v110").press("Enter")
        page.get_by_label("staging").press("Space")
        page.get_by_role("button", name="Move the label").press("Enter")
        toast = page.locator("#toasts .toast")
        expect(toast).to_contain_text("staging is on v110")
        assert "moved=" not in page.url
        toast.get_by_role("button", name="Undo").press("Enter")
        expect(page.get_by_role("heading", level=1, name="staging")).to_be_visible()
        expect(page.get_by_text("It is on no version")).to_be_visible()


class TestTheTimeSlider:
    def test_it_is_moved_by_keys_played_and_shared_and_ends_at_the_live_text(
        self, stage: Stage
    ) -> None:
        prompt_id = stage.prompt("Be kind.", "history/replay")
        for number, text in enumerate(("Be kind.", "Be kind and brief.", "Be brief."), 1):
            stage.api("PATCH", f"/prompts/{prompt_id}", {"text": text})
            stage.api("POST", f"/prompts/{prompt_id}/versions", {"message": f"Change {number}"})
        stage.api("PATCH", f"/prompts/{prompt_id}", {"text": "Be brief, live."})
        page = stage.sign_in(reduced_motion="reduce")
        page.goto(f"{stage.path(prompt_id)}/versions?from=1&to=draft")
        page.get_by_role("link", name="Replay").press("Enter")
        slider = page.get_by_role("slider", name="Step of the history")
        frame = page.locator(".frame > :not(.removed)")
        expect(frame).to_contain_text(["Be brief, live."])
        expect(slider).to_have_attribute("aria-valuetext", "Step 4 of 4, live text")
        page.wait_for_load_state("load")  # a key before the scripts are there moves nothing
        slider.focus()
        page.keyboard.press("Home")
        expect(frame).to_contain_text(["Be kind."])
        page.keyboard.press("ArrowRight")
        expect(frame).to_contain_text(["Be kind and brief."])
        expect(page.locator(".frame ins")).to_contain_text(["and brief"])
        expect(slider).to_have_attribute("aria-valuetext", "Step 2 of 4, v2")
        assert "at=1" in page.url
        page.reload()
        expect(frame).to_contain_text(["Be kind and brief."])
        page.get_by_role("button", name="Play", exact=True).press("Enter")
        expect(page.get_by_role("button", name="Pause")).to_be_focused()
        expect(frame).to_contain_text(["Be brief, live."])
        expect(page.get_by_role("button", name="Play", exact=True)).to_have_attribute(
            "aria-pressed", "false"
        )
        assert Editor(page).axe() == []
        page.set_viewport_size({"width": 390, "height": 844})
        box = slider.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
        on_top = "([x, y]) => document.elementFromPoint(x, y)?.name"
        assert page.evaluate(on_top, middle) == "at"  # no bar lies over it
