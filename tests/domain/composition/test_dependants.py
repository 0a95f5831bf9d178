"""Where a prompt is used: over REST, and on whom it is told when it moves."""

from __future__ import annotations

import pytest

from tests.support.builders import a_key, a_prompt, a_workspace, use
from tests.support.counting import statements

pytestmark = pytest.mark.anyio


@pytest.fixture
def used_by(client, key):
    async def get(made, query=""):
        await client.get("/api/v1/prompts", headers=key.headers)  # which indexes what waits
        url = f"/api/v1/prompts/{made.id}/dependants{query}"
        got = await client.get(url, headers=key.headers)
        assert got.status_code == 200, got.text
        return got.json()

    return get


async def test_versions_with_labels_the_newest_and_the_live_text(
    release, used_by, client, key, database, place
):
    tone = await release("house/tone", "Be kind.")
    await release("a", "{{> house/tone}}")
    await release("a", "{{> house/tone@eu}}", "later", unchecked=True)
    old = await release("old", "nothing yet")
    await release("old", "{{> house/tone}}", "gone")
    await release("old", "nothing")
    url = f"/api/v1/prompts/{old.id}/labels/gone"
    assert (await client.delete(url, headers=key.headers)).status_code == 204
    await a_prompt(database, place, "draft", text="{{> house/tone@v1}} \\{{> house/tone@no}}")
    found = await used_by(tone)
    assert [one["name"] for one in found["items"]] == ["a", "draft"]
    written = [
        (use["label"], use["version"], use["labels"])
        for one in found["items"]
        for use in one["uses"]
        if use["version"] or one["name"] == "draft"  # the others' live texts are indexed some time
    ]
    assert written == [
        ("eu", 2, ["later", "latest"]),
        (None, 1, ["production"]),
        ("v1", None, []),
    ]


async def test_a_candidate_is_current_and_said_to_be_one(release, used_by, client, key, place):
    tone = await release("tone", "Be kind.")
    top = await release("top", "One")
    await release("top", "{{> tone}}", "later")
    await release("top", "Three", "later")
    assert (await used_by(tone))["items"] == []  # v2 is neither the newest nor under a label
    url = f"/api/v1/prompts/{top.id}/labels/production"
    body = {"version": 1, "rollout": {"version": 2, "percent": 10}}
    assert (await client.put(url, headers=key.headers, json=body)).status_code == 200
    [found] = (await used_by(tone))["items"]
    told = [(it["version"], it["labels"], it["candidate_of"]) for it in found["uses"]]
    assert told == [(2, [], ["production"])]
    use(client, place.owner)
    base = f"/w/{place.slug}/prompts/{tone.id}"
    page = (await client.get(f"{base}/composition")).text
    assert "Used by 1 prompt" in page
    assert "candidate</span>" in page
    before = (await client.get(f"{base}/composition/before")).text
    assert "1 prompt includes this under production:" in before


async def test_by_the_names_it_had_and_not_by_those_it_lost(
    release, used_by, client, key, database, place
):
    tone = await release("tone", "Be kind.")
    await a_prompt(database, place, "a", text="{{> tone}}")
    url = f"/api/v1/prompts/{tone.id}"
    await client.patch(url, headers=key.headers, json={"name": "voice"})
    await release("b", "{{> voice}}")
    assert [one["name"] for one in (await used_by(tone))["items"]] == ["a", "b"]
    await a_prompt(database, place, "tone")  # takes the name away
    assert [one["name"] for one in (await used_by(tone))["items"]] == ["b"]


async def test_in_pages_at_a_constant_number_of_statements(app, release, used_by, client, key):
    tone = await release("tone", "Be kind.")
    costs = []
    for number in range(4):
        await release(f"a/{number}", "{{> tone}}{{> tone@v1}}")
        url = f"/api/v1/prompts/{tone.id}/dependants"
        with statements(app.state.database, of_requests=True) as seen:
            await client.get(url, headers=key.headers)
        costs.append(len(seen))
    assert costs[0] == costs[-1] > 0
    first = await used_by(tone, "?limit=3")
    then = await used_by(tone, f"?limit=3&cursor={first['next_cursor']}")
    names = [one["name"] for page in (first, then) for one in page["items"]]
    assert names == [f"a/{number}" for number in range(4)]
    assert then["next_cursor"] is None


async def test_another_workspaces_prompt_is_not_there(release, database, client):
    tone = await release("tone", "Be kind.")
    other = await a_key(database, await a_workspace(database, "Other"))
    got = await client.get(f"/api/v1/prompts/{tone.id}/dependants", headers=other.headers)
    assert got.status_code == 404
