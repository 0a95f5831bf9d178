"""Labels, checkpoints, rooms and many prompts at once over REST."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from litestar.testing import AsyncTestClient

from app.db.engine import Database
from app.server.core import build
from app.settings import Settings
from tests.support.builders import Place, a_key, a_member, a_workspace

pytestmark = pytest.mark.anyio


async def published(client: Any, headers: dict[str, str], count: int) -> str:
    """The address of a prompt with as many versions."""
    made = await client.post("/api/v1/prompts", json={"name": "a/b", "text": "0"}, headers=headers)
    url = f"/api/v1/prompts/{made.json()['id']}"
    for number in range(1, count + 1):
        await client.patch(url, json={"text": str(number)}, headers=headers)
        await client.post(f"{url}/versions", json={"message": str(number)}, headers=headers)
    return url


async def test_nobody_moves_a_label_over_somebodys_rollback(
    client: Any, database: Database
) -> None:
    key = await a_key(database, await a_workspace(database), "write")
    url = await published(client, key.headers, 3)
    label = f"{url}/labels/production"
    none_yet = key.headers | {"If-None-Match": "*"}
    assert (await client.put(label, json={"version": 2}, headers=none_yet)).status_code == 200
    assert (await client.put(label, json={"version": 2}, headers=none_yet)).status_code == 412
    await client.put(label, json={"version": 3}, headers=key.headers)
    read = await client.get(label, headers=key.headers)
    move = read.json()["items"][0]["id"]
    back = await client.post(f"{label}/undo", json={"move": move}, headers=key.headers)
    assert back.json()["items"][0]["to_version"] == 2
    stale = key.headers | {"If-Match": read.headers["etag"]}
    late = await client.put(label, json={"version": 3}, headers=stale)
    assert (late.status_code, late.headers["etag"]) == (412, back.headers["etag"])
    assert (await client.delete(label, headers=stale)).status_code == 412
    listed = (await client.get(f"{url}/labels", headers=key.headers)).json()["items"]
    assert [(one["label"], one["version"]) for one in listed] == [("production", 2)]


async def test_other_labels_do_not_keep_production_where_it_is(
    client: Any, database: Database
) -> None:
    """Whoever may put any label on could fill up the prompt, and nobody could roll back."""
    key = await a_key(database, await a_workspace(database), "write")
    url = await published(client, key.headers, 2)
    label = f"{url}/labels/production"
    await client.put(label, json={"version": 2}, headers=key.headers)
    many = {"message": "2", "labels": [f"a{number}" for number in range(99)]}
    assert (await client.post(f"{url}/versions", json=many, headers=key.headers)).is_success
    for version in (1, 2):
        more = await client.put(f"{url}/labels/b", json={"version": 1}, headers=key.headers)
        assert (more.status_code, more.json()["code"]) == (422, "label_refused")
        moved = await client.put(label, json={"version": version}, headers=key.headers)
        assert (moved.status_code, moved.json()["version"]) == (200, version)
    await client.delete(f"{url}/labels/a0", headers=key.headers)
    freed = await client.put(f"{url}/labels/b", json={"version": 1}, headers=key.headers)
    assert freed.status_code == 200


async def test_of_conditional_writers_at_once_one_succeeds(either_url: str, tmp_path: Any) -> None:
    """On both databases, through the whole application."""
    settings = Settings(data_dir=tmp_path, database_url=either_url, secret_key="k" * 48)
    database = Database(either_url).everywhere()
    key = await a_key(database, await a_workspace(database), "write")
    async with AsyncTestClient(build(settings), base_url="http://promptroom.test") as client:
        url = await published(client, key.headers, 2)
        label = f"{url}/labels/staging"
        await client.put(label, json={"version": 1}, headers=key.headers)
        for method, target, bodies in (
            ("PUT", label, [{"version": 2}] * 6),
            ("PATCH", url, [{"text": f"Mine {n}", "title": f"T{n}"} for n in range(6)]),
        ):
            read = await client.get(target, headers=key.headers)
            headers = key.headers | {"If-Match": read.headers["etag"]}
            answers = await asyncio.gather(
                *(client.request(method, target, json=body, headers=headers) for body in bodies)
            )
            assert sorted(one.status_code for one in answers) == [200, 412, 412, 412, 412, 412]
        now = (await client.get(url, headers=key.headers)).json()
        assert now["text"].removeprefix("Mine ") == now["title"].removeprefix("T")
    await database.close()


async def test_a_protected_label_is_an_admins(client: Any, database: Database) -> None:
    place: Place = await a_workspace(database)
    admin, writer = await a_key(database, place, "admin"), await a_key(database, place, "write")
    url = await published(client, writer.headers, 1)
    protection = "/api/v1/label-protection/production"
    await client.put(protection, json={"role": "reviewer"}, headers=admin.headers)
    found = (await client.get("/api/v1/label-protection", headers=writer.headers)).json()
    assert found["items"] == [{"label": "production", "role": "reviewer"}]
    move = f"{url}/labels/production", {"version": 1}
    refused = await client.put(move[0], json=move[1], headers=writer.headers)
    assert refused.json()["code"] == "label_protected"
    await client.delete(protection, headers=admin.headers)
    assert (await client.put(move[0], json=move[1], headers=writer.headers)).status_code == 200


async def test_a_checkpoint_is_read_and_forgotten(client: Any, database: Database) -> None:
    key = await a_key(database, await a_workspace(database), "admin")
    url = await published(client, key.headers, 1)
    await client.patch(url, json={"text": "Unpublished"}, headers=key.headers)
    await client.post(f"{url}/restore", json={"version": 1}, headers=key.headers)
    [one] = (await client.get(f"{url}/checkpoints", headers=key.headers)).json()["items"]
    whole = (await client.get(f"{url}/checkpoints/{one['id']}", headers=key.headers)).json()
    assert (whole["text"], whole["reason"]) == ("Unpublished", "restore")
    gone = await client.delete(f"{url}/checkpoints/{one['id']}", headers=key.headers)
    assert gone.status_code == 204
    assert (await client.get(f"{url}/checkpoints", headers=key.headers)).json()["items"] == []


async def test_many_prompts_are_changed_and_changed_back(client: Any, database: Database) -> None:
    place = await a_workspace(database)
    await a_member(database, place)
    key = await a_key(database, place, "write")
    url = await published(client, key.headers, 1)
    prompt_id = url.rpartition("/")[2]
    steps = [
        {"prompt_id": prompt_id, "do": "tag", "value": "refunds"},
        {"prompt_id": prompt_id, "do": "label", "value": "staging"},
    ]
    done = await client.post("/api/v1/prompts/bulk", json={"steps": steps}, headers=key.headers)
    assert done.json()["changed"] == 2
    now = (await client.get(url, headers=key.headers)).json()
    assert (now["tags"], now["labels"]) == (["refunds"], {"staging": 1})
    undo = {"steps": done.json()["undo"]}
    await client.post("/api/v1/prompts/bulk", json=undo, headers=key.headers)
    now = (await client.get(url, headers=key.headers)).json()
    assert (now["tags"], now["labels"]) == ([], {})
    rooms = (await client.get(f"{url}/rooms", headers=key.headers)).json()["items"]
    assert [(one["branch"], one["people"]) for one in rooms] == [("main", [])]


async def test_a_labels_history_is_read_to_its_beginning(client: Any, database: Database) -> None:
    place = await a_workspace(database)
    key = await a_key(database, place, "write")
    url = await published(client, key.headers, 2)
    label = f"{url}/labels/production"
    for number in range(60):
        await client.put(label, json={"version": number % 2 + 1}, headers=key.headers)
    first = await client.get(label, headers=key.headers)
    cursor = first.json()["next_cursor"]
    assert len(first.json()["items"]) == 50
    assert first.headers["link"].endswith('rel="next"')
    second = await client.get(f"{label}?cursor={cursor}", headers=key.headers)
    assert (len(second.json()["items"]), second.json()["next_cursor"]) == (10, None)
    assert second.json()["items"][-1]["from_version"] is None
    moves = [one["id"] for one in first.json()["items"] + second.json()["items"]]
    assert moves == sorted(set(moves), reverse=True)
    assert second.headers["etag"] == first.headers["etag"]  # of the label, not of the page
    few = (await client.get(f"{label}?limit=7", headers=key.headers)).json()
    assert [one["id"] for one in few["items"]] == moves[:7]
    page = f"/w/{place.slug}/prompts/{url.rsplit('/', 1)[-1]}/labels/production"
    shown = (await client.get(page, headers=place.owner.headers)).text
    assert (shown.count('data-label="When"'), "First page" in shown) == (50, False)
    older = (await client.get(f"{page}?cursor={cursor}", headers=place.owner.headers)).text
    assert (older.count('data-label="When"'), "First page" in older) == (10, True)
    assert "no version" in older
    assert "no version" not in shown


async def test_protected_labels_come_page_by_page(client: Any, database: Database) -> None:
    key = await a_key(database, await a_workspace(database), "admin")
    url = "/api/v1/label-protection"
    for label in ("b", "a", "c"):
        await client.put(f"{url}/{label}", json={"role": "reviewer"}, headers=key.headers)
    first = (await client.get(f"{url}?limit=2", headers=key.headers)).json()
    following = await client.get(f"{url}?cursor={first['next_cursor']}", headers=key.headers)
    listed = first["items"] + following.json()["items"]
    assert [one["label"] for one in listed] == ["a", "b", "c"]
    assert following.json()["next_cursor"] is None
    whole = (await client.get(url, headers=key.headers)).json()
    assert (whole["items"], whole["next_cursor"]) == (listed, None)
