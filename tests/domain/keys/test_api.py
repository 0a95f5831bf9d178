"""Members and keys over REST, and the keys page."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from app.db.engine import Database
from app.domain.keys import pages
from app.domain.keys.service import Keys
from app.kit import clock
from tests.support.builders import a_key, a_member, a_workspace, as_member, use

pytestmark = pytest.mark.anyio

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def told(client: Any, app: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Whom the doors were told about."""
    told: list[Any] = []
    monkeypatch.setattr(
        app.state.hub,
        "access_changed",
        lambda workspace_id=None, actor=None, document_id=None: told.append((workspace_id, actor)),
    )
    return told


class TestWithoutAGoodKey:
    @pytest.mark.parametrize(
        "header",
        [
            None,
            "Bearer",
            "Bearer ",
            "Basic dXNlcjpwYXNz",
            "Bearer nonsense",
            "Bearer pr_live_" + "0" * 36,
            "pr_live_" + "0" * 36,
            "Bearer " + "x" * 5000,
        ],
    )
    async def test_the_answer_is_a_401_problem(self, client: Any, header: str | None) -> None:
        headers = {"Authorization": header} if header else {}
        answer = await client.get("/api/v1/members", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        problem = answer.json()
        assert problem["status"] == 401
        assert problem["code"] in {"unauthenticated", "key_refused"}
        assert "0000" not in answer.text

    async def test_a_session_does_not_count(self, client: Any, database: Database) -> None:
        place = await a_workspace(database)
        assert (await use(client, place.owner).get("/api/v1/members")).status_code == 401


class TestMembers:
    async def test_they_are_listed_with_cursor_and_link(
        self, client: Any, database: Database
    ) -> None:
        place = await a_workspace(database)
        for name in ("Adam", "Berta"):
            await a_member(database, place, "viewer", name)
        key = await a_key(database, place, "read")
        first = await client.get("/api/v1/members?limit=2", headers=key.headers)
        assert [one["name"] for one in first.json()["items"]] == ["Maya Olsen", "Adam"]
        following = re.fullmatch(r'<(.+)>; rel="next"', first.headers["link"])
        assert following is not None
        second = await client.get(following[1], headers=key.headers)
        assert [one["name"] for one in second.json()["items"]] == ["Berta"]
        assert second.json()["next_cursor"] is None
        assert "link" not in second.headers

    @pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=nonsense"])
    async def test_a_bad_question_is_a_422_problem(
        self, client: Any, database: Database, query: str
    ) -> None:
        key = await a_key(database, await a_workspace(database), "read")
        answer = await client.get(f"/api/v1/members?{query}", headers=key.headers)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"


class TestKeysOverRest:
    async def test_an_admin_key_makes_lists_and_revokes(
        self, client: Any, database: Database, told: list[Any]
    ) -> None:
        place = await a_workspace(database)
        admin = await a_key(database, place, "admin")
        body = {"name": "ci", "scopes": ["read"], "expires_in_days": 30}
        made = await client.post("/api/v1/keys", json=body, headers=admin.headers)
        assert made.status_code == 201
        assert made.headers["location"] == f"/api/v1/keys/{made.json()['id']}"
        assert made.headers["cache-control"] == "no-store"
        fresh = {"Authorization": f"Bearer {made.json()['key']}"}
        assert (await client.get("/api/v1/members", headers=fresh)).status_code == 200
        listed = await client.get("/api/v1/keys", headers=admin.headers)
        assert made.json()["key"] not in listed.text
        assert [one["name"] for one in listed.json()["items"]] == ["ci", "checkout"]
        gone = await client.delete(made.headers["location"], headers=admin.headers)
        assert (gone.status_code, gone.content) == (204, b"")
        assert told == [(place.id, f"key:{made.json()['id']}")]
        assert (await client.get("/api/v1/members", headers=fresh)).status_code == 401

    @pytest.mark.parametrize("scopes", [("read",), ("write",), ("read", "write")])
    async def test_a_smaller_key_cannot(
        self, client: Any, database: Database, scopes: tuple[str, ...]
    ) -> None:
        key = await a_key(database, await a_workspace(database), *scopes)
        body = {"name": "mine", "scopes": ["admin"]}
        for answer in (
            await client.get("/api/v1/keys", headers=key.headers),
            await client.post("/api/v1/keys", json=body, headers=key.headers),
            await client.delete(f"/api/v1/keys/{key.id}", headers=key.headers),
        ):
            assert answer.status_code == 403
            assert answer.json()["permission"] == "keys:manage"

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"name": "x"},
            {"name": "", "scopes": ["read"]},
            {"name": "x", "scopes": []},
            {"name": "x", "scopes": ["root"]},
            {"name": "x", "scopes": "read"},
            {"name": "x", "scopes": ["read"], "expires_in_days": 0},
            {"name": "x", "scopes": ["read"], "workspace_id": "other"},
        ],
    )
    async def test_what_cannot_be_a_key_is_said_so(
        self, client: Any, database: Database, body: dict[str, Any]
    ) -> None:
        key = await a_key(database, await a_workspace(database), "admin")
        answer = await client.post("/api/v1/keys", json=body, headers=key.headers)
        assert answer.status_code in {400, 422}
        assert answer.json()["errors"]

    async def test_a_foreign_key_does_not_exist(
        self, client: Any, database: Database, told: list[Any]
    ) -> None:
        mine = await a_key(database, await a_workspace(database), "admin")
        theirs = await a_key(database, await a_workspace(database, "Foreign"), "admin")
        answer = await client.delete(f"/api/v1/keys/{theirs.id}", headers=mine.headers)
        assert answer.status_code == 404
        assert told == []
        assert (await client.get("/api/v1/keys", headers=theirs.headers)).status_code == 200


