"""The library, the editor's page and its forms, with htmx and without."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import event

from tests.support.builders import a_key, a_member, a_person, a_prompt, a_workspace, use

pytestmark = pytest.mark.anyio
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
async def place(database):
    return await a_workspace(database)


@pytest.fixture
async def editor(client, database, place):
    """An editor of the workspace, whose cookie the client sends."""
    person = await a_member(database, place)
    use(client, person)
    return person


@pytest.fixture
async def made(database, place, editor):
    return await a_prompt(
        database, place, "support/refunds", title="Refund triage", text="Hi {{name}} & <b>",
        folder="Support", tags=("money",), config={"model": "m-1"},
        variables=({"name": "name"}, {"name": "spare", "type": "number", "default": 3}),
    )  # fmt: skip


def url(place, made, path=""):
    return f"/w/{place.slug}/prompts/{made.id}{path}"


class TestLibrary:
    async def test_an_empty_library_offers_starters(self, client, place, editor):
        response = await client.get(f"/w/{place.slug}/")
        assert response.status_code == 200
        assert "Your library is empty" in response.text
        assert "Reply to a customer" in response.text

    async def test_prompts_are_listed_with_their_facets(self, client, place, made):
        response = await client.get(f"/w/{place.slug}/")
        assert "Refund triage" in response.text
        assert "m-1" in response.text
        assert "/?tag=money" in response.text
        assert f"/w/{place.slug}/?folder=Support" in response.text

    async def test_a_search_answers_htmx_with_the_results_alone(self, client, place, made):
        response = await client.get(f"/w/{place.slug}/?q=refund&sort=title", headers=HTMX)
        assert "<html" not in response.text
        assert 'id="results"' in response.text
        assert "<mark>Refund</mark> triage" in response.text
        assert '<input type="hidden" name="sort" value="title">' in response.text

    async def test_nothing_found_says_so_and_the_usual_filters_stay(self, client, place, made):
        response = await client.get(f"/w/{place.slug}/?q=nothing")
        assert "Nothing matches “nothing”" in response.text
        for name in ("Production", "Staging", "Draft"):
            assert f'<span class="clip">{name}</span><span class="count">0</span>' in response.text

    async def test_a_filter_can_be_taken_off_again(self, client, place, made):
        response = await client.get(f"/w/{place.slug}/?tag=money&q=refund")
        assert f'href="/w/{place.slug}/?q=refund"' in response.text

    @pytest.mark.parametrize("sort", ["", "title"])
    async def test_the_next_page_follows_without_gap_or_repeat(
        self, client, database, place, editor, sort
    ):
        for number in range(53):
            await a_prompt(database, place, f"p{number:02}", title=f"Über {number % 7}")
        seen, address = [], f"/w/{place.slug}/?sort={sort}"
        while address:
            text = (await client.get(address, headers=HTMX)).text
            seen += re.findall(r'<tr id="prompt-([0-9a-f-]+)"', text)
            found = re.search(r'<tbody id="more">.*?href="([^"]+)"', text, re.DOTALL)
            address = found[1].replace("&amp;", "&") if found else ""
        assert len(seen) == len(set(seen)) == 53

    async def test_ten_rows_and_twenty_cost_the_same_statements(
        self, client, app, database, place, editor
    ):
        async def statements():
            count = 0

            def counted(*_):
                nonlocal count
                count += 1

            engine = app.state.database.engine.sync_engine
            event.listen(engine, "before_cursor_execute", counted)
            counts = []
            for _ in range(4):  # the index looks for work now and then, in between
                count = 0
                await client.get(f"/w/{place.slug}/")
                counts.append(count)
            event.remove(engine, "before_cursor_execute", counted)
            return min(counts)

        for _ in range(10):
            await a_prompt(database, place, tags=("a", "b"))
        await statements()  # the first request also notes when the session was seen
        ten = await statements()
        for _ in range(10):
            await a_prompt(database, place, tags=("c",))
        await statements()  # whoever comes first after a change indexes it
        assert await statements() == ten


class TestASearch:
    async def test_shows_the_line_with_the_word_marked_and_nothing_as_html(
        self, client, database, place, editor
    ):
        text = "Be kind.\n<script>alert(1)</script> approve the refund & say so"
        await a_prompt(database, place, title="Refund <b>", text=text)
        page = (await client.get(f"/w/{place.slug}/?q=refund", headers=HTMX)).text
        assert "<mark>Refund</mark> &lt;b&gt;" in page
        assert '<span class="line">line 2</span>' in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt; approve the <mark>refund</mark> &amp;" in page
        assert "<script>" not in page

    async def test_that_finds_nothing_asks_what_was_meant(self, client, database, place, editor):
        await a_prompt(database, place, title="Refund")
        page = (await client.get(f"/w/{place.slug}/?q=refnud&tag=", headers=HTMX)).text
        assert "Nothing matches “refnud”" in page
        assert 'href="/w/larkspur/?q=refund"' in page.replace(place.slug, "larkspur")
        assert "1 prompt does" in page

    async def test_has_the_best_first_unless_asked_otherwise(self, client, database, place, editor):
        await a_prompt(database, place, title="Refund")
        await a_prompt(database, place, title="Later", text="refund")
        for query, first in (("q=refund", "Refund"), ("q=refund&sort=edited", "Later")):
            page = (await client.get(f"/w/{place.slug}/?{query}", headers=HTMX)).text
            rows = re.findall(r"<a data-row[^>]*>(.*?)</a>", page)
            assert rows[0].replace("<mark>", "").replace("</mark>", "") == first


class TestThePalette:
    async def test_offers_prompts_text_people_and_actions(self, client, database, place, editor):
        await a_prompt(database, place, title="Refund triage", folder="Support")
        await a_prompt(database, place, title="Other", text="Line one.\nApprove a refund <now>.")
        await a_member(database, place, name="Rafaela Refundina")
        page = (await client.get(f"/w/{place.slug}/palette?q=refund")).text
        for group in ("Prompts", "Inside prompts", "People", "Actions"):
            assert f">{group}</div>" in page
        assert "<mark>Refund</mark> triage" in page
        assert "Approve a <mark>refund</mark> &lt;now&gt;." in page
        assert "Other, line 2" in page
        assert "Rafaela <mark>Refund</mark>ina" in page
        assert f'data-href="/w/{place.slug}/prompts/new?title=refund"' in page

    async def test_begins_with_what_was_edited_last(self, client, database, place, editor):
        await a_prompt(database, place, title="Older")
        await a_prompt(database, place, title="Newer")
        page = (await client.get(f"/w/{place.slug}/palette")).text
        assert page.index("Newer") < page.index("Older") < page.index("Go to settings")

    async def test_finds_actions_by_their_words(self, client, database, place, editor):
        page = (await client.get(f"/w/{place.slug}/palette?q=sett")).text
        assert "Go to <mark>sett</mark>ings" in page
        assert "See the members" not in page

    async def test_offers_nothing_that_one_may_not_do(self, client, database, place):
        viewer = await a_member(database, place, "viewer", name="Vi Ewer")
        page = (await use(client, viewer).get(f"/w/{place.slug}/palette?q=xyz")).text
        assert "New prompt" not in page

    async def test_of_another_workspace_offers_nothing(self, client, database, place, editor):
        other = await a_workspace(database, "Other")
        await a_prompt(database, other, title="Zeppelin")
        page = (await client.get(f"/w/{place.slug}/palette?q=zeppelin")).text
        assert page.count('role="option"') == 2  # search for it, make one


class TestManyAtOnce:
    async def do(self, client, place, headers=HTMX, **form):
        return await client.post(f"/w/{place.slug}/bulk", data=form, headers=headers)

    async def test_are_tagged_moved_and_archived_and_all_of_it_can_be_undone(
        self, client, database, place, editor
    ):
        made = [await a_prompt(database, place, folder=f"F{n}", tags=("old",)) for n in range(3)]
        ids = [str(one.id) for one in made[:2]]
        before = (await client.get(f"/w/{place.slug}/?sort=title", headers=HTMX)).text
        for form, query, said in (
            ({"do": "tag", "value": "New Tag"}, "tag=new+tag", "2 prompts tagged New Tag"),
            ({"do": "untag", "value": "old"}, "", "2 prompts no longer tagged old"),
            ({"do": "move", "value": "Trips"}, "folder=Trips", "2 prompts moved to Trips"),
            ({"do": "archive"}, "archived=true", "2 prompts archived"),
        ):
            answer = await self.do(client, place, id=ids, **form)
            assert said in answer.text
            assert "library:changed" in answer.headers["HX-Trigger"]
            if query:
                page = (await client.get(f"/w/{place.slug}/?{query}", headers=HTMX)).text
                assert len(re.findall(r'<tr id="prompt-', page)) == 2
            back = re.findall(r'name="back" value="([^"]+)"', answer.text)
            undone = await self.do(client, place, back=back)
            assert "Undone for 2 prompts" in undone.text
            assert "Undo</button>" not in undone.text
        after = (await client.get(f"/w/{place.slug}/?sort=title", headers=HTMX)).text
        plain = re.compile(r"\d+ ms|data-sum=.[0-9a-f]+.|<time.*?</time>")
        assert plain.sub("", after) == plain.sub("", before)

    async def test_one_that_is_gone_does_not_keep_the_others(self, client, database, place, editor):
        made = await a_prompt(database, place)
        ids = [str(made.id), "01990af1-2580-7c4f-854f-c9b9743c6939", "no id"]
        answer = await self.do(client, place, id=ids, do="tag", value="kept")
        assert "1 prompt tagged kept" in answer.text
        assert (await self.do(client, place, id=ids[1:], do="archive")).status_code == 404

    @pytest.mark.parametrize(
        "form",
        [
            {"do": "tag"},
            {"do": "tag", "value": "a,b"},
            {"do": "nothing"},
            {"do": "move", "value": "/"},
        ],
    )
    async def test_what_cannot_be_done_is_said(self, client, database, place, editor, form):
        made = await a_prompt(database, place)
        answer = await self.do(client, place, id=str(made.id), **form)
        assert answer.status_code == 422

    async def test_without_javascript_it_leads_back_to_the_list(
        self, client, database, place, editor
    ):
        made = await a_prompt(database, place)
        form = {"id": str(made.id), "do": "archive", "query": "q=a b&sort=title"}
        answer = await self.do(client, place, headers={}, **form)
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/w/{place.slug}/?q=a+b&sort=title"


class TestRowsThatLive:
    async def test_come_again_only_when_something_changed(self, client, database, place, editor):
        made = await a_prompt(database, place, title="Before")
        address = f"/w/{place.slug}/live?id={made.id}&id=nonsense"
        first = await client.get(address, headers=HTMX)
        assert f'<tr id="prompt-{made.id}"' in first.text
        seen = re.search(r'data-seen="([0-9a-f]+)"', first.text)[1]
        assert (await client.get(f"{address}&seen={seen}", headers=HTMX)).status_code == 204
        await a_prompt(database, place, title="Another")
        again = await client.get(f"{address}&seen={seen}", headers=HTMX)
        sums = [re.search(r'data-sum="([0-9a-f]+)"', one.text)[1] for one in (first, again)]
        assert sums[0] == sums[1]
        await client.post(
            f"/w/{place.slug}/prompts/{made.id}/details", data={"title": "After"}, headers=HTMX
        )
        changed = await client.get(f"{address}&seen={seen}", headers=HTMX)
        assert "After" in changed.text
        assert sums[0] not in changed.text

    async def test_of_another_workspace_never_come(self, client, database, place, editor):
        other = await a_workspace(database, "Other")
        theirs = await a_prompt(database, other)
        page = await client.get(f"/w/{place.slug}/live?id={theirs.id}", headers=HTMX)
        assert page.status_code == 404


class TestANewPrompt:
    async def test_the_form_is_a_page_and_a_fragment(self, client, place, editor):
        page = await client.get(f"/w/{place.slug}/prompts/new?start=extract&folder=Shop")
        assert "<h1" in page.text
        assert 'value="Shop"' in page.text
        assert re.search(r'value="extract" checked', page.text)
        fragment = await client.get(f"/w/{place.slug}/prompts/new", headers=HTMX)
        assert fragment.text.lstrip().startswith("<form")

    async def test_a_title_is_enough_and_leads_to_the_editor(self, client, place, editor):
        form = {"title": "Refund triage", "name": "", "start": "reply", "tags": "A, b"}
        for expected in ("refund-triage", "refund-triage-2"):
            response = await client.post(f"/w/{place.slug}/prompts", data=form)
            assert response.status_code == 303
            page = await client.get(response.headers["Location"])
            assert f'<dd><span class="mono">{expected}</span>' in page.text
            assert "You answer customers of" in page.text
            assert '"name":"policy"' in page.text

    @pytest.mark.parametrize(
        ("form", "message"),
        [
            ({"title": ""}, "Enter a title."),
            ({"title": "x", "name": "Not A Name"}, "Use lower-case letters"),
            ({"title": "x", "name": "support/refunds"}, "is taken"),
        ],
    )
    async def test_what_cannot_be_used_is_shown_beside_what_was_typed(
        self, client, place, made, form, message
    ):
        response = await client.post(f"/w/{place.slug}/prompts", data=form, headers=HTMX)
        assert response.status_code == 422
        assert message in response.text
        assert form.get("name", "") in response.text

    async def test_a_viewer_cannot_create(self, client, database, place):
        use(client, await a_member(database, place, "viewer"))
        assert (await client.get(f"/w/{place.slug}/prompts/new")).status_code == 403
        response = await client.post(f"/w/{place.slug}/prompts", data={"title": "x"})
        assert response.status_code == 403


class TestTheEditor:
    async def test_the_page_shows_the_text_and_tells_the_script_what_it_needs(
        self, client, place, editor, made
    ):
        response = await client.get(url(place, made))
        assert response.status_code == 200
        assert '<span class="var">{{name}}</span> &amp; &lt;b&gt;' in response.text
        boot = json.loads(re.search(r'id="editor-boot">(.*?)</script>', response.text)[1])
        assert boot["room"] == {"id": str(made.room_id), "url": f"/rooms/{made.room_id}"}
        assert boot["user"]["id"] == editor.actor
        assert boot["can_write"] is True
        assert boot["published"] is None
        assert [one["name"] for one in boot["variables"]] == ["name", "spare"]
        assert boot["nonce"] in response.headers["Content-Security-Policy"]
        assert boot["preferences"]["let_follow"] is True

    async def test_a_viewer_reads_and_is_told_whom_to_ask(self, client, database, place, made):
        use(client, await a_member(database, place, "viewer"))
        response = await client.get(url(place, made))
        boot = json.loads(re.search(r'id="editor-boot">(.*?)</script>', response.text)[1])
        assert (boot["can_write"], boot["ask"]) == (False, "Maya")
        assert 'id="publish-button"' not in response.text

    async def test_title_and_description_are_saved_in_place(self, client, place, made):
        form = {"title": "Refunds\n first", "description": "Sorts them."}
        response = await client.post(url(place, made, "/details"), data=form, headers=HTMX)
        assert response.status_code == 200
        assert "<html" not in response.text
        assert "Refunds first" in (await client.get(url(place, made))).text

    async def test_an_empty_title_is_refused_in_place(self, client, place, made):
        form = {"title": "", "description": ""}
        response = await client.post(url(place, made, "/details"), data=form, headers=HTMX)
        assert response.status_code == 422
        assert "Enter a title." in response.text

    async def test_name_folder_and_tags_are_saved_in_their_dialog(self, client, place, made):
        form = {"name": "a/b", "folder": "Shop", "tags": "x, Y"}
        response = await client.post(url(place, made, "/details"), data=form, headers=HTMX)
        assert "data-done" in response.text
        assert "x, y" in response.text

    async def test_a_taken_name_is_refused_in_its_dialog(self, client, database, place, made):
        await a_prompt(database, place, "taken")
        form = {"name": "taken", "folder": "Elsewhere", "tags": ""}
        response = await client.post(url(place, made, "/details"), data=form, headers=HTMX)
        assert response.status_code == 422
        assert "taken is taken" in response.text
        assert 'value="Elsewhere"' in response.text

    async def test_without_scripts_a_form_leads_back(self, client, place, made):
        response = await client.post(url(place, made, "/details"), data={"title": "x"})
        assert (response.status_code, response.headers["Location"]) == (303, url(place, made))

    async def test_an_archived_prompt_says_so_and_comes_back(self, client, place, made):
        response = await client.post(url(place, made, "/archive"))
        assert (response.status_code, response.headers["Location"]) == (303, f"/w/{place.slug}/")
        assert "This prompt is archived" in (await client.get(url(place, made))).text
        await client.post(url(place, made, "/unarchive"))
        assert "This prompt is archived" not in (await client.get(url(place, made))).text


class TestSettings:
    async def test_the_panel_shows_every_field(self, client, place, made):
        response = await client.get(url(place, made, "/settings"), headers=HTMX)
        for label in ("Model", "Temperature", "Max tokens", "Tools", "Further parameters"):
            assert label in response.text
        assert "unused" in response.text  # the variable `spare`

    @pytest.mark.parametrize(
        ("field", "value", "stored"),
        [
            ("config.temperature", "0,7", {"temperature": 0.7}),
            ("config.max_tokens", "100", {"max_tokens": 100}),
            ("config.model", "m-2", {"model": "m-2"}),
            ("config.tools", '[{"name": "t"}]', {"tools": [{"name": "t"}]}),
            ("config.*", '{"seed": 1, "stop": ["x"]}', {"seed": 1, "stop": ["x"]}),
        ],
    )
    async def test_a_field_is_saved_alone(
        self, client, database, place, made, field, value, stored
    ):
        form = {"field": field, "value": value}
        response = await client.post(url(place, made, "/settings"), data=form, headers=HTMX)
        assert response.status_code == 200
        assert "Saved" in response.text
        assert await config_of(client, database, place, made) == {"model": "m-1"} | stored

    async def test_the_language_is_chosen_and_what_is_wrong_is_said(
        self, client, place, made, database
    ):
        key = await a_key(database, place)
        address = f"/api/v1/prompts/{made.id}"
        form = {"field": "template_format", "value": "jinja"}
        chosen = await client.post(url(place, made, "/settings"), data=form, headers=HTMX)
        assert "Saved" in chosen.text
        assert (await client.get(address, headers=key.headers)).json()["template_format"] == "jinja"
        loop = "{% for a in spare %}{{ a }}{{ b }}{% endfor %}"
        for text, told in (
            (loop, 'data-used="spare b"'),
            ("Hello\n{% if %}", "Line 2: "),
        ):
            await client.patch(address, headers=key.headers, json={"text": text})
            field = url(place, made, "/settings?field=template_format")
            assert told in (await client.get(field, headers=HTMX)).text
        whole = (await client.get(url(place, made))).text
        assert "Line 2: " in whole
        assert ", unused" not in whole  # nobody knows while the text cannot be read
        form = {"field": "template_format", "value": "erb"}
        refused = await client.post(url(place, made, "/settings"), data=form, headers=HTMX)
        assert (refused.status_code, "mustache or jinja" in refused.text) == (422, True)

    async def test_an_empty_field_takes_the_setting_out(self, client, database, place, made):
        form = {"field": "config.model", "value": ""}
        await client.post(url(place, made, "/settings"), data=form, headers=HTMX)
        assert await config_of(client, database, place, made) == {}

    @pytest.mark.parametrize(
        ("field", "value", "message"),
        [
            ("config.temperature", "hot", "Enter a number."),
            ("config.temperature", "2.5", "from 0 to 2"),
            ("config.max_tokens", "1.5", "whole number"),
            ("config.tools", "{", "This is not JSON"),
            ("config.response_schema", "[]", "JSON object"),
            ("config.*", '{"model": "x"}', "has a field of its own"),
            ("config.*", "[1]", "JSON object"),
            ("variables.spare.default", "many", "Enter a number."),
            ("variables.spare.type", "date", "A type is one of"),
        ],
    )
    async def test_a_refused_value_stays_in_its_field_with_the_reason(
        self, client, place, made, field, value, message
    ):
        form = {"field": field, "value": value}
        response = await client.post(url(place, made, "/settings"), data=form, headers=HTMX)
        assert response.status_code == 422
        assert message in response.text
        assert 'aria-invalid="true"' in response.text

    @pytest.mark.parametrize("field", ["", "config.", "config", "text", "variables.no.type"])
    async def test_an_unknown_field_is_404(self, client, place, made, field):
        form = {"field": field, "value": "x"}
        response = await client.post(url(place, made, "/settings"), data=form, headers=HTMX)
        assert response.status_code == 404

    async def test_variables_are_added_changed_and_removed(self, client, place, made):
        add = await client.post(url(place, made, "/variables"), data={"name": "lang"}, headers=HTMX)
        assert 'id="field-variables-lang"' in add.text
        for attribute, value in [
            ("type", "boolean"),
            ("default", "true"),
            ("description", "Which"),
        ]:
            form = {"field": f"variables.lang.{attribute}", "value": value}
            changed = await client.post(url(place, made, "/settings"), data=form, headers=HTMX)
            assert changed.status_code == 200
        assert 'value="true"' in changed.text
        gone = await client.post(url(place, made, "/variables/lang/remove"), headers=HTMX)
        assert 'id="field-variables-lang"' not in gone.text

    @pytest.mark.parametrize("name", ["name", "9", "history", ""])
    async def test_a_variable_that_cannot_be_added_says_why(self, client, place, made, name):
        response = await client.post(
            url(place, made, "/variables"), data={"name": name}, headers=HTMX
        )
        assert response.status_code == 422
        assert 'id="add-variable-error"' in response.text

    async def test_without_scripts_a_field_leads_back(self, client, place, made):
        form = {"field": "config.temperature", "value": "1"}
        response = await client.post(url(place, made, "/settings"), data=form)
        assert (response.status_code, response.headers["Location"]) == (303, url(place, made))


async def config_of(client, database, place, made):
    key = await a_key(database, place, "read")
    response = await client.get(f"/api/v1/prompts/{made.id}", headers=key.headers)
    return response.json()["config"]


PAGES = [
    ("GET", "", None),
    ("POST", "/details", {"title": "x"}),
    ("POST", "/archive", None),
    ("POST", "/unarchive", None),
    ("GET", "/settings", None),
    ("POST", "/settings", {"field": "config.model", "value": "x"}),
    ("POST", "/variables", {"name": "x"}),
    ("POST", "/variables/name/remove", None),
    ("GET", "/publish", None),
    ("POST", "/publish", {"message": "x"}),
    ("GET", "/versions", None),
    ("GET", "/versions/1", None),
    ("POST", "/versions/1/restore", None),
    ("POST", "/labels", {"label": "production", "version": "1"}),
    ("POST", "/labels/production/remove", None),
]


@pytest.mark.parametrize(("method", "path", "form"), PAGES)
async def test_another_workspaces_pages_do_not_exist(
    client, database, place, made, method, path, form
):
    elsewhere = await a_workspace(database, "Elsewhere", await a_person(database, "Ada Stern"))
    use(client, elsewhere.owner)
    for slug in (place.slug, elsewhere.slug):
        address = f"/w/{slug}/prompts/{made.id}{path}"
        response = await client.request(method, address, data=form)
        assert response.status_code == 404


@pytest.mark.parametrize(("method", "path", "form"), [one for one in PAGES if one[0] == "POST"])
@pytest.mark.parametrize("role", ["viewer", "commenter"])
async def test_those_who_only_read_change_nothing(
    client, database, place, made, role, method, path, form
):
    use(client, await a_member(database, place, role))
    response = await client.request(method, url(place, made, path), data=form)
    assert response.status_code == 403
