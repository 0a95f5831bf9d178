"""References of what is imported that lead nowhere: in preview, result, answer and command."""

from __future__ import annotations

import html

import pytest

from app.domain.exchange.imports.importing import Importer
from app.domain.exchange.missing import References
from app.server.commands import exchange
from tests.support.builders import a_key, a_prompt, a_workspace, as_member, use
from tests.support.rooms import FakeRooms
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

TOP = b"""---
name: house/top
---
First {{> house/tone}}
{{> house/none@eu}} \\{{> house/escaped}}
{{> house/none@eu}} {{> here}} {{> here@v7}}
"""
TONE = b"---\nname: house/tone\n---\nBe kind. {{> house/top}}\n"
SAID = [
    "house/top, line 2: {{> house/none@eu}}. There is no prompt house/none.",
    "house/top, line 3: {{> here@v7}}. here has no v7.",
]


@pytest.fixture
async def place(database):
    place = await a_workspace(database)
    await a_prompt(database, place, "here")
    return place


def flat(text):
    return " ".join(html.unescape(text).split())


async def test_the_preview_and_the_result_say_so(app, client, place):
    use(client, place.owner)
    parts = [("file", ("top.prompt", TOP)), ("file", ("tone.prompt", TONE))]
    brought = await client.post(f"/w/{place.slug}/import", files=parts)
    url = brought.headers["location"]
    page = flat((await client.get(url)).text)
    assert "2 references lead nowhere" in page
    assert all(one in page for one in SAID)
    assert "house/tone}}." not in page  # which comes along
    assert (await client.post(f"{url}/run", data={"conflict": "skip"})).status_code == 303
    await until(lambda: not app.state.imports._tasks)
    page = flat((await client.get(url)).text)
    assert "2 references lead nowhere" in page
    assert all(one in page for one in SAID)


async def test_the_answer_names_prompt_line_and_reference(client, database, place):
    key = await a_key(database, place, "write")

    async def brought(query="", content=TOP):
        url = f"/api/v1/import?file=top.prompt{query}"
        got = await client.post(url, headers=key.headers, content=content)
        assert got.status_code == 200, got.text
        return got.json()["missing"]

    tone = {"problem": "There is no prompt house/tone.", "line": 1, "reference": "house/tone"}
    none = {"problem": "There is no prompt house/none.", "line": 2, "reference": "house/none@eu"}
    seventh = {"problem": "here has no v7.", "line": 3, "reference": "here@v7"}
    common = {"prompt": "house/top", "version": None}
    wanted = [one | common for one in (tone, none, seventh)]
    assert await brought("&dry_run=true") == wanted
    assert await brought() == wanted
    assert await brought() == []  # nothing came in
    assert await brought(content=TONE) == []  # what it needs is here by now


async def test_an_archive_knows_its_own_labels_versions_and_old_names(
    database, place, settings, tmp_path
):
    """What it has is found wherever in it that stands; a version under a label counts, too."""
    from app.domain.versions.service import Versions

    caller = await as_member(database, place, place.owner)
    made, rooms = {}, FakeRooms()
    for name, text, labels in (
        ("a", "{{> z@eu}}{{> z@v1}}{{> z@v2}}{{> z@latest}}{{> z@us}}{{> was}}", ["production"]),
        ("z", "Z", ["eu"]),
    ):
        made[name] = await a_prompt(database, place, name, text=text)
        rooms.open(made[name].room_id, text, caller.actor)
        await Versions(database, caller, rooms).publish(made[name].id, "m", labels)
    async with database.within(caller).transaction() as tx:
        from app.domain.prompts.service import Details, Prompts
        from tests.support.builders import Quiet

        await Prompts(tx, caller, Quiet()).change(made["z"].id, Details(name="was"))
        await Prompts(tx, caller, Quiet()).change(made["z"].id, Details(name="z"))
    path = str(tmp_path / "whole.zip")
    await exchange.send_out(settings, place.slug, path, lambda _: None)
    other = await a_workspace(database, "Other")
    for is_rehearsal in (True, False):
        said = await exchange.bring_in(
            settings, other.slug, [path], "skip", is_rehearsal=is_rehearsal, done=lambda _: None
        )
        lines = said.splitlines()
        assert lines[1] == "Included and not there; fetching answers 409 until it is:"
        assert lines[2:] == [
            "  a, line 1: {{> z@v2}}. z has no v2.",
            "  a, line 1: {{> z@us}}. z has no us.",
        ]


async def test_very_many_are_looked_up_in_few_statements(database, place):
    from tests.support.counting import statements

    caller = await as_member(database, place, place.owner)
    costs = []
    for count in (10, 400):
        importer = Importer(database, caller, None)
        text = "".join(f"{{{{> many/{number}}}}}\n" for number in range(count))
        file = f"---\nname: all/{count}\n---\n{text}".encode()
        await importer.files([("all.prompt", file)], "skip", is_rehearsal=True)
        with statements(database) as seen:
            found = await importer.missing()
        assert [one.line for one in found] == list(range(1, count + 1))
        costs.append(len(seen))
    assert costs[0] == costs[1]


def test_nothing_is_gathered_of_what_does_not_come_in():
    references = References()
    references.note([])
    assert references._written == []
