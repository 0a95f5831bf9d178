"""The hints beside the text: asked for with the page's own address, and one more tag with a click."""

from __future__ import annotations

import pytest

from tests.support.builders import a_member, a_prompt, a_workspace, use

pytestmark = pytest.mark.anyio
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
TEXT = (
    "You are a refund specialist. Read the booking record and the fare rules. Approve the refund "
    "when the carrier cancelled, otherwise offer rebooking, voucher or partial credit."
)


@pytest.fixture
async def place(database):
    return await a_workspace(database)


@pytest.fixture
async def made(client, database, place):
    made = await a_prompt(database, place, text=TEXT, tags=("mine",))
    for number in range(3):
        title, text = f"Twin <{number}>", f"{TEXT} Number {number}."
        await a_prompt(database, place, title=title, text=text, tags=("refund",))
    use(client, await a_member(database, place))
    await client.get(f"/w/{place.slug}/")  # which has everything indexed
    return made


async def test_twins_and_tags_stand_beside_the_text(client, place, made):
    url = f"/w/{place.slug}/prompts/{made.id}"
    page = (await client.get(url)).text
    assert f'hx-get="{url}/alike"' in page
    assert "Much like this one" not in page
    hints = (await client.get(f"{url}/alike", headers=HTMX)).text
    assert "Twin &lt;0&gt;" in hints
    assert "% alike" in hints
    assert 'aria-label="Add the tag refund"' in hints


async def test_a_click_adds_the_tag_and_keeps_the_others(client, place, made):
    url = f"/w/{place.slug}/prompts/{made.id}"
    hints = await client.post(f"{url}/tags", data={"tag": "refund"}, headers=HTMX)
    assert hints.status_code == 200
    assert "Add the tag refund" not in hints.text
    page = (await client.get(url)).text
    for tag in ("mine", "refund"):
        assert f"#{tag}</a>" in page
    plain = await client.post(f"{url}/tags", data={"tag": "third"})
    assert (plain.status_code, plain.headers["Location"]) == (303, url)


async def test_a_viewer_is_offered_nothing_to_add(client, database, place, made):
    use(client, await a_member(database, place, "viewer"))
    url = f"/w/{place.slug}/prompts/{made.id}"
    assert "/alike" not in (await client.get(url)).text
    assert "Add the tag" not in (await client.get(f"{url}/alike", headers=HTMX)).text
    assert (await client.post(f"{url}/tags", data={"tag": "x"})).status_code == 403


async def test_a_title_that_is_there_already_is_told_and_nothing_of_others(client, database):
    place, other = await a_workspace(database), await a_workspace(database, "Other")
    use(client, place.owner)
    made = await a_prompt(database, place, title="Refund <b> triage")
    await a_prompt(database, other, title="Refund b triage")
    page = (await client.get(f"/w/{place.slug}/")).text  # whoever looks indexes what waits
    assert "Refund &lt;b&gt; triage" in page
    hint = (await client.get(f"/w/{place.slug}/prompts/alike?title=refund+b+triage")).text
    assert hint.count("<li>") == 1
    assert f'/prompts/{made.id}">Refund &lt;b&gt; triage</a>' in hint
    assert "<li>" not in (await client.get(f"/w/{place.slug}/prompts/alike?title=other")).text
