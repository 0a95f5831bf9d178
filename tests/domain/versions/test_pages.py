"""Publishing, the timeline with its comparison, restoring and labels, in the browser's forms."""

from __future__ import annotations

import re

import pytest

from tests.support.builders import a_key, a_member, a_prompt, a_workspace, use

pytestmark = pytest.mark.anyio
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


class Room:
    """One prompt as its people use it."""

    def __init__(self, client, place, made, key):
        self.client, self.made, self.key = client, made, key
        self.url = f"/w/{place.slug}/prompts/{made.id}"

    async def get(self, path, headers=None):
        return await self.client.get(self.url + path, headers=headers)

    async def post(self, path, headers=None, **form):
        return await self.client.post(self.url + path, data=form, headers=headers)

    async def write(self, text, **given):
        body = {"text": text, **given}
        url = f"/api/v1/prompts/{self.made.id}"
        await self.client.patch(url, json=body, headers=self.key.headers)

    async def text(self):
        url = f"/api/v1/prompts/{self.made.id}"
        return (await self.client.get(url, headers=self.key.headers)).json()["text"]


@pytest.fixture
async def place(database):
    return await a_workspace(database)


@pytest.fixture
async def room(client, database, place):
    use(client, await a_member(database, place))
    made = await a_prompt(database, place, "support/refunds", title="Refunds", text="One line")
    return Room(client, place, made, await a_key(database, place))


class TestPublishing:
    async def test_the_dialog_is_a_page_and_a_fragment(self, room):
        page = await room.get("/publish")
        assert "Publish v1" in page.text
        assert "The first version." in page.text
        assert "<html" in page.text
        fragment = await room.get("/publish", headers=HTMX)
        assert fragment.text.lstrip().startswith("<form")

    async def test_the_message_is_suggested_from_what_changed(self, room):
        await room.post("/publish", message="First")
        await room.write("One line\nMore of it", config={"temperature": 1})
        page = await room.get("/publish")
        assert "Add “More of it”; change temperature" in page.text
        assert "Edited by checkout since v1." in page.text

    async def test_publishing_answers_htmx_with_a_toast_and_others_with_the_timeline(self, room):
        done = await room.post("/publish", headers=HTMX, message="First", labels="production")
        assert "v1 is published and in production" in done.text
        await room.write("Two")
        done = await room.post("/publish", message="Second")
        assert (done.status_code, done.headers["Location"]) == (303, f"{room.url}/versions?to=2")

    async def test_nothing_changed_says_so(self, room):
        await room.post("/publish", message="First")
        for again in (await room.post("/publish", message="Again"), await room.get("/publish")):
            assert again.status_code == 200
            assert "Nothing to publish" in again.text
            assert "the same as v1" in again.text

    @pytest.mark.parametrize(
        ("form", "said"),
        [
            ({"message": ""}, "Say in a sentence what changed."),
            ({"message": "Kept", "labels": "latest"}, "latest moves by itself"),
        ],
    )
    async def test_what_cannot_be_used_is_told_in_the_dialog(self, room, form, said):
        answer = await room.post("/publish", headers=HTMX, **form)
        assert answer.status_code == 422
        assert said in answer.text
        assert form["message"] in answer.text


