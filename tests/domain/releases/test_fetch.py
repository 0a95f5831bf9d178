"""Fetching: from memory, and never what was."""

from __future__ import annotations

import pytest

from app.domain.releases import service as releases_service
from app.domain.releases.sticky import split_query
from tests.support.builders import a_key, a_workspace
from tests.support.counting import statements

pytestmark = pytest.mark.anyio


@pytest.fixture
def seen(app):
    """Statements of what happens within: the memory answers without any."""
    return lambda: statements(app.state.database)


class TestFromMemory:
    async def test_the_second_time_costs_no_statement(self, release, fetch, seen):
        await release("a/b")
        first = await fetch("a/b")
        with seen() as statements:
            second = await fetch("a/b")
        assert statements == []
        assert second.json() == first.json()

    async def test_both_roads_send_the_same_headers(self, release, fetch, app):
        await release("a")
        usual, fast = [await fetch("a"), await fetch("a")]
        differing = {"x-request-id", "ratelimit", "content-security-policy"}
        for name in usual.headers.keys() | fast.headers.keys() - differing:
            if name not in differing:
                assert usual.headers.get(name) == fast.headers.get(name), name
        assert "default-src 'none'" in fast.headers["content-security-policy"]
        assert len(fast.headers["x-request-id"]) == 16

    async def test_a_request_id_comes_back_unless_it_could_forge_a_line(self, release, fetch):
        await release("a")
        await fetch("a")
        assert (await fetch("a", **{"X-Request-ID": "trace-0001"})).headers[
            "X-Request-ID"
        ] == "trace-0001"
        assert (
            "!" not in (await fetch("a", **{"X-Request-ID": "no!no!no!"})).headers["X-Request-ID"]
        )

    async def test_an_unchanged_answer_is_304_on_both_roads(self, release, fetch):
        await release("a")
        etag = (await fetch("a")).headers["ETag"]
        for sent in (etag, f'"x", W/{etag}', "*"):
            again = await fetch("a", **{"If-None-Match": sent})
            assert (again.status_code, again.content) == (304, b"")

    async def test_a_number_stays_and_a_label_does_not(self, release, fetch):
        await release("a")
        for _ in range(2):
            assert "immutable" in (await fetch("a", "?version=1")).headers["Cache-Control"]
            assert (await fetch("a")).headers["Cache-Control"] == "private, no-cache"

    async def test_a_slip_is_not_served_what_production_gets(self, client, key, release, fetch):
        await release("a/b")
        for query, meant in (
            ("lable=staging", "label"),
            ("verison=1", "version"),
            ("keys=x", "key"),
        ):
            for method, path in (("GET", "a/b"), ("HEAD", "a/b"), ("POST", "a/b/render")):
                refused = await client.request(
                    method,
                    f"/api/v1/fetch/{path}?{query}",
                    headers=key.headers,
                    json={} if method == "POST" else None,
                )
                assert refused.status_code == 422, (method, query)
                if method != "HEAD":
                    assert refused.json()["code"] == "fields_invalid"
                    assert f"Did you mean {meant}?" in refused.json()["detail"]
        bundle = "/api/v1/bundle"
        refused = await client.get(f"{bundle}?lable=staging", headers=key.headers)
        assert refused.json()["errors"][0]["key"] == "lable"
        assert (await client.get(f"{bundle}?limt=2", headers=key.headers)).status_code == 422
        strangers = "_=123&utm_source=x&level=3"
        assert (await fetch("a/b", query=f"?{strangers}")).json()["version"] == 1
        assert (await client.get(f"{bundle}?{strangers}", headers=key.headers)).status_code == 200

    async def test_calls_are_counted_and_refused_on_both_roads(self, app, release, fetch):
        await release("a")
        first, second = [(await fetch("a")).headers["RateLimit"] for _ in range(2)]
        left = [int(one.split("r=")[1].split(";")[0]) for one in (first, second)]
        assert left[0] - left[1] == 1
        calls = app.state.counter.calls
        while calls.take(next(iter(calls._counts))) > 0:
            pass
        refused = await fetch("a")
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert 0 < int(refused.headers["Retry-After"]) <= 60


class TestSeenAtOnce:
    async def test_a_move_a_removal_and_a_publication(self, client, key, release, fetch):
        made = await release("a", "One")
        assert (await fetch("a")).json()["text"] == "One"
        assert (await fetch("a", "?label=latest")).json()["version"] == 1
        await release("a", "Two", "staging")
        assert (await fetch("a")).json()["text"] == "One"
        assert (await fetch("a", "?label=latest")).json()["version"] == 2
        label = f"/api/v1/prompts/{made.id}/labels/production"
        for number in (2, 1, 2):
            await client.put(label, headers=key.headers, json={"version": number})
            assert (await fetch("a")).json()["version"] == number
        await client.delete(label, headers=key.headers)
        assert (await fetch("a")).status_code == 404

    async def test_what_was_not_there_is_there_once_released(self, release, fetch, seen):
        assert (await fetch("new")).status_code == 404
        with seen() as statements:
            assert (await fetch("new")).status_code == 404
        assert not any("versions" in one for one in statements)  # remembered; the key is asked for
        await release("new", "Now")
        assert (await fetch("new")).json()["text"] == "Now"

    async def test_only_what_was_touched_is_forgotten(self, release, fetch, memory):
        for name in ("a", "b"):
            await release(name)
            await fetch(name)
        await release("a", "Two")
        await fetch("a")
        loads = releases_service.LOADS._value.get()
        await fetch("b")
        assert releases_service.LOADS._value.get() == loads


class TestWalls:
    async def test_another_workspace_has_its_own(self, client, database, release, fetch):
        await release("a")
        await fetch("a")
        other = await a_key(database, await a_workspace(database, "Other"))
        got = await client.get("/api/v1/fetch/a", headers=other.headers)
        assert got.status_code == 404

    async def test_a_revoked_key_is_refused_at_once(self, client, database, place, release, key):
        await release("a")
        admin = await a_key(database, place, "admin")
        program = await a_key(database, place, "read")
        for _ in range(2):
            got = await client.get("/api/v1/fetch/a", headers=program.headers)
            assert got.status_code == 200
        await client.delete(f"/api/v1/keys/{program.id}", headers=admin.headers)
        got = await client.get("/api/v1/fetch/a", headers=program.headers)
        assert (got.status_code, got.json()["code"]) == (401, "key_refused")

    async def test_guessing_keys_is_counted_by_address(self, app, client):
        app.state.counter.refused.limit = type(app.state.counter.refused.limit)("x", 2, 60)
        bad = {"Authorization": "Bearer " + "x" * 30}
        statuses = [
            (await client.get("/api/v1/fetch/a", headers=bad)).status_code for _ in range(3)
        ]
        assert statuses == [401, 401, 429]


def test_a_sticky_key_is_taken_out_of_the_query():
    assert split_query(b"label=a&key=x%2By") == (b"label=a", "x+y")
    assert split_query(b"label=a") == (b"label=a", "")