class TestTheKeysPage:
    async def test_a_key_is_shown_once(self, client: Any, database: Database) -> None:
        place = await a_workspace(database)
        url = f"/w/{place.slug}/settings/keys"
        form = {"name": "checkout", "scopes": ["read", "write"]}
        answer = await use(client, place.owner).post(url, data=form)
        assert answer.status_code == 201
        assert answer.headers["cache-control"] == "private, no-store"
        (key,) = re.findall(r"pr_live_\w{36}", answer.text)
        later = await client.get(url)
        assert key not in later.text
        assert f"{key[:10]}…{key[-4:]}" in later.text
        headers = {"Authorization": f"Bearer {key}"}
        client.cookies.clear()
        assert (await client.get("/api/v1/members", headers=headers)).status_code == 200

    async def test_htmx_gets_the_pieces(self, client: Any, database: Database) -> None:
        place = await a_workspace(database)
        url = f"/w/{place.slug}/settings/keys"
        use(client, place.owner)
        made = await client.post(url, data={"name": "x", "scopes": "read"}, headers=PARTIAL)
        assert made.status_code == 201
        assert '<hx-partial hx-target="#keys-content"' in made.text
        assert "<html" not in made.text
        bad = await client.post(url, data={"name": "x"}, headers=PARTIAL)
        assert bad.status_code == 422
        assert "Choose what the key may do." in bad.text
        assert "<html" not in bad.text

    async def test_a_mistake_keeps_what_was_typed(self, client: Any, database: Database) -> None:
        place = await a_workspace(database)
        url = f"/w/{place.slug}/settings/keys"
        answer = await use(client, place.owner).post(url, data={"name": "checkout"})
        assert answer.status_code == 422
        assert 'value="checkout"' in answer.text

    async def test_more_than_a_page_can_be_followed_and_revoked(
        self, client: Any, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pages, "MAX_LIMIT", 2)
        place = await a_workspace(database)
        keys = [await a_key(database, place, name=f"service-{number}") for number in range(3)]
        url = f"/w/{place.slug}/settings/keys"
        first = (await use(client, place.owner).get(url)).text
        assert f"{keys[0].id}/revoke" not in first
        (later,) = re.findall(rf'href="({url}\?cursor=[^"]+)"', first)
        second = (await client.get(unescape(later))).text
        assert f"{keys[0].id}/revoke" in second
        assert "Next page" not in second
        assert f'href="{url}">First page' in second

    async def test_until_when_a_key_works_is_said(self, client: Any, database: Database) -> None:
        place = await a_workspace(database)
        caller = await as_member(database, place, place.owner)
        async with database.transaction() as tx:
            gone, _ = await Keys(tx, caller).create("gone", ["read"], 1)
            gone.expires_at = clock.utc_now()
            await Keys(tx, caller).create("lasting", ["read"], 30)
        text = (await use(client, place.owner).get(f"/w/{place.slug}/settings/keys")).text
        assert text.count("expired</span>") == 1
        assert text.count("works until <time") == 1

    async def test_revoking_closes_its_rooms(
        self, client: Any, database: Database, told: list[Any]
    ) -> None:
        place = await a_workspace(database)
        key = await a_key(database, place)
        url = f"/w/{place.slug}/settings/keys/{key.id}/revoke"
        assert (await use(client, place.owner).post(url)).status_code == 303
        assert told == [(place.id, f"key:{key.id}")]

    async def test_an_editor_is_told_whom_to_ask(self, client: Any, database: Database) -> None:
        place = await a_workspace(database)
        key = await a_key(database, place, name="secret-service-name")
        editor = await a_member(database, place, "editor")
        text = (await use(client, editor).get(f"/w/{place.slug}/settings/keys")).text
        assert "Admins manage keys. Ask Maya Olsen." in text
        assert "secret-service-name" not in text
        assert key.key[-4:] not in text