class TestTimeline:
    async def test_before_the_first_version_there_is_nothing_to_compare(self, room):
        page = await room.get("/versions")
        assert "No version is published yet." in page.text
        assert "Nothing is published yet" in page.text

    async def test_unpublished_edits_are_compared_with_the_newest_version(self, room):
        await room.post("/publish", message="First")
        await room.write("One word")
        page = await room.get("/versions")
        assert "Unpublished edits" in page.text
        assert "Edited since v1" in page.text
        assert "<del>line</del>" in page.text
        assert "<ins>word</ins>" in page.text
        assert "1 person, " in page.text

    async def test_the_two_newest_versions_are_compared_when_all_is_published(self, room):
        await room.post("/publish", message="First")
        await room.write("One word", config={"model": "m-1"})
        await room.post("/publish", message="Second", labels="staging")
        page = await room.get("/versions")
        assert "Unpublished edits" not in page.text
        assert '<caption class="vh">What changed from v1 to v2</caption>' in page.text
        assert "<span>model <ins>m-1</ins></span>" in page.text
        assert "Today" in page.text

    async def test_any_two_can_be_compared_split_or_inline(self, room):
        await room.post("/publish", message="First")
        await room.write("One word")
        await room.post("/publish", message="Second")
        page = await room.get("/versions?from=2&to=1&mode=inline")
        assert '<table class="diff inline">' in page.text
        assert "What changed from v2 to v1" in page.text
        assert "Restore v1" in page.text

    async def test_a_long_comparison_shows_its_beginning_and_offers_the_rest(self, room):
        await room.post("/publish", message="First")
        await room.write("\n".join(f"line {number}" for number in range(700)))
        page = await room.get("/versions")
        assert "line 699" not in page.text
        following = page.text.split("Show the next changes")[0].rsplit('href="', 1)[1].split('"')[0]
        rest = (await room.client.get(following.replace("&amp;", "&"))).text
        assert "line 699" in rest
        assert "line 499" in page.text
        assert ">line 499<" not in rest
        assert "Back to the first changes" in rest
        assert "Show the next changes" not in rest

    async def test_a_long_fold_is_fetched_when_somebody_wants_it(self, room):
        lines = [f"line {number}" for number in range(1500)]
        await room.write("\n".join(lines))
        await room.post("/publish", message="First")
        await room.write("\n".join([*lines[:700], "another", *lines[700:]]))
        page = (await room.get("/versions")).text
        assert "697 unchanged lines" in page
        assert "line 350<" not in page
        opened = page.split('href="')
        url = next(one for one in opened if "fold=1-500" in one).split('"')[0]
        page = (await room.client.get(url.replace("&amp;", "&"))).text
        assert "line 350<" in page
        assert "197 more unchanged lines" in page

    async def test_added_words_are_credited_to_who_wrote_them(self, room):
        await room.post("/publish", message="First")
        await room.write("One line\nMore of it")
        page = (await room.get("/versions")).text
        assert 'class="credit c-slate" title="checkout">checkout</span>' in page
        assert "Colour by author" in page

    async def test_restoring_says_what_changes_and_what_stays(self, room):
        await room.write("Answer in two or three words", config={"temperature": 0.2})
        await room.post("/publish", message="First", labels="production")
        await room.write("Answer in four words", config={"temperature": 0.9})
        await room.post("/publish", message="Second")
        for path in ("/versions/1", "/versions?from=1&to=2"):
            page = (await room.get(path)).text
            assert "3 words come back and 1 word goes; temperature changes." in page
            assert "What stays: production stays on v1." in page

    async def test_more_of_the_timeline_comes_by_itself(self, room):
        await room.post("/publish", message="First")
        page = await room.get("/versions/timeline", headers=HTMX)
        assert page.text.lstrip().startswith("<h2>Today</h2>")
        assert "<html" not in page.text

    async def test_messages_that_came_moved_or_changed_their_role_are_told(self, room):
        await room.write('{{role "system"}}\nBe kind and brief.\n{{role "user"}}\nHello there.')
        await room.post("/publish", message="First")
        await room.write(
            '{{role "user"}}\nBe kind and brief.\n{{role "assistant"}}\nA whole new answer.\n'
            '{{role "user"}}\nHello there.'
        )
        page = (await room.get("/versions")).text
        assert "<ins>assistant message 2</ins>" in page
        assert "was system" in page

    async def test_an_unknown_version_is_404(self, room):
        await room.post("/publish", message="First")
        assert (await room.get("/versions?to=9")).status_code == 404
        assert (await room.get("/versions/9")).status_code == 404

    async def test_older_versions_follow_on_the_next_page(self, room):
        for number in range(52):
            await room.write(f"Text {number}")
            await room.post("/publish", message=f"Change {number}")
        page = (await room.get("/versions")).text
        assert "Change 51" in page
        assert '<span class="strong">Change 0</span>' not in page
        older = page.split('class="btn ghost wide" href="')[1].split('"')[0]
        rest = await room.client.get(older.replace("&amp;", "&"))
        assert '<span class="strong">Change 0</span>' in rest.text


class TestAVersion:
    async def test_it_is_shown_as_it_was_published(self, room):
        await room.write("Hi {{name}}", config={"max_tokens": 100},
                         variables=[{"name": "name", "description": "Whom"}])  # fmt: skip
        await room.post("/publish", message="First words", labels="production")
        await room.write("Later")
        page = (await room.get("/versions/1")).text
        assert "v1 · First words" in page
        assert '<span class="var">{{name}}</span>' in page
        assert "max tokens" in page
        assert "Whom" in page
        assert "Restore v1" in page

    async def test_the_newest_cannot_be_restored_while_nothing_was_edited(self, room):
        await room.post("/publish", message="First")
        assert "Restore v1" not in (await room.get("/versions/1")).text


class TestRestoring:
    async def test_it_leads_back_to_the_text_and_keeps_unpublished_edits(self, room):
        await room.post("/publish", message="First")
        await room.write("Two")
        await room.post("/publish", message="Second", labels="production")
        await room.write("Not published")
        response = await room.post("/versions/1/restore")
        assert (response.status_code, response.headers["Location"]) == (303, room.url)
        assert await room.text() == "One line"
        page = (await room.get("/versions?show=checkpoints")).text
        assert "Before a version was restored" in page
        checkpoint = page.split('data-from="')[1].split("from=")[1].split("&")[0].split('"')[0]
        kept = await room.get(f"/versions?from={checkpoint}&to=3")
        assert "Not published" in kept.text


class TestLabels:
    async def test_a_label_moves_and_can_be_taken_off(self, room):
        await room.post("/publish", message="First")
        moved = await room.post("/labels", label="production", version="1")
        assert moved.status_code == 303
        assert moved.headers["Location"].startswith(f"{room.url}/versions?to=1&moved=")
        custom = await room.post("/labels", label="", new_label="canary-9", version="1")
        assert custom.status_code == 303
        page = (await room.get("/versions/1")).text
        assert "production" in page
        assert "canary-9" in page
        assert f'action="{room.url}/labels/canary-9/remove"' in page
        assert "labels/latest/remove" not in page
        heads = re.findall(r'class="clip">(production|canary-9)</span> <span>v', page)
        assert heads == ["production", "canary-9"]
        await room.post("/labels/canary-9/remove")
        assert "canary-9" not in (await room.get("/versions/1")).text

    @pytest.mark.parametrize(
        ("form", "status"),
        [
            ({"label": "latest", "version": "1"}, 422),
            ({"label": "production", "version": "x"}, 404),
            ({"label": "production", "version": "7"}, 404),
        ],
    )
    async def test_what_cannot_be_done_is_refused(self, room, form, status):
        await room.post("/publish", message="First")
        assert (await room.post("/labels", **form)).status_code == status
