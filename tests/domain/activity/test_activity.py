"""What happened to a prompt: complete, in order, narrowed, page by page; as page and over REST."""

from __future__ import annotations

from typing import Any

import pytest

from app.db.engine import Database
from tests.support.builders import (
    Key,
    MadePrompt,
    Place,
    Somebody,
    a_key,
    a_member,
    a_prompt,
    a_workspace,
    use,
)
from tests.support.counting import statements
from tests.support.inboxes import a_thread, happens

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(database: Database) -> Place:
    return await a_workspace(database)


@pytest.fixture
async def key(database: Database, place: Place) -> Key:
    return await a_key(database, place, "read", "write")


@pytest.fixture
async def kenji(database: Database, place: Place) -> Somebody:
    return await a_member(database, place)


@pytest.fixture
async def prompt(
    client: Any, database: Database, place: Place, key: Key, kenji: Somebody
) -> MadePrompt:
    """One to which everything has happened, in this order."""
    made = await a_prompt(database, place, "support/a", title="A", text="One")
    url = f"/api/v1/prompts/{made.id}"

    async def change(**given: Any) -> None:
        assert (await client.patch(url, headers=key.headers, json=given)).status_code == 200

    await change(name="support/b", title="B", folder="Support", tags=["x"], description="d")
    await client.post(f"{url}/versions", headers=key.headers, json={"message": "First"})
    await client.put(f"{url}/labels/production", headers=key.headers, json={"version": 1})
    thread = await a_thread(database, place, made)
    await happens(database, thread, "thread.started", kenji, body="Hm")
    await happens(database, thread, "thread.resolved", kenji)
    await client.delete(f"{url}/labels/production", headers=key.headers)
    await change(archived=True)
    await change(archived=False, folder="")
    return made


ALL = [
    "moved",
    "unarchived",
    "archived",
    "labelled",
    "resolved",
    "commented",
    "labelled",
    "published",
    "moved",
    "retitled",
    "renamed",
    "created",
]


async def listed(client: Any, key: Key, prompt: MadePrompt, **query: Any) -> dict[str, Any]:
    answer = await client.get(
        f"/api/v1/prompts/{prompt.id}/activity", headers=key.headers, params=query
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_everything_in_its_order(client: Any, key: Key, prompt: MadePrompt) -> None:
    items = (await listed(client, key, prompt))["items"]
    # What one change did at once has no order of its own.
    assert sorted(one["kind"] for one in items) == sorted(ALL)
    assert [one["kind"] for one in items[2:8]] == ALL[2:8]
    assert items[-1]["kind"] == "created"
    said = {one["kind"]: one for one in items}
    assert said["renamed"] | {"before": "support/a", "after": "support/b"} == said["renamed"]
    assert (said["published"]["version"], said["published"]["message"]) == (1, "First")
    assert items[3] | {"label": "production", "from_version": 1} == items[3]
    assert "to_version" not in items[3]


async def test_steps_of_a_rollout_are_told(
    client: Any, database: Database, place: Place, key: Key
) -> None:
    made = await a_prompt(database, place, text="One")
    url = f"/api/v1/prompts/{made.id}"
    for text in ("One", "Two"):
        await client.patch(url, headers=key.headers, json={"text": text})
        await client.post(f"{url}/versions", headers=key.headers, json={"message": text})
    for body in (
        {"version": 1},
        *({"version": 1, "rollout": {"version": 2, "percent": percent}} for percent in (10, 50)),
        {"version": 2},
    ):
        put = await client.put(f"{url}/labels/production", headers=key.headers, json=body)
        assert put.status_code == 200, put.text
    items = (await listed(client, key, made, kind="labels"))["items"]
    assert [(one["from_version"], one["to_version"]) for one in items[:3]] == [
        (1, 2),
        (1, 1),
        (1, 1),
    ]
    use(client, place.owner)
    page = (await client.get(f"/w/{place.slug}/prompts/{made.id}/activity")).text
    told = [
        "promoted v2 of production from 50 % to everybody",
        "raised v2 of production from 10 % to 50 %",
        "gave v2 to 10 % of production",
        "put production on v1",
    ]
    places = [page.find(words) for words in told]
    assert -1 not in places
    assert places == sorted(places)


async def test_page_by_page_it_is_the_same(client: Any, key: Key, prompt: MadePrompt) -> None:
    whole = [one["id"] for one in (await listed(client, key, prompt))["items"]]
    found: list[str] = []
    cursor = None
    while True:
        page = await listed(client, key, prompt, limit=5, **({"cursor": cursor} if cursor else {}))
        found += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == whole


async def test_narrowed_by_kind_and_person(
    client: Any, key: Key, prompt: MadePrompt, kenji: Somebody
) -> None:
    async def kinds(**query: str) -> list[str]:
        return [one["kind"] for one in (await listed(client, key, prompt, **query))["items"]]

    assert await kinds(kind="versions") == ["published"]
    assert await kinds(kind="labels") == ["labelled", "labelled"]
    assert await kinds(kind="comments") == ["resolved", "commented"]
    assert await kinds(by=kenji.actor) == ["resolved", "commented"]
    assert await kinds(by=kenji.actor, kind="labels") == []
    url = f"/api/v1/prompts/{prompt.id}/activity"
    answer = await client.get(url, headers=key.headers, params={"kind": "x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "activity_kind_unknown")


async def test_the_page_says_it_in_words(
    client: Any, place: Place, prompt: MadePrompt, kenji: Somebody
) -> None:
    url = f"/w/{place.slug}/prompts/{prompt.id}/activity"
    use(client, place.owner)
    html = (await client.get(url)).text
    for words in (
        "renamed it from support/a to support/b",
        "changed the title from “A” to “B”",
        "moved it to Support",
        "took it out of the folder Support",
        "put production on v1",
        "took production off v1",
        "started a thread",
        "archived the prompt",
        "created the prompt",
    ):
        assert words in html, words
    narrowed = await client.get(url, params={"kind": "comments", "by": kenji.actor})
    assert "started a thread" in narrowed.text
    assert "created the prompt" not in narrowed.text


async def test_it_costs_the_same_however_long_it_is(
    client: Any, app: Any, key: Key, prompt: MadePrompt
) -> None:
    costs = []
    for _ in range(2):
        with statements(app.state.database, of_requests=True) as seen:
            await listed(client, key, prompt)
        costs.append(len(seen))
        for number in range(6):
            await client.patch(
                f"/api/v1/prompts/{prompt.id}", headers=key.headers, json={"title": f"T{number}"}
            )
    assert costs[0] == costs[1]


async def test_a_folder_that_moves_is_told_of_each_prompt_in_it(
    client: Any, database: Database, place: Place, key: Key
) -> None:
    made = await a_prompt(database, place, folder="Old/Deep")
    answer = await client.patch("/api/v1/folders/Old", headers=key.headers, json={"path": "New"})
    assert answer.status_code == 200, answer.text
    [moved, created] = (await listed(client, key, made))["items"]
    assert (moved["before"], moved["after"]) == ("Old/Deep", "New/Deep")
    assert created["kind"] == "created"
