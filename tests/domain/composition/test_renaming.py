"""After a rename: the old name works, and can be written anew where it stands."""

from __future__ import annotations

import asyncio

import pytest

from app.domain.composition.policy import renamed
from app.domain.composition.renaming import AT_ONCE, Renaming, outdated
from app.domain.rooms.errors import TextTooLarge
from app.kit.edits import applied
from tests.support.builders import a_key, a_member, a_prompt, a_workspace, as_member, use
from tests.support.rooms import FakeRooms

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("{{> old}}", "{{> new}}"),
        ("a {{>  old@v7 }} b{{>old}}", "a {{>  new@v7 }} b{{>new}}"),
        (r"\{{> old}} {{old}} {{> older}} {{> x/old}} old", None),
        ("{{> other@eu}}{{> old@eu}}", "{{> other@eu}}{{> new@eu}}"),
        ("{{> was}}", "{{> new}}"),
    ],
)
def test_the_name_alone_is_written_anew(text, made):
    edits = renamed(text, {"old": "new", "was": "new"})
    assert applied(text, edits) == (made or text)


@pytest.fixture
def rest(client, key):
    class Rest:
        def __init__(self, made):
            self.url = f"/api/v1/prompts/{made.id}"

        async def rename(self, name):
            got = await client.patch(self.url, headers=key.headers, json={"name": name})
            assert got.status_code == 200

        async def listed(self, query=""):
            await client.get("/api/v1/prompts", headers=key.headers)  # which indexes what waits
            url = f"{self.url}/outdated-references{query}"
            got = await client.get(url, headers=key.headers)
            assert got.status_code == 200, got.text
            return got.json()

        async def rewrite(self, *ids, status=200):
            url, body = f"{self.url}/outdated-references", {"prompt_ids": [str(i) for i in ids]}
            got = await client.post(url, headers=key.headers, json=body)
            assert got.status_code == status, got.text
            return got.json()

        async def text(self):
            return (await client.get(self.url, headers=key.headers)).json()["text"]

    return Rest


async def test_old_names_go_on_and_every_live_text_is_listed(release, rest, fetch):
    tone = await release("tone", "Be kind.")
    a = await release("a", "{{> tone}} {{> other}}", unchecked=True)
    b = await release("b", "{{> tone@production}}")
    await rest(tone).rename("voice")
    await rest(tone).rename("house/voice")
    c = await release("c", "{{> voice}}{{> tone}}")
    await release("d", "{{> house/voice}}")
    await release("e", r"\{{> tone}}")
    assert (await fetch("b")).json()["text"] == "Be kind."
    found = (await rest(tone).listed())["items"]
    assert [(one["name"], one["written"]) for one in found] == [
        ("a", ["tone"]),
        ("b", ["tone"]),
        ("c", ["tone", "voice"]),
    ]
    first = await rest(tone).listed("?limit=2")
    then = await rest(tone).listed(f"?limit=2&cursor={first['next_cursor']}")
    assert [one["name"] for one in then["items"]] == ["c"]
    done = await rest(tone).rewrite(b.id, c.id)
    assert done == {"changed": [str(b.id), str(c.id)], "left": []}
    assert await rest(b).text() == "{{> house/voice@production}}"
    assert await rest(c).text() == "{{> house/voice}}{{> house/voice}}"
    assert await rest(a).text() == "{{> tone}} {{> other}}"  # it was not asked for
    assert [one["name"] for one in (await rest(tone).listed())["items"]] == ["a"]
    assert (await rest(tone).rewrite(b.id, c.id))["changed"] == []
    assert (await fetch("b")).json()["version"] == 1  # nothing was released by it


async def test_a_name_that_another_prompt_has_taken_is_its_own(release, rest, database, place):
    tone = await release("tone", "Be kind.")
    a = await a_prompt(database, place, "a", text="{{> tone}}")
    await rest(tone).rename("voice")
    await a_prompt(database, place, "tone")
    assert (await rest(tone).listed())["items"] == []
    assert (await rest(tone).rewrite(a.id))["changed"] == []
    assert await rest(a).text() == "{{> tone}}"


async def test_what_cannot_be_edited_is_left_and_named(release, rest, database):
    other = await a_workspace(database, "Other")
    theirs = await a_prompt(database, other, "x", text="{{> tone}}")
    tone = await release("tone", "Be kind.")
    a = await release("a", "{{> tone}}")
    await rest(tone).rename("voice")
    done = await rest(tone).rewrite(theirs.id, a.id)
    assert done["changed"] == [str(a.id)]
    assert [(it["prompt_id"], it["code"]) for it in done["left"]] == [
        (str(theirs.id), "prompt_not_found")
    ]


