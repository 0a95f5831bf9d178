"""Old names: what programs get by them, who has them, and how they are let go."""

from __future__ import annotations

import pytest

from app.domain.composition.guarding import Guard
from app.domain.prompts.old_names import OldNames, renamed
from app.domain.prompts.service import Details, NewPrompt, Prompts
from app.kit import clock
from tests.support.builders import (
    Quiet,
    a_key,
    a_member,
    a_prompt,
    a_workspace,
    as_member,
    use,
)
from tests.support.counting import statements

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(database):
    return await a_workspace(database)


@pytest.fixture
async def key(database, place):
    return await a_key(database, place)


@pytest.fixture
async def made(database, place):
    return await a_prompt(database, place, "support/refunds", text="Be kind.")


@pytest.fixture
def rename(client, key):
    async def rename(made, *names):
        for name in names:
            url = f"/api/v1/prompts/{made.id}"
            answer = await client.patch(url, headers=key.headers, json={"name": name})
            assert answer.status_code == 200, answer.text

    return rename


@pytest.fixture
def publish(client, key):
    async def publish(made, message="First"):
        answer = await client.post(
            f"/api/v1/prompts/{made.id}/versions",
            headers=key.headers,
            json={"message": message, "labels": ["production"]},
        )
        assert answer.status_code == 201, answer.text

    return publish


@pytest.fixture
def fetch(client, key):
    async def fetch(name, query="", **headers):
        url = f"/api/v1/fetch/{name}{query}"
        return await client.get(url, headers={**key.headers, **headers})

    return fetch


async def old_names(client, key, made):
    answer = await client.get(f"/api/v1/prompts/{made.id}/names", headers=key.headers)
    return [one["name"] for one in answer.json()["items"]]


class TestFetching:
    async def test_the_old_name_answers_with_the_notice(self, made, rename, publish, fetch):
        await publish(made)
        before = clock.utc_now().timestamp()
        await rename(made, "support/money-back")
        got = await fetch("support/refunds", "?label=production")
        assert got.status_code == 200
        body = got.json()
        assert (body["name"], body["renamed_from"]) == ("support/money-back", "support/refunds")
        assert body["text"] == "Be kind."
        assert got.headers["Promptroom-Renamed-To"] == "support/money-back"
        assert before - 1 <= int(got.headers["Deprecation"].removeprefix("@")) <= before + 60
        address = "/api/v1/fetch/support/money-back?label=production"
        assert got.headers["Link"] == f'<{address}>; rel="successor-version"'

    async def test_the_present_name_answers_without(self, made, rename, publish, fetch):
        await publish(made)
        await rename(made, "support/money-back")
        got = await fetch("support/money-back")
        assert got.json()["renamed_from"] is None
        assert not {"deprecation", "link", "promptroom-renamed-to"} & set(got.headers)

    async def test_a_304_says_so_too(self, made, rename, publish, fetch):
        await publish(made)
        await rename(made, "support/money-back")
        etag = (await fetch("support/refunds")).headers["ETag"]
        got = await fetch("support/refunds", **{"If-None-Match": etag})
        assert got.status_code == 304
        assert got.headers["Promptroom-Renamed-To"] == "support/money-back"

    async def test_every_name_of_a_chain_leads_to_the_last(self, made, rename, publish, fetch):
        await publish(made)
        await rename(made, "b", "c", "d")
        for name in ("support/refunds", "b", "c"):
            assert (await fetch(name)).headers["Promptroom-Renamed-To"] == "d"

    async def test_there_and_back_is_no_loop(self, client, key, made, rename, publish, fetch):
        await publish(made)
        await rename(made, "b", "support/refunds", "b", "support/refunds")
        assert (await fetch("support/refunds")).json()["renamed_from"] is None
        assert (await fetch("b")).json()["name"] == "support/refunds"
        assert await old_names(client, key, made) == ["b"]

    async def test_a_name_that_nobody_had_and_one_with_nothing_released_are_404(
        self, made, rename, fetch
    ):
        await rename(made, "b")
        for name in ("never", "support/refunds"):
            got = await fetch(name)
            assert (got.status_code, got.json()["code"]) == (404, "release_not_found")
            assert "promptroom-renamed-to" not in got.headers

    async def test_a_query_cannot_break_out_of_the_header(self, made, rename, publish, fetch):
        await publish(made)
        await rename(made, "b")
        got = await fetch("support/refunds", '?x=%3E%3B&label=production&y=>;"a')
        assert got.headers["Link"].count(">") == 1

    async def test_the_present_name_costs_no_statement(self, app, made, rename, publish, fetch):
        await publish(made)
        await rename(made, "b")
        await fetch("b")
        with statements(app.state.database, of_requests=True) as seen:
            await fetch("b")
        assert seen == []


