"""Comments as pages and pieces of pages: forms without script, roles, constant cost."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest

from app.access.permissions import Role
from tests.support.builders import a_key, a_member, a_prompt, a_workspace
from tests.support.counting import statements

pytestmark = pytest.mark.anyio
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
async def place(database):
    return await a_workspace(database)


@pytest.fixture
async def prompt(database, place):
    return await a_prompt(database, place, text="Refunds are paid within 14 days.\n")


@pytest.fixture
def base(place, prompt):
    return f"/w/{place.slug}/prompts/{prompt.id}/threads"


async def a_thread(client: Any, database: Any, place: Any, prompt: Any, **more: Any) -> str:
    key = await a_key(database, place)
    url = f"/api/v1/prompts/{prompt.id}/threads"
    answer = await client.post(url, headers=key.headers, json={"body": "Why?", **more})
    thread_id: str = answer.json()["id"]
    return thread_id


class TestRoles:
    @pytest.mark.parametrize("role", [Role.VIEWER, Role.COMMENTER])
    async def test_a_viewer_sees_no_field_and_a_commenter_one_for_each_thread(
        self, client: Any, database: Any, place: Any, prompt: Any, base: str, role: Role
    ) -> None:
        thread_id = await a_thread(client, database, place, prompt, anchor={"quote": "14 days"})
        who = await a_member(database, place, role)
        for path in (base, f"{base}/{thread_id}"):
            page = await client.get(path, headers=who.headers)
            assert page.status_code == 200
            assert "14 days" in page.text
            assert ('data-comment="reply"' in page.text) == (role is Role.COMMENTER)
            assert ("data-resolve" in page.text) == (role is Role.COMMENTER)


class TestForms:
    async def test_the_words_chosen_in_the_editor_are_kept_as_they_are(
        self, client: Any, database: Any, place: Any, base: str
    ) -> None:
        who = await a_member(database, place, Role.COMMENTER)
        form = {"body": "This", "quote": " 14 days", "prefix": "x ", "suffix": " y", "from": "24"}
        form |= {"to": "32", "start": "AAECAwA=", "end": "AAECBwA=", "epoch": "e1"}
        answer = await client.post(base, headers=who.headers | HTMX, data=form)
        assert answer.status_code == 204
        assert "threads:mine" in answer.headers["hx-trigger"]
        [anchor] = (await client.get(f"{base}/anchors", headers=who.headers)).json()["threads"]
        del anchor["id"]
        kept = {name: form[name] for name in ("quote", "prefix", "suffix", "start", "end", "epoch")}
        assert anchor == kept | {"from": 24}
        for odd in ({"start": "!"}, {"to": "20"}, {"start": "A" * 400}):
            refused = await client.post(base, headers=who.headers | HTMX, data=form | odd)
            assert refused.status_code == 422, odd

    async def test_a_comment_that_arrives_twice_is_there_once(
        self, client: Any, database: Any, place: Any, prompt: Any, base: str
    ) -> None:
        thread_id = await a_thread(client, database, place, prompt)
        who = await a_member(database, place, Role.COMMENTER)
        form = {"body": "Because.", "id": str(uuid4())}
        for _ in range(2):
            answer = await client.post(
                f"{base}/{thread_id}/comments", headers=who.headers | HTMX, data=form
            )
            assert answer.text.count("Because.") == 1

    async def test_a_thread_of_another_prompt_is_not_here(
        self, client: Any, database: Any, place: Any, prompt: Any, base: str
    ) -> None:
        other = await a_prompt(database, place, text="Other")
        thread_id = await a_thread(client, database, place, other)
        who = await a_member(database, place, Role.EDITOR)
        assert (await client.get(f"{base}/{thread_id}", headers=who.headers)).status_code == 404
        for what in ("comments", "resolve", "reopen", "anchor", "read"):
            answer = await client.post(
                f"{base}/{thread_id}/{what}", headers=who.headers, data={"body": "x", "number": "1"}
            )
            assert answer.status_code == 404, what


class TestCost:
    async def test_many_threads_cost_no_more_statements_than_few(
        self, client: Any, database: Any, place: Any, prompt: Any, base: str
    ) -> None:
        who = await a_member(database, place, Role.EDITOR)
        counts = []
        for _ in range(2):
            for _ in range(3):
                await a_thread(client, database, place, prompt, anchor={"quote": "14 days"})
            with statements(database) as made:
                await client.get(base, headers=who.headers | HTMX)
                await client.get(base, headers=who.headers)
            counts.append(len(made))
        assert counts[0] == counts[1]

    async def test_a_page_of_cards_leads_to_the_next(
        self, client: Any, database: Any, place: Any, prompt: Any, base: str
    ) -> None:
        for _ in range(31):
            await a_thread(client, database, place, prompt)
        who = await a_member(database, place, Role.EDITOR)
        first = await client.get(base, headers=who.headers | HTMX)
        assert first.text.count('class="thread"') == 30
        cursor = first.text.partition("cursor=")[2].partition('"')[0]
        more = await client.get(f"{base}?show=open&cursor={cursor}", headers=who.headers | HTMX)
        assert more.text.count('class="thread"') == 1
        assert "thread-more" not in more.text


class TestBeside:
    async def test_those_whose_words_a_version_has_are_listed_by_line(
        self, client: Any, database: Any, place: Any
    ) -> None:
        prompt = await a_prompt(database, place, text="One 😀 two.\nThree four.\nFive six.\n")
        base = f"/w/{place.slug}/prompts/{prompt.id}"
        key = await a_key(database, place)
        rest = f"/api/v1/prompts/{prompt.id}"
        await client.post(f"{rest}/versions", headers=key.headers, json={"message": "one"})
        await a_thread(client, database, place, prompt, anchor={"quote": "six"}, body="Last")
        await a_thread(client, database, place, prompt, anchor={"quote": "two"}, body="First")
        await a_thread(client, database, place, prompt, body="On the whole")
        changed = {"text": "Three four.\nFive six.\n"}
        await client.patch(rest, headers=key.headers, json=changed)
        who = await a_member(database, place, Role.VIEWER)

        async def listed(of: str) -> list[tuple[str, str]]:
            page = await client.get(f"{base}/threads/beside?of={of}", headers=who.headers | HTMX)
            assert page.status_code == 200
            return re.findall(r'data-line="(\d+)".*?<q>(.*?)</q>', page.text)

        assert await listed("1") == [("1", "two"), ("3", "six")]
        assert await listed("draft") == [("2", "six")]
        missing = await client.get(f"{base}/threads/beside?of=9", headers=who.headers)
        assert missing.status_code == 404
        for path in ("versions/1", "versions?from=1&to=draft"):
            assert (
                "/threads/beside?of="
                in (await client.get(f"{base}/{path}", headers=who.headers)).text
            )