async def test_only_who_may_write_does_it(release, rest, client, database, place):
    tone = await release("tone", "Be kind.")
    a = await release("a", "{{> tone}}")
    await rest(tone).rename("voice")
    reader = await a_key(database, place, "read")
    url = f"/api/v1/prompts/{tone.id}/outdated-references"
    body = {"prompt_ids": [str(a.id)]}
    assert (await client.post(url, headers=reader.headers, json=body)).status_code == 403
    stranger = await a_key(database, await a_workspace(database, "Other"))
    assert (await client.post(url, headers=stranger.headers, json=body)).status_code == 404
    assert (await client.get(url, headers=stranger.headers)).status_code == 404
    await rest(tone).rewrite(status=422)
    await rest(tone).rewrite(*[a.id] * (AT_ONCE + 1), status=422)
    base = f"/w/{place.slug}/prompts/{tone.id}/composition"
    use(client, await a_member(database, place, "viewer"))
    page = (await client.get(base)).text
    assert "Included by an old name in 1 text" in page
    assert "Write the new name" not in page
    assert (await client.post(f"{base}/outdated", data={"prompt": str(a.id)})).status_code == 403
    assert await rest(a).text() == "{{> tone}}"


async def test_on_the_page_with_a_list_to_choose_from(release, rest, client, database, place):
    tone = await release("tone", "Be kind.")
    a, b = [await release(name, "{{> tone}}") for name in ("a", "b")]
    await rest(tone).rename("voice")
    use(client, await a_member(database, place))
    base = f"/w/{place.slug}/prompts/{tone.id}"
    details = (await client.get(base)).text
    assert f'hx-get="{base}/composition/outdated"' in details
    offered = (await client.get(f"{base}/composition/outdated")).text
    assert f'value="{a.id}" checked' in offered
    assert f'value="{b.id}" checked' in offered
    done = await client.post(f"{base}/composition/outdated", data={"prompt": [str(a.id), "none"]})
    assert done.status_code == 303
    page = (await client.get(done.headers["Location"])).text
    assert "The new name stands in 1 more text" in page
    assert "Included by an old name in 1 text" in page
    assert await rest(a).text() == "{{> voice}}"
    assert await rest(b).text() == "{{> tone}}"


async def test_people_who_are_writing_there_lose_nothing_and_the_edit_is_the_callers(either_url):
    """Typed between the look and the edit: the edit is of the text as it is by then."""
    from app.db.engine import Database
    from app.domain.composition.recording import texts_indexed
    from app.domain.prompts.service import Details, Prompts
    from tests.support.builders import Quiet

    database = Database(either_url).everywhere()
    place = await a_workspace(database)
    caller = await as_member(database, place, place.owner)
    tone = await a_prompt(database, place, "tone")
    tops = [await a_prompt(database, place, f"top/{n}", text="{{> tone}} A") for n in range(3)]
    rooms = FakeRooms()
    for one in tops:
        rooms.open(one.room_id, "{{> tone}} A")
    async with database.within(caller).transaction() as tx:
        await texts_indexed(tx, caller, {one.id: "{{> tone}} A" for one in tops})
        await Prompts(tx, caller, Quiet()).change(tone.id, Details(name="voice"))
    others = f"user:{place.owner.id}"
    rooms.write(tops[0].room_id, "So: {{> tone}} A, and {{> tone@eu}} B", "key:other")
    revise = rooms.revise

    async def revise_slowly(room_id, plan, actor):
        assert actor == caller.actor == others
        if room_id == tops[1].room_id:
            rooms.write(room_id, "Typed {{> tone}} A", "key:other")
        if room_id == tops[2].room_id:
            raise TextTooLarge("It is full.")
        return await revise(room_id, plan, actor)

    rooms.revise = revise_slowly
    renaming = Renaming(database, caller, rooms)
    done = await asyncio.gather(*(renaming.rewrite(tone.id, [o.id for o in tops]) for _ in "12"))
    assert {one for it in done for one in it.changed} == {tops[0].id, tops[1].id}
    assert {(one.prompt_id, one.error.code) for it in done for one in it.left} == {
        (tops[2].id, TextTooLarge.code)
    }
    texts = [(await rooms.read(one.room_id)).text for one in tops]
    assert texts == [
        "So: {{> voice}} A, and {{> voice@eu}} B",
        "Typed {{> voice}} A",
        "{{> tone}} A",
    ]
    credited = (await rooms.read(tops[0].room_id, b"\0")).contributors
    assert set(credited) >= {"key:other", caller.actor}
    async with database.within(caller).transaction(write=False) as tx:
        left = await outdated(tx, caller, tone.id, 10)
    assert [one.name for one in left.items] == ["top/2"]
    await database.close()