class TestTakingAName:
    async def test_who_is_called_so_now_comes_before_who_was(
        self, client, key, made, rename, publish, fetch, database, place
    ):
        await publish(made)
        await rename(made, "b")
        new = {"name": "support/refunds", "text": "Be strict."}
        created = await client.post("/api/v1/prompts", headers=key.headers, json=new)
        assert created.status_code == 201
        assert (await fetch("support/refunds")).status_code == 404  # it has nothing released
        assert await old_names(client, key, made) == []

    async def test_renaming_to_it_takes_it_as_well(
        self, client, key, made, rename, publish, fetch, database, place
    ):
        await publish(made)
        other = await a_prompt(database, place, "other", text="Other")
        await publish(other)
        await rename(made, "b")
        await rename(other, "support/refunds")
        assert (await fetch("support/refunds")).json()["text"] == "Other"
        assert await old_names(client, key, made) == []
        await rename(other, "third")  # its old name is the one that was asked for last
        assert (await fetch("support/refunds")).json()["text"] == "Other"

    async def test_a_name_made_from_a_title_leaves_old_names_alone(self, either):
        place = await a_workspace(either)
        caller = await as_member(either, place, place.owner)
        async with either.within(caller).transaction() as tx:
            prompts = Prompts(tx, caller, Quiet())
            first = await prompts.create(NewPrompt(title="Refunds"))
            await prompts.change(first.prompt.id, Details(name="money-back"))
            second = await prompts.create(NewPrompt(title="Refunds"))
        assert second.prompt.name == "refunds-2"

    async def test_both_databases(self, either):
        place = await a_workspace(either)
        caller = await as_member(either, place, place.owner)
        async with either.within(caller).transaction() as tx:
            prompts = Prompts(tx, caller, Quiet(), Guard())
            first = await prompts.create(NewPrompt(name="a"))
            for name in ("b", "a", "c"):
                await prompts.change(first.prompt.id, Details(name=name))
            second = await prompts.create(NewPrompt(name="a"))
            await prompts.change(second.prompt.id, Details(name="d"))
            names = OldNames(tx, caller)
            assert [one.name for one in await names.of(first.prompt.id)] == ["b"]
            assert [one.name for one in await names.of(second.prompt.id)] == ["a"]
            found = await renamed(tx, caller, "b")
            assert found is not None
            assert found.name == "c"


class TestReleasing:
    async def test_over_rest(self, client, key, made, rename, publish, fetch):
        await publish(made)
        await rename(made, "b", "c")
        url = f"/api/v1/prompts/{made.id}/names"
        listed = (await client.get(url, headers=key.headers)).json()["items"]
        assert [one["name"] for one in listed] == ["b", "support/refunds"]
        assert listed[0]["renamed_by"]["name"] == "checkout"
        gone = await client.delete(f"{url}/support/refunds", headers=key.headers)
        assert gone.status_code == 204
        assert (await fetch("support/refunds")).status_code == 404
        assert (await fetch("b")).status_code == 200
        again = await client.delete(f"{url}/support/refunds", headers=key.headers)
        assert (again.status_code, again.json()["code"]) == (404, "old_name_not_found")

    async def test_on_the_page(self, client, database, place, made, rename, publish, fetch):
        await publish(made)
        await rename(made, "b")
        use(client, await a_member(database, place))
        url = f"/w/{place.slug}/prompts/{made.id}"
        page = (await client.get(url)).text
        assert "still answers programs" in page
        assert 'name="old_name" value="support/refunds"' in page
        answer = await client.post(f"{url}/names/release", data={"old_name": "support/refunds"})
        assert answer.status_code == 303
        assert "support/refunds" not in (await client.get(url)).text
        assert (await fetch("support/refunds")).status_code == 404

    async def test_a_prompt_of_another_workspace_keeps_its_names(
        self, client, database, made, rename, publish, fetch
    ):
        await publish(made)
        await rename(made, "b")
        other = await a_workspace(database, "Other")
        theirs = await a_key(database, other)
        url = f"/api/v1/prompts/{made.id}/names"
        assert (await client.get(url, headers=theirs.headers)).status_code == 404
        gone = await client.delete(f"{url}/support/refunds", headers=theirs.headers)
        assert gone.status_code == 404
        got = await client.get("/api/v1/fetch/support/refunds", headers=theirs.headers)
        assert got.status_code == 404
        assert (await fetch("support/refunds")).status_code == 200

    async def test_a_viewer_sees_them_and_cannot_release(
        self, client, database, place, made, rename
    ):
        await rename(made, "b")
        use(client, await a_member(database, place, "viewer"))
        url = f"/w/{place.slug}/prompts/{made.id}"
        page = (await client.get(url)).text
        assert "still answers programs" in page
        assert "names/release" not in page
        answer = await client.post(f"{url}/names/release", data={"old_name": "support/refunds"})
        assert answer.status_code == 403


async def test_nobody_takes_one_where_nobody_can_be_asked(database, place, made):
    """A service that was put together without whoever knows what includes what."""
    caller = await as_member(database, place, place.owner)
    async with database.within(caller).transaction() as tx:
        await Prompts(tx, caller, Quiet()).change(made.id, Details(name="b"))
    with pytest.raises(RuntimeError, match="Nobody was asked"):
        async with database.within(caller).transaction() as tx:
            await Prompts(tx, caller, Quiet()).create(NewPrompt(name="support/refunds"))
