"""Versions, labels, differences and released prompts over REST."""

from __future__ import annotations

import pytest

from tests.support.builders import a_key, a_prompt, a_workspace

pytestmark = pytest.mark.anyio


class Caller:
    """One prompt, one key, short calls."""

    def __init__(self, client, key, made):
        self.client, self.headers, self.made = client, key.headers, made
        self.url = f"/api/v1/prompts/{made.id}"

    async def __call__(self, method, path="", **given):
        url = path if path.startswith("/api") else self.url + path
        headers = {**self.headers, **given.pop("headers", {})}
        return await self.client.request(method, url, headers=headers, **given)

    async def publish(self, message="A change", **given):
        return await self("POST", "/versions", json={"message": message, **given})

    async def write(self, text, **given):
        return await self("PATCH", json={"text": text, **given})


@pytest.fixture
async def place(database):
    return await a_workspace(database)


@pytest.fixture
async def call(client, database, place):
    made = await a_prompt(database, place, "support/refunds", text="One", config={"model": "m"})
    return Caller(client, await a_key(database, place), made)


class TestPublishing:
    async def test_the_first_version_is_number_one(self, call):
        response = await call.publish("First  version")
        version = response.json()
        assert response.status_code == 201
        assert response.headers["Location"] == f"{call.url}/versions/1"
        assert (version["number"], version["message"]) == (1, "First version")
        assert (version["text"], version["config"]) == ("One", {"model": "m"})
        assert (version["created"], version["code"]) == (True, None)
        assert version["labels"] == ["latest"]
        assert (await call("GET", "/versions/1")).json()["text"] == "One"

    async def test_nothing_changed_is_no_new_version_and_says_so(self, call):
        await call.publish()
        response = await call.publish("Again", labels=["staging"])
        assert response.status_code == 200
        assert response.json()["number"] == 1
        assert (response.json()["created"], response.json()["code"]) == (False, "version_unchanged")
        assert response.json()["labels"] == ["staging", "latest"]

    async def test_a_changed_setting_is_enough_for_a_version(self, call):
        await call.publish()
        await call("PATCH", json={"config": {"temperature": 0.5}})
        assert (await call.publish()).json()["number"] == 2

    async def test_contributors_are_who_wrote_since_the_version_before(self, call):
        first = (await call.publish()).json()
        assert [one["name"] for one in first["contributors"]] == ["Maya Olsen"]
        await call.write("One two")
        second = (await call.publish()).json()
        assert second["contributors"] == [
            {"id": second["author"]["id"], "name": "checkout", "units": 4}
        ]

    @pytest.mark.parametrize("body", [{}, {"message": " "}, {"message": "x" * 501}])
    async def test_a_message_is_asked_for(self, call, body):
        assert (await call("POST", "/versions", json=body)).status_code == 422

    async def test_versions_are_listed_newest_first_without_text(self, call):
        for number in range(3):
            await call.write(f"Text {number}")
            await call.publish(f"Change {number}")
        page = await call("GET", "/versions?limit=2")
        assert [one["number"] for one in page.json()["items"]] == [3, 2]
        assert "text" not in page.json()["items"][0]
        rest = await call("GET", f"/versions?limit=2&cursor={page.json()['next_cursor']}")
        assert [one["number"] for one in rest.json()["items"]] == [1]
        assert rest.json()["next_cursor"] is None

    async def test_an_unknown_version_is_404(self, call):
        response = await call("GET", "/versions/9")
        assert (response.status_code, response.json()["code"]) == (404, "version_not_found")


