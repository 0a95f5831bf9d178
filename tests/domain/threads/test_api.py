"""Threads over REST: on words and on the whole, replied to, resolved, reacted to, deleted."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

from app.db.engine import Database
from app.domain.threads.policy import mention
from app.domain.threads.service import Threads
from app.server.core import build
from app.settings import Settings
from tests.support.builders import a_key, a_member, a_person, a_prompt, a_workspace
from tests.support.waiting import until

pytestmark = pytest.mark.anyio
TEXT = "You answer refunds 🧳.\nRefunds are paid within 14 days.\nBe kind. Be brief.\n"


@pytest.fixture
async def place(database):
    return await a_workspace(database)


@pytest.fixture
async def prompt(database, place):
    return await a_prompt(database, place, text=TEXT)


@pytest.fixture
async def call(client, database, place):
    key = await a_key(database, place)

    async def call(method, path, /, status=None, by=key, **json):
        answer = await client.request(
            method, f"/api/v1/{path}", headers=by.headers, json=None if method == "GET" else json
        )
        assert answer.status_code == (status or answer.status_code), answer.text
        assert answer.status_code < 500
        return answer.json() if answer.content else None

    return call


@pytest.fixture
async def thread(call, prompt):
    return await call(
        "POST", f"prompts/{prompt.id}/threads", 201, body="Why?", anchor={"quote": "14 days"}
    )


class TestStarting:
    async def test_a_quote_is_found_and_kept_with_what_is_around_it(self, thread: Any) -> None:
        at = len(TEXT[: TEXT.index("14 days")].encode("utf-16-le")) // 2
        assert thread["span"] == {"start": at, "end": at + 7}
        assert (thread["quote"], thread["prefix"][-11:]) == ("14 days", "aid within ")
        assert thread["suffix"].startswith(".\nBe kind.")
        assert (thread["number"], thread["state"], thread["orphaned"]) == (1, "open", False)
        assert [one["body"] for one in thread["comments"]] == ["Why?"]

    async def test_a_span_gives_its_quote(self, call: Any, prompt: Any) -> None:
        path = f"prompts/{prompt.id}/threads"
        made = await call("POST", path, 201, body="?", anchor={"start": 19, "end": 21})
        assert (made["quote"], made["span"]) == ("🧳", {"start": 19, "end": 21})
        for odd in ({"start": 20, "end": 22}, {"start": 5, "end": 5}, {"start": 0, "end": 9999}):
            refused = await call("POST", path, 422, body="?", anchor=odd)
            assert refused["code"] == "anchor_invalid"

    async def test_without_an_anchor_it_is_about_the_whole(self, call: Any, prompt: Any) -> None:
        made = await call("POST", f"prompts/{prompt.id}/threads", 201, body="Good!")
        assert (made["quote"], made["span"], made["orphaned"]) == ("", None, False)

    async def test_of_several_places_the_context_decides(self, call: Any, prompt: Any) -> None:
        anchor = {"quote": "Be", "prefix": "kind. "}
        made = await call("POST", f"prompts/{prompt.id}/threads", 201, body="?", anchor=anchor)
        assert made["prefix"].endswith("Be kind. ")

    async def test_a_quote_of_megabytes_is_not_looked_for(self, call: Any, prompt: Any) -> None:
        path, anchor = f"prompts/{prompt.id}/threads", {"quote": "Be " * 1_000_000}
        refused = await call("POST", path, 422, body="?", anchor=anchor)
        assert (refused["code"], len(str(refused)) < 500) == ("anchor_invalid", True)

    async def test_words_that_are_not_there_are_refused(self, call: Any, prompt: Any) -> None:
        path = f"prompts/{prompt.id}/threads"
        refused = await call("POST", path, 422, body="?", anchor={"quote": "30 days"})
        assert refused["code"] == "quote_not_found"
        assert (await call("GET", path))["items"] == []

    async def test_sent_twice_it_is_written_once(self, call: Any, prompt: Any) -> None:
        path, one = f"prompts/{prompt.id}/threads", str(uuid4())
        first = await call("POST", path, 201, body="Once", id=one)
        again = await call("POST", path, 200, body="Once", id=one)
        assert again["id"] == first["id"]
        reply = {"body": "Yes", "id": str(uuid4())}
        url = f"threads/{first['id']}/comments"
        await call("POST", url, 201, **reply)
        assert (await call("POST", url, 200, **reply))["number"] == 2
        assert (await call("POST", url, 409, body="No", id=one))["code"] == "comment_id_taken"
        assert len((await call("GET", f"threads/{first['id']}"))["comments"]) == 2

    async def test_positions_come_back_as_they_were_sent(self, call: Any, prompt: Any) -> None:
        anchor = {
            "quote": "what is only in the browser yet",
            "start": 3,
            "end": 34,
            "positions": {"start": "AAEC", "end": "AAED"},
        }
        made = await call("POST", f"prompts/{prompt.id}/threads", 201, body="?", anchor=anchor)
        assert {k: made["positions"][k] for k in ("start", "end")} == anchor["positions"]
        assert made["positions"]["epoch"]
        assert made["orphaned"]


class TestTalking:
    async def test_a_reply_reopens(self, call: Any, thread: Any) -> None:
        url = f"threads/{thread['id']}"
        resolved = await call("PATCH", url, 200, state="resolved")
        assert (resolved["state"], resolved["resolved_by"]["name"]) == ("resolved", "checkout")
        await call("POST", f"{url}/comments", 201, body="Not quite")
        now = await call("GET", url)
        assert (now["state"], now["resolved_by"], now["comment_count"]) == ("open", None, 2)

    async def test_only_its_author_edits_and_an_admin_deletes(
        self, call: Any, thread: Any, database: Any, place: Any
    ) -> None:
        url = f"comments/{thread['comments'][0]['id']}"
        other, admin = await a_key(database, place), await a_key(database, place, "admin")
        assert (await call("PATCH", url, 200, body="Why so?"))["edited_at"]
        for by in (other, admin):
            assert (await call("PATCH", url, 403, by=by, body="!"))["code"] == "comment_not_yours"
        assert (await call("DELETE", url, 403, by=other))["code"] == "comment_not_yours"
        await call("POST", f"threads/{thread['id']}/comments", 201, by=other, body="Because")
        await call("DELETE", url, 204, by=admin)
        await call("DELETE", url, 204)
        gone, reply = (await call("GET", f"threads/{thread['id']}"))["comments"]
        assert (gone["deleted"], gone["body"], reply["body"]) == (True, "", "Because")
        assert (await call("PATCH", url, 410, body="?"))["code"] == "comment_deleted"

    async def test_with_its_last_comment_a_thread_goes(self, call: Any, thread: Any) -> None:
        await call("DELETE", f"comments/{thread['comments'][0]['id']}", 204)
        assert (await call("GET", f"threads/{thread['id']}", 404))["code"] == "thread_not_found"

    async def test_a_thread_is_deleted_by_who_is_alone_in_it(
        self, call: Any, thread: Any, database: Any, place: Any
    ) -> None:
        url, other = f"threads/{thread['id']}", await a_key(database, place)
        await call("DELETE", url, 403, by=other)
        await call("POST", f"{url}/comments", 201, by=other, body="Hm")
        assert (await call("DELETE", url, 403))["code"] == "comment_not_yours"
        await call("DELETE", url, 204, by=await a_key(database, place, "admin"))
        await call("GET", url, 404)

    async def test_reactions_are_had_once(
        self, call: Any, thread: Any, database: Any, place: Any
    ) -> None:
        url = f"comments/{thread['comments'][0]['id']}/reactions"
        other = await a_key(database, place, name="other")
        for by in (other, other):
            await call("PUT", f"{url}/agree", 204, by=by)
        await call("PUT", f"{url}/done", 204)
        assert (await call("PUT", f"{url}/evil", 404))["code"] == "reaction_unknown"
        [said] = (await call("GET", f"threads/{thread['id']}"))["comments"]
        found = {one["emoji"]: [who["name"] for who in one["people"]] for one in said["reactions"]}
        assert found == {"👍": ["other"], "✅": ["checkout"]}
        await call("DELETE", f"{url}/agree", 204, by=other)
        await call("DELETE", f"{url}/agree", 204, by=other)
        [said] = (await call("GET", f"threads/{thread['id']}"))["comments"]
        assert [one["reaction"] for one in said["reactions"]] == ["done"]

    async def test_what_others_wrote_is_unread_until_it_is_read(
        self, call: Any, thread: Any, database: Any, place: Any
    ) -> None:
        other, url = await a_key(database, place), f"threads/{thread['id']}"
        await call("POST", f"{url}/comments", 201, body="And?")
        assert (await call("GET", url))["unread"] == 0
        assert (await call("GET", url, by=other))["unread"] == 2
        await call("PUT", f"{url}/read", 204, by=other, number=1)
        assert (await call("GET", url, by=other))["unread"] == 1
        await call("PUT", f"{url}/read", 204, by=other)
        await call("PUT", f"{url}/read", 204, by=other, number=1)  # a slower tab
        assert (await call("GET", url, by=other))["unread"] == 0

    async def test_put_on_other_words(self, call: Any, thread: Any) -> None:
        url = f"threads/{thread['id']}"
        moved = await call("PATCH", url, 200, anchor={"quote": "Be brief"})
        assert (moved["quote"], moved["state"]) == ("Be brief", "open")
        assert (await call("PATCH", url, 200, anchor={}))["quote"] == ""

    @pytest.mark.parametrize("body", ["", " \n ", "x" * 10_001, "a\x00b"])
    async def test_what_is_no_comment(self, call: Any, thread: Any, body: str) -> None:
        refused = await call("POST", f"threads/{thread['id']}/comments", 422, body=body)
        assert refused["code"] == "comment_invalid"


class TestMentions:
    async def test_members_are_named_as_they_are_called(
        self, call: Any, thread: Any, database: Any, place: Any
    ) -> None:
        kenji = await a_member(database, place)
        body = f"{mention(kenji.id, 'The Boss')} please"
        said = await call("POST", f"threads/{thread['id']}/comments", 201, body=body)
        assert said["mentions"] == [{"id": kenji.actor, "name": kenji.name}]

    async def test_a_stranger_is_refused_with_what_to_do(
        self, call: Any, thread: Any, database: Any, place: Any
    ) -> None:
        stranger = await a_person(database, "Sam Stranger")
        body, url = mention(stranger.id, "Sam"), f"threads/{thread['id']}/comments"
        refused = await call("POST", url, 422, body=body)
        assert refused["code"] == "mention_without_access"
        assert refused["user_ids"] == [str(stranger.id)]
        assert "Sam is no member of this workspace. Ask an admin" in refused["detail"]
        assert "Stranger" not in str(refused)  # whose name they need not know
        admin = await a_key(database, place, "admin")
        assert "Invite them" in (await call("POST", url, 422, by=admin, body=body))["detail"]


class TestTexts:
    async def test_words_are_found_in_versions_and_after_restoring(
        self, call: Any, thread: Any, prompt: Any
    ) -> None:
        path = f"prompts/{prompt.id}"
        await call("POST", f"{path}/versions", 201, message="First", labels=["staging"])
        text = TEXT.replace("within 14 days", "soon").replace("You", "Hello! You")
        await call("PATCH", path, 200, text=text)
        [now] = (await call("GET", f"{path}/threads"))["items"]
        assert (now["orphaned"], now["span"], now["quote"]) == (True, None, "14 days")
        for ref in ("1", "staging", "latest"):
            [then] = (await call("GET", f"{path}/threads?of={ref}"))["items"]
            assert then["span"] == thread["span"]
        refused = await call("GET", f"{path}/threads?of=7", 404)
        assert refused["code"] == "version_not_found"
        await call("POST", f"{path}/restore", 200, version=1)
        [back] = (await call("GET", f"{path}/threads"))["items"]
        assert (back["orphaned"], back["span"]) == (False, thread["span"])


class TestLists:
    async def test_the_newest_first_page_by_page(self, call: Any, prompt: Any) -> None:
        path = f"prompts/{prompt.id}/threads"
        made = [(await call("POST", path, 201, body=f"№ {n}"))["id"] for n in range(5)]
        await call("PATCH", f"threads/{made[1]}", 200, state="resolved")
        first = await call("GET", f"{path}?limit=2")
        second = await call("GET", f"{path}?limit=2&cursor={first['next_cursor']}")
        assert [one["number"] for one in first["items"] + second["items"]] == [5, 4, 3, 1]
        assert second["next_cursor"] is None
        assert first["counts"] == {"open": 4, "mine": 4, "resolved": 1}
        assert [one["id"] for one in (await call("GET", f"{path}?filter=resolved"))["items"]] == [
            made[1]
        ]
        assert len((await call("GET", f"{path}?filter=all"))["items"]) == 5

    async def test_mine_are_open_ones_that_i_wrote_in(
        self, call: Any, thread: Any, prompt: Any, database: Any, place: Any
    ) -> None:
        other, path = await a_key(database, place), f"prompts/{prompt.id}/threads"
        assert (await call("GET", f"{path}?filter=mine", by=other))["items"] == []
        await call("POST", f"threads/{thread['id']}/comments", 201, by=other, body="Me too")
        [mine] = (await call("GET", f"{path}?filter=mine", by=other))["items"]
        assert mine["id"] == thread["id"]
        assert (await call("GET", f"{path}?filter=yours", 422))["code"] == "invalid"


class TestConditions:
    @pytest.fixture
    async def ask(self, client: Any, database: Any, place: Any) -> Any:
        key = await a_key(database, place)

        async def ask(method: str, path: str, by: Any = key, json: Any = None, **when: str) -> Any:
            headers = by.headers | {name.replace("_", "-"): tag for name, tag in when.items()}
            return await client.request(method, f"/api/v1/{path}", headers=headers, json=json)

        return ask

    async def test_a_thread_is_resolved_only_as_it_was_read(
        self, ask: Any, call: Any, thread: Any
    ) -> None:
        url, resolved = f"threads/{thread['id']}", {"state": "resolved"}
        read = (await ask("GET", url)).headers["etag"]
        assert (await ask("GET", url, If_None_Match=read)).status_code == 304
        await call("POST", f"{url}/comments", 201, body="Wait!")
        late = await ask("PATCH", url, json=resolved, If_Match=read)
        assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
        assert (await ask("DELETE", url, If_Match=read)).status_code == 412
        assert (await call("GET", url))["state"] == "open"
        now = await ask("GET", url, If_None_Match=read)
        assert now.status_code == 200
        for tag, change in ((late.headers["etag"], {}), (now.headers["etag"], resolved)):
            done = await ask("PATCH", url, json=change, If_Match=tag)
            assert done.status_code == 200, done.text
        assert done.json()["state"] == "resolved"
        late = await ask("PATCH", url, json={"state": "open"}, If_Match=now.headers["etag"])
        assert late.status_code == 412
        gone = await ask("DELETE", f"threads/{uuid4()}", If_Match=read)
        assert (gone.status_code, gone.json()["code"]) == (404, "thread_not_found")

    async def test_whoever_types_elsewhere_hinders_no_one(
        self, ask: Any, call: Any, thread: Any, prompt: Any, database: Any, place: Any
    ) -> None:
        url, reader = f"threads/{thread['id']}", await a_key(database, place)
        read = (await ask("GET", url, by=reader)).headers["etag"]
        await call("PATCH", f"prompts/{prompt.id}", 200, text=f"Hello! {TEXT}")
        moved = await ask("GET", url, by=reader, If_None_Match=read)
        assert moved.json()["span"]["start"] == thread["span"]["start"] + 7  # so no 304
        await call("PUT", f"{url}/read", 204, by=reader)
        seen = await ask("GET", url, by=reader, If_None_Match=moved.headers["etag"])
        assert (seen.status_code, seen.json()["unread"]) == (200, 0)
        done = await ask("PATCH", url, json={"state": "resolved"}, If_Match=read)
        assert done.status_code == 200
        again = await ask("GET", url, If_None_Match=done.headers["etag"])
        assert again.status_code == 304

    async def test_a_comment_is_changed_only_as_it_was_read(
        self, ask: Any, call: Any, thread: Any, database: Any, place: Any
    ) -> None:
        await call("POST", f"threads/{thread['id']}/comments", 201, body="Because")
        url = f"comments/{thread['comments'][0]['id']}"
        got = await ask("GET", url)
        read = got.headers["etag"]
        assert got.json() == thread["comments"][0]
        assert (await ask("GET", url, If_None_Match=read)).status_code == 304
        mine = await call("PATCH", url, 200, body="How?")
        admin = await a_key(database, place, "admin")
        for method, body in (("PATCH", {"body": "When?"}), ("DELETE", None)):
            late = await ask(method, url, json=body, by=admin, If_Match=read)
            assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
        assert (await call("GET", url))["body"] == mine["body"] == "How?"
        tag = late.headers["etag"]
        assert (await ask("DELETE", url, by=admin, If_Match=tag)).status_code == 204
        assert (await call("GET", url))["deleted"] is True
        assert (await ask("DELETE", url, by=admin, If_Match=tag)).status_code == 412


async def test_of_those_who_read_the_same_one_decides(either_url: str, tmp_path: Any) -> None:
    """On both databases, through the whole application."""
    settings = Settings(data_dir=tmp_path, database_url=either_url, secret_key="k" * 48)
    database = Database(either_url).everywhere()
    place = await a_workspace(database)
    key, prompt = await a_key(database, place), await a_prompt(database, place)
    with TestClient(build(settings), base_url="http://promptroom.test") as client:
        made = client.post(
            f"/api/v1/prompts/{prompt.id}/threads", json={"body": "?"}, headers=key.headers
        )
        thread = made.json()
        url, comment = f"/api/v1/threads/{thread['id']}", thread["comments"][0]["id"]
        for target, change in (
            (f"/api/v1/comments/{comment}", lambda n: {"body": f"Mine {n}"}),
            (url, lambda n: {"state": "resolved"}),
        ):
            read = client.get(target, headers=key.headers)
            headers = key.headers | {"If-Match": read.headers["etag"]}
            answers = await asyncio.gather(
                *(
                    asyncio.to_thread(client.patch, target, json=change(n), headers=headers)
                    for n in range(6)
                )
            )
            assert sorted(one.status_code for one in answers) == [200, 412, 412, 412, 412, 412]
    await database.close()


async def test_whoever_has_been_let_in_is_not_overtaken(
    either_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One has compared and is about to write: whoever comes now waits, and then it has changed."""
    settings = Settings(data_dir=tmp_path, database_url=either_url, secret_key="k" * 48)
    database = Database(either_url).everywhere()
    place = await a_workspace(database)
    key, prompt = await a_key(database, place), await a_prompt(database, place)
    entered: list[Any] = []  # not an event: the application has a loop of its own
    go_on: list[bool] = []
    resolve = Threads.resolve

    async def about_to(self: Threads, thread_id: Any) -> Any:
        entered.append(thread_id)
        await until(lambda: go_on)
        return await resolve(self, thread_id)

    monkeypatch.setattr(Threads, "resolve", about_to)
    with TestClient(build(settings), base_url="http://promptroom.test") as client:
        made = client.post(
            f"/api/v1/prompts/{prompt.id}/threads", json={"body": "?"}, headers=key.headers
        )
        url = f"/api/v1/threads/{made.json()['id']}"
        headers = key.headers | {"If-Match": made.headers["etag"]}
        async with asyncio.TaskGroup() as both:
            sent = partial(client.patch, url, json={"state": "resolved"}, headers=headers)
            first = both.create_task(asyncio.to_thread(sent))
            await until(lambda: entered)
            second = both.create_task(asyncio.to_thread(sent))
            await asyncio.sleep(0.5)
            assert len(entered) == 1
            go_on.append(True)
        assert [first.result().status_code, second.result().status_code] == [200, 412]
    await database.close()
