"""The workspace, its members and invitations over REST: what a key may, and what it may not."""

from __future__ import annotations

from typing import Any

import pytest

from app.db.engine import Database
from tests.support.builders import Place, a_key, a_member, a_workspace, role_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(database: Database) -> Place:
    return await a_workspace(database)


async def test_a_key_neither_makes_nor_unmakes_an_owner(
    client: Any, database: Database, place: Place
) -> None:
    second = await a_member(database, place, "owner", "Second")
    other = await a_member(database, place, "editor")
    key = await a_key(database, place, "admin")
    members = "/api/v1/members"
    for method, url, body in (
        ("PATCH", f"{members}/{other.id}", {"role": "owner"}),
        ("PATCH", f"{members}/{second.id}", {"role": "viewer"}),
        ("DELETE", f"{members}/{second.id}", None),
        ("POST", "/api/v1/invitations", {"role": "owner"}),
    ):
        answer = await client.request(method, url, json=body, headers=key.headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "owners_only"), url
    assert await role_of(database, place, second) == "owner"


async def test_a_role_is_changed_once_by_two_who_read_the_same(
    client: Any, database: Database, place: Place
) -> None:
    person = await a_member(database, place, "viewer")
    key = await a_key(database, place, "admin")
    url = f"/api/v1/members/{person.id}"
    read = await client.get(url, headers=key.headers)
    etag = read.headers["etag"]
    condition = key.headers | {"If-Match": etag}
    same = await client.get(url, headers=key.headers | {"If-None-Match": etag})
    assert (same.status_code, same.content) == (304, b"")
    first = await client.patch(url, json={"role": "editor"}, headers=condition)
    second = await client.patch(url, json={"role": "reviewer"}, headers=condition)
    assert first.status_code == 200
    assert first.json()["role"] == "editor"
    assert second.status_code == 412
    assert second.json()["code"] == "precondition_failed"
    assert second.headers["etag"] == second.json()["etag"] == first.headers["etag"]
    assert await role_of(database, place, person) == "editor"


async def test_what_a_revoked_key_invited_is_taken_back(
    client: Any, database: Database, place: Place
) -> None:
    leaked, other = (
        await a_key(database, place, "admin"),
        await a_key(database, place, "admin"),
    )
    links = {}
    for key in (leaked, other):
        made = await client.post("/api/v1/invitations", json={"role": "admin"}, headers=key.headers)
        assert made.headers["cache-control"] == "no-store"
        links[key.id] = made.json()["link"]
    await client.delete(f"/api/v1/keys/{leaked.id}", headers=other.headers)
    assert (await client.get(links[leaked.id])).status_code == 410
    assert (await client.get(links[other.id])).status_code == 200
    left = (await client.get("/api/v1/invitations", headers=other.headers)).json()["items"]
    assert len(left) == 1


async def test_invitations_come_in_pages_without_their_links(
    client: Any, database: Database, place: Place
) -> None:
    key = await a_key(database, place, "admin")
    for _ in range(3):
        await client.post("/api/v1/invitations", json={"role": "viewer"}, headers=key.headers)
    first = await client.get("/api/v1/invitations?limit=2", headers=key.headers)
    cursor = first.json()["next_cursor"]
    second = await client.get(f"/api/v1/invitations?cursor={cursor}", headers=key.headers)
    ids = [one["id"] for page in (first, second) for one in page.json()["items"]]
    assert len(set(ids)) == 3
    assert "rel=" in first.headers["link"]
    assert "/join/" not in first.text


async def test_a_key_may_look_at_itself_and_at_no_other(
    client: Any, database: Database, place: Place
) -> None:
    key, other = await a_key(database, place, "read"), await a_key(database, place, "read")
    own = (await client.get("/api/v1/keys/self", headers=key.headers)).json()
    assert (own["id"], own["scopes"]) == (str(key.id), ["read"])
    assert "key" not in own
    assert (await client.get(f"/api/v1/keys/{key.id}", headers=key.headers)).status_code == 200
    assert (await client.get(f"/api/v1/keys/{other.id}", headers=key.headers)).status_code == 403
