"""Pages, fragments and what the editor asks: where a prompt is used, what it means, who is told."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.domain.inbox.models import Notice
from tests.support.builders import a_member, use

pytestmark = pytest.mark.anyio
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
async def editor(client, database, place):
    return use(client, await a_member(database, place))


@pytest.fixture
def url(place):
    return lambda made, path="": f"/w/{place.slug}/prompts/{made.id}{path}"


async def test_both_sides_of_an_inclusion_show_it(release, editor, url):
    tone = await release("house/tone", "Be kind.")
    top = await release("top", "{{> house/tone@production}}{{> nobody}}", unchecked=True)
    used = (await editor.get(url(tone, "/composition"))).text
    assert "Used by 1 prompt" in used
    assert url(top) in used
    includes = (await editor.get(url(top, "/composition/beside"), headers=HTMX)).text
    assert url(tone) in includes
    assert "There is no prompt of this name." in includes


async def test_a_reference_is_explained_or_told_why_not(release, editor, url):
    tone = await release("tone", "Be kind.")
    await release("back", "{{> top@production}}", unchecked=True)
    top = await release("top", "{{> back}}", unchecked=True)
    refs = ["tone@production", "tone@eu", "none", "top", "back@latest"]
    got = await editor.get(url(top, "/composition/references"), params={"ref": refs})
    found = got.json()["references"]
    assert found["tone@production"]["text"] == "Be kind."
    assert found["tone@production"]["version"] == 1
    assert found["tone@production"]["href"] == url(tone)
    assert [found[one]["problem"] for one in refs[1:4]] == [
        "Nothing of it is released under eu.",
        "There is no prompt of this name.",
        "This prompt cannot include itself.",
    ]
    assert "top" in found["back@latest"]["problem"]


async def test_completion_offers_others_with_their_labels(release, editor, url):
    await release("house/tone", "Be kind.", "eu")
    top = await release("top", "T")
    got = (await editor.get(url(top, "/composition/names"), params={"q": "house/to"})).json()
    assert got["prompts"] == [
        {"name": "house/tone", "title": "Tone", "labels": ["eu", "latest"]},
    ]
    everything = (await editor.get(url(top, "/composition/names"))).json()["prompts"]
    assert [one["name"] for one in everything] == ["house/tone"]


async def test_the_resolved_text_is_what_programs_get(release, editor, url, fetch):
    await release("tone", "Be kind.")
    top = await release("top", "<{{> tone}}>")
    got = await editor.get(url(top, "/composition/resolved?of=production"), headers=HTMX)
    assert "&lt;Be kind.&gt;" in got.text
    assert (await fetch("top")).json()["text"] == "<Be kind.>"
    nothing = await editor.get(url(top, "/composition/resolved?of=eu"))
    assert "No version has the label eu." in nothing.text


async def test_dialogs_say_whom_it_reaches_and_what_is_missing(release, editor, url):
    tone = await release("tone", "Be kind.")
    for number in range(4):
        await release(f"a/{number}", "{{> tone}}")
    before = (await editor.get(url(tone, "/composition/before"), headers=HTMX)).text
    assert "4 prompts include this under production:" in before
    assert "a/0, a/1, a/2 and 1 more." in before
    lone = await release("lone", "{{> nobody}}", unchecked=True)
    missing = (await editor.get(url(lone, "/composition/before"), headers=HTMX)).text
    assert "There is no prompt nobody." in missing


async def test_the_dependants_page_says_so_until_it_is_seen_or_released(release, editor, url):
    await release("tone", "Be kind.")
    tops = [await release(f"top/{number}", "{{> tone@production}}") for number in range(2)]
    said = "An included prompt changed since your last release"
    path = "/composition/beside"
    assert said not in (await editor.get(url(tops[0], path), headers=HTMX)).text
    await release("tone", "Be brief.")
    assert said in (await editor.get(url(tops[0], path), headers=HTMX)).text
    assert (await editor.post(url(tops[0], "/composition/seen"))).status_code == 303
    assert said not in (await editor.get(url(tops[0], path), headers=HTMX)).text
    await release("top/1", "{{> tone@production}}!")
    assert said not in (await editor.get(url(tops[1], path), headers=HTMX)).text


async def test_owners_of_dependants_are_told_once_for_each_move(release, database, place):
    await release("tone", "Be kind.")
    for number in range(3):
        await release(f"top/{number}", "{{> tone@production}}")
    await release("tone", "Be brief.")
    await release("tone", "Be odd.", "eu")  # which nobody includes
    async with database.everywhere().transaction(write=False) as tx:
        notices = (await tx.execute(select(Notice).where(Notice.kind == "included"))).scalars()
        assert [(one.user_id, one.number) for one in notices] == [(place.owner.id, 2)]


async def test_taking_a_label_off_asks_again_and_keeps_it_meanwhile(release, editor, url, fetch):
    tone = await release("tone", "Be kind.", "eu")
    await release("top", "{{> tone@eu}}")
    asked = await editor.post(url(tone, "/labels/eu/remove"))
    assert asked.status_code == 409
    assert "1 prompt needs it" in asked.text
    assert (await fetch("top")).status_code == 200
    done = await editor.post(url(tone, "/labels/eu/remove"), data={"confirmed": "yes"})
    assert done.status_code == 303
    assert (await fetch("tone", "?label=eu")).status_code == 404


async def test_a_refused_publication_is_told_in_the_dialog(release, editor, url, client, key):
    a = await release("a", "{{> b}}", unchecked=True)
    await release("b", "{{> a}}", unchecked=True)
    body = {"text": "{{> b}}!"}
    await client.patch(f"/api/v1/prompts/{a.id}", headers=key.headers, json=body)
    got = await editor.post(url(a, "/publish"), data={"message": "x"}, headers=HTMX)
    assert got.status_code == 422
    assert "a → b → a" in got.text