class TestDiff:
    async def test_words_and_settings_are_compared(self, call):
        await call.write("Be kind to them.\nBye")
        await call.publish()
        await call.write("Be polite to them.\nBye", config={"temperature": 0.2})
        found = (await call("GET", "/diff?from=1&to=draft")).json()
        assert (found["from"], found["to"], found["identical"]) == ("1", "draft", False)
        assert (found["words_added"], found["words_removed"]) == (1, 1)
        [first, _] = found["hunks"][0]["rows"]
        assert [s for s in first["new"]["spans"] if s["changed"]] == [
            {"text": "polite", "changed": True}
        ]
        assert found["settings"] == [{"field": "config.temperature", "old": None, "new": 0.2}]

    async def test_labels_and_latest_name_versions(self, call):
        await call.publish(labels=["production"])
        await call.write("Two")
        await call.publish()
        found = (await call("GET", "/diff?from=production&to=latest")).json()
        assert (found["lines_added"], found["lines_removed"]) == (1, 1)

    async def test_the_same_text_is_identical(self, call):
        await call.publish()
        found = (await call("GET", "/diff")).json()
        assert (found["from"], found["to"]) == ("latest", "draft")
        assert (found["identical"], found["hunks"]) == (True, [])

    @pytest.mark.parametrize("ref", ["7", "nobody", "99999999999999999999", "v", "-1"])
    async def test_an_unknown_side_is_404(self, call, ref):
        await call.publish()
        response = await call("GET", f"/diff?from={ref}")
        assert (response.status_code, response.json()["code"]) == (404, "version_not_found")


class TestRestoring:
    async def test_a_version_comes_back_as_a_new_version(self, call):
        await call.publish()
        await call.write("Two", config={"temperature": 1})
        await call.publish(labels=["production"])
        await call.write("Unpublished")
        response = await call("POST", "/restore", json={"version": 1})
        assert response.status_code == 201
        assert (response.json()["number"], response.json()["restored_from"]) == (3, 1)
        assert response.json()["message"] == "Restore v1"
        now = (await call("GET")).json()
        assert (now["text"], now["config"]) == ("One", {"model": "m"})
        assert now["labels"] == {"production": 2}

    async def test_an_unknown_version_is_404(self, call):
        response = await call("POST", "/restore", json={"version": 4})
        assert (response.status_code, response.json()["code"]) == (404, "version_not_found")


class TestLabels:
    async def test_a_label_moves_and_remembers_where_it_was(self, call):
        await call.publish()
        await call.write("Two")
        await call.publish()
        for number in (1, 2, 1):
            response = await call("PUT", "/labels/production", json={"version": number})
            assert (response.status_code, response.json()["version"]) == (200, number)
        history = (await call("GET", "/labels/production")).json()["items"]
        assert [(one["from_version"], one["to_version"]) for one in history] == [
            (2, 1), (1, 2), (None, 1),
        ]  # fmt: skip
        assert history[0]["moved_by"]["name"] == "checkout"

    async def test_putting_it_where_it_is_leaves_no_trace(self, call):
        await call.publish(labels=["production"])
        await call("PUT", "/labels/production", json={"version": 1})
        assert len((await call("GET", "/labels/production")).json()["items"]) == 1

    async def test_a_label_can_be_taken_off(self, call):
        await call.publish(labels=["eu-pilot"])
        assert (await call("DELETE", "/labels/eu-pilot")).status_code == 204
        assert (await call("GET")).json()["labels"] == {}
        again = await call("DELETE", "/labels/eu-pilot")
        assert (again.status_code, again.json()["code"]) == (404, "label_not_found")

    @pytest.mark.parametrize(
        "name", ["latest", "draft", "archived", "7", "v7", "Production", "a b", "-x", "x" * 65]
    )
    async def test_some_names_are_no_labels(self, call, name):
        await call.publish()
        response = await call("PUT", f"/labels/{name}", json={"version": 1})
        assert (response.status_code, response.json()["code"]) == (422, "label_refused")

    async def test_a_label_needs_a_version_that_exists(self, call):
        response = await call("PUT", "/labels/production", json={"version": 1})
        assert (response.status_code, response.json()["code"]) == (404, "version_not_found")

    async def test_a_refused_label_publishes_nothing(self, call):
        assert (await call.publish(labels=["latest"])).status_code == 422
        assert (await call("GET", "/versions")).json()["items"] == []


