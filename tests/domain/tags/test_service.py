"""Tags over REST and on their page: counted, renamed, merged, taken away."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from app.db.engine import Database
from app.domain.prompts.models import PromptTag
from app.domain.prompts.ports import PROMPT_CHANGED
from app.domain.tags import pages
from app.domain.tags.service import Tags
from tests.domain.folders.test_service import SomebodyIsIn
from tests.support.builders import a_key, a_member, a_prompt, a_workspace, as_member, use

pytestmark = pytest.mark.anyio
URL = "/api/v1/tags"


@pytest.fixture
async def place(database):
    return await a_workspace(database)


@pytest.fixture
async def call(client, database, place):
    key = await a_key(database, place)

    async def call(method, where="", /, **json):
        given = {"json": json} if json else {}
        return await client.request(method, URL + where, headers=key.headers, **given)

    return call


async def counts(call):
    return {one["name"]: one["count"] for one in (await call("GET")).json()["items"]}


async def tags_of(database: Any, made: Any) -> list[str]:
    async with database.everywhere().transaction(write=False) as tx:
        rows = await tx.execute(select(PromptTag.tag).where(PromptTag.prompt_id == made.id))
        return sorted(rows.scalars())


class TestRenaming:
    async def test_on_every_prompt_that_has_it(self, call, database, place):
        first = await a_prompt(database, place, tags=("refund", "triage"))
        second = await a_prompt(database, place, tags=("refund",))
        other = await a_prompt(database, place, tags=("tone",))
        answer = await call("PATCH", "/refund", name=" #Money  Back ")
        assert answer.json() == {"name": "money back", "count": 2}
        assert await tags_of(database, first) == ["money back", "triage"]
        assert await tags_of(database, second) == ["money back"]
        assert await tags_of(database, other) == ["tone"]
        assert await counts(call) == {"money back": 2, "tone": 1, "triage": 1}

    async def test_into_one_that_is_there_only_if_that_is_meant(self, call, database, place):
        both = await a_prompt(database, place, tags=("refund", "refunds"))
        old = await a_prompt(database, place, tags=("refund",))
        answer = await call("PATCH", "/refund", name="refunds")
        assert (answer.status_code, answer.json()["code"]) == (409, "tag_taken")
        assert answer.json()["count"] == 1
        assert await tags_of(database, both) == ["refund", "refunds"]
        merged = await call("PATCH", "/refund", name="refunds", merge=True)
        assert merged.json() == {"name": "refunds", "count": 2}
        assert await tags_of(database, both) == await tags_of(database, old) == ["refunds"]
        assert await counts(call) == {"refunds": 2}

    async def test_to_itself_changes_nothing(self, call, database, place):
        await a_prompt(database, place, tags=("refund",))
        assert (await call("PATCH", "/refund", name="Refund")).json()["count"] == 1

    @pytest.mark.parametrize("name", ["", " # ", "a,b", "x" * 65])
    async def test_names_that_are_none(self, call, database, place, name):
        await a_prompt(database, place, tags=("refund",))
        answer = await call("PATCH", "/refund", name=name)
        assert (answer.status_code, answer.json()["code"]) == (422, "tag_invalid")

    async def test_one_that_nobody_uses(self, call):
        answer = await call("PATCH", "/nowhere", name="x")
        assert (answer.status_code, answer.json()["code"]) == (404, "tag_not_found")

    async def test_signs_in_names(self, call, database, place):
        made = await a_prompt(database, place, tags=("c/c++ 100%",))
        assert (await call("PATCH", "/c%2Fc%2B%2B%20100%25", name="日本")).status_code == 200
        assert await tags_of(database, made) == ["日本"]

    async def test_both_databases(self, either: Database) -> None:
        place = await a_workspace(either)
        caller = await as_member(either, place, place.owner)
        both = await a_prompt(either, place, tags=("a", "b"))
        one = await a_prompt(either, place, tags=("a",))
        rooms = SomebodyIsIn(one.room_id)
        async with either.within(caller).transaction() as tx:
            assert await Tags(tx, caller, rooms).rename("a", "b", merges=True) == ("b", 2)
        assert rooms.told == [(one.room_id, PROMPT_CHANGED, {"fields": ["tags"]}, caller.name)]
        assert await tags_of(either, both) == await tags_of(either, one) == ["b"]
        async with either.within(caller).transaction() as tx:
            assert await Tags(tx, caller, rooms).remove("b") == 2
        assert await tags_of(either, both) == []


class TestTakingAway:
    async def test_the_prompts_stay(self, call, database, place):
        made = await a_prompt(database, place, tags=("refund", "tone"))
        assert (await call("DELETE", "/refund")).status_code == 204
        assert await tags_of(database, made) == ["tone"]
        assert (await call("DELETE", "/refund")).status_code == 404


class TestThePage:
    async def test_with_forms_alone(self, client, database, place):
        made = await a_prompt(database, place, tags=("refund",))
        other = await a_prompt(database, place, tags=("refunds",))
        use(client, await a_member(database, place))
        url = f"/w/{place.slug}/settings/tags"
        form = {"tag": "refund", "name": "refunds"}
        asked = await client.post(f"{url}/rename", data=form)
        assert asked.status_code == 409
        assert "One prompt has the tag refunds already." in asked.text
        assert "Merge the two" in asked.text
        merged = await client.post(f"{url}/rename", data={**form, "merge": "true"})
        assert merged.status_code == 303
        assert await tags_of(database, made) == await tags_of(database, other) == ["refunds"]
        assert (await client.post(f"{url}/remove", data={"tag": "refunds"})).status_code == 303
        assert "No tags yet" in (await client.get(url)).text

    async def test_a_name_that_is_none_cannot_be_merged(self, client, database, place):
        await a_prompt(database, place, tags=("refund",))
        use(client, await a_member(database, place))
        url = f"/w/{place.slug}/settings/tags/rename"
        refused = await client.post(url, data={"tag": "refund", "name": "a,b"})
        assert refused.status_code == 422
        assert "without commas" in refused.text
        assert "Merge the two" not in refused.text

    async def test_a_viewer_sees_them_and_is_told_whom_to_ask(self, client, database, place):
        await a_prompt(database, place, tags=("refund",))
        use(client, await a_member(database, place, "viewer"))
        url = f"/w/{place.slug}/settings/tags"
        page = (await client.get(url)).text
        assert "Ask Maya Olsen." in page
        assert "tags/rename" not in page
        answer = await client.post(f"{url}/rename", data={"tag": "refund", "name": "x"})
        assert answer.status_code == 403


class TestListing:
    async def test_page_by_page(self, call, client, database, place):
        names = ("b", "a", "c", "d-1", "e")
        await a_prompt(database, place, tags=names)
        await a_prompt(database, place, tags=("a",))
        whole = (await call("GET")).json()
        assert [one["name"] for one in whole["items"]] == sorted(names)
        assert whole["next_cursor"] is None
        found, url = [], "?limit=2"
        while url:
            answer = await call("GET", url)
            found += answer.json()["items"]
            cursor = answer.json()["next_cursor"]
            assert ("link" in answer.headers) == (cursor is not None)
            url = f"?limit=2&cursor={cursor}" if cursor else ""
        assert found == whole["items"]
        assert (await call("GET", "?cursor=odd")).json()["code"] == "cursor_invalid"
        assert (await call("GET", "?limit=201")).json()["code"] == "fields_invalid"

    async def test_on_the_page_none_is_lost(self, client, database, place, monkeypatch):
        monkeypatch.setattr(pages, "MOST_AT_ONCE", 2)
        await a_prompt(database, place, tags=("a", "b", "c"))
        url, headers = f"/w/{place.slug}/settings/tags", place.owner.headers
        first = (await client.get(url, headers=headers)).text
        assert "tag=b" in first
        assert "tag=c" not in first
        assert "First page" not in first
        [following] = re.findall(r'href="([^"]*\?cursor=[^"]*)"', first)
        second = (await client.get(following, headers=headers)).text
        assert "tag=c" in second
        assert "tag=b" not in second
        assert "First page" in second
        form = {"tag": "c", "name": "a"}
        refused = await client.post(f"{url}/rename", headers=headers, data=form)
        assert refused.status_code == 409
        assert "Merge the two" in refused.text  # beside the tag, which is not on the first page