class TestFetching:
    FETCH = "/api/v1/fetch/support/refunds"

    async def test_production_is_what_programs_get(self, call):
        await call.write('{{role "system"}}\nBe kind.')
        await call.publish(labels=["production"])
        await call.write("Not released")
        got = (await call("GET", self.FETCH)).json()
        assert (got["name"], got["version"], got["label"]) == ("support/refunds", 1, "production")
        assert got["messages"] == [{"role": "system", "content": "Be kind."}]
        assert got["config"] == {"model": "m"}
        assert "author" not in got

    async def test_a_label_a_number_or_latest_can_be_asked_for(self, call):
        await call.publish(labels=["staging"])
        await call.write("Two")
        await call.publish()
        for query, text in [
            ("label=staging", "One"),
            ("version=1", "One"),
            ("label=latest", "Two"),
        ]:
            assert (await call("GET", f"{self.FETCH}?{query}")).json()["text"] == text

    async def test_nothing_released_is_404_with_a_reason(self, call):
        await call.publish()
        response = await call("GET", self.FETCH)
        assert (response.status_code, response.json()["code"]) == (404, "release_not_found")
        assert "production" in response.json()["detail"]

    async def test_label_and_version_together_are_refused(self, call):
        response = await call("GET", f"{self.FETCH}?label=a&version=1")
        assert response.status_code == 422

    async def test_the_same_release_answers_304_until_the_label_moves(self, call):
        await call.publish(labels=["production"])
        first = await call("GET", self.FETCH)
        sent = {"If-None-Match": f'"other", W/{first.headers["ETag"]}'}
        again = await call("GET", self.FETCH, headers=sent)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        await call.write("Two")
        await call.publish(labels=["production"])
        moved = await call("GET", self.FETCH, headers=sent)
        assert (moved.status_code, moved.json()["text"]) == (200, "Two")

    async def test_archived_prompts_are_served_on(self, call):
        await call.publish(labels=["production"])
        await call("DELETE")
        assert (await call("GET", self.FETCH)).status_code == 200


class TestRoles:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "/versions", {"message": "x"}),
            ("POST", "/restore", {"version": 1}),
            ("PUT", "/labels/production", {"version": 1}),
            ("DELETE", "/labels/production", None),
        ],
    )
    async def test_a_key_that_reads_changes_nothing(
        self, call, client, database, place, method, path, body
    ):
        await call.publish(labels=["production"])
        reader = Caller(client, await a_key(database, place, "read"), call.made)
        response = await reader(method, path, json=body)
        assert (response.status_code, response.json()["code"]) == (403, "forbidden")
        assert (await reader("GET", "/versions/1")).status_code == 200


class TestBlame:
    async def test_each_piece_names_its_author_and_the_version_it_came_with(
        self, call, client, database, place
    ):
        await call.write("Be kind.")
        await call.publish()
        other = Caller(client, await a_key(database, place, name="billing"), call.made)
        await other.write("Be kind.\nBe brief.")
        found = (await call("GET", "/blame")).json()
        assert found["of"] == "draft"
        first, second = found["spans"]
        assert "".join(one["text"] for one in found["spans"]) == "Be kind.\nBe brief."
        assert (first["author"]["name"], first["version"]) == ("checkout", 1)
        assert first["published_at"] is not None
        assert (second["author"]["name"], second["version"]) == ("billing", None)
        await other.publish()
        [_, second] = (await call("GET", "/blame?of=latest")).json()["spans"]
        assert second["version"] == 2
        assert (await call("GET", "/blame?of=1")).json()["spans"] == [first]

    async def test_restored_words_stay_their_authors(self, call, client, database, place):
        await call.write("Be kind. Be brief.")
        await call.publish()
        other = Caller(client, await a_key(database, place, name="billing"), call.made)
        await other.write("Be brief.")
        await other.publish()
        await other("POST", "/restore", json={"version": 1})
        spans = (await call("GET", "/blame?of=3")).json()["spans"]
        assert "".join(one["text"] for one in spans) == "Be kind. Be brief."
        assert {one["author"]["name"] for one in spans} == {"checkout"}

    async def test_what_is_not_there_is_not_found(self, call):
        assert (await call("GET", "/blame?of=9")).status_code == 404


class TestMessagesInADifference:
    async def test_messages_as_a_whole_are_told_beside_their_words(self, call):
        await call.write('{{role "system"}}\nBe kind.\n{{role "user"}}\nHello there, friend.')
        await call.publish()
        await call.write('{{role "user"}}\nHello there, friend.')
        found = (await call("GET", "/diff")).json()
        assert found["messages"] == [
            {
                "change": "removed",
                "role": "system",
                "role_before": None,
                "from_position": 1,
                "to_position": None,
            }
        ]
