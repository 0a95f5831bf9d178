"""Tools: the same services and rights as REST has, and failures that a model can act on."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.anyio


async def text_of(agent, name):
    return (await agent.call("read_prompt", prompt=name))["text"]


class TestReading:
    async def test_found_read_and_its_versions_listed(self, agent, prompt):
        prompt_id = await prompt("support/triage", "Refund within 14 days", tags=["money"])
        await prompt("other", "Nothing of the kind")
        found = await agent.call("search_prompts", query="refund")
        [one] = found["prompts"]
        assert (one["id"], one["tags"], one["labels"]) == (prompt_id, ["money"], {"production": 1})
        assert "14 days" in one["excerpt"]
        edit = {"old_text": "14", "new_text": "30"}
        await agent.call("edit_prompt", prompt="support/triage", edits=[edit])
        live = await agent.call("read_prompt", prompt=prompt_id)
        released = await agent.call("read_prompt", prompt="support/triage", of="production")
        numbered = await agent.call("read_prompt", prompt="support/triage", of="1")
        assert (live["text"], live["version"]) == ("Refund within 30 days", None)
        assert (released["text"], released["version"]) == ("Refund within 14 days", 1)
        assert numbered["text"] == released["text"]
        [version] = (await agent.call("list_versions", prompt=prompt_id))["versions"]
        assert (version["number"], version["author"]) == (1, "Copy agent")
        assert version["labels"] == ["production", "latest"]

    async def test_comments_and_replies(self, agent, prompt):
        await prompt("a", "Refund within 14 days")
        thread = await agent.call("comment_on_prompt", prompt="a", quote="14 days", body="Still?")
        again = await agent.call("reply_to_thread", thread_id=thread["id"], body="Yes.")
        assert [one["body"] for one in again["comments"]] == ["Still?", "Yes."]
        [listed] = (await agent.call("list_threads", prompt="a"))["threads"]
        assert (listed["quote"], listed["comments"][0]["author"]) == ("14 days", "Copy agent")
        gone = await agent.call("comment_on_prompt", prompt="a", quote="15 days", body="Hm")
        assert gone["code"] == "quote_not_found"


class TestEditing:
    async def test_all_edits_or_none(self, agent, prompt, client, key):
        prompt_id = await prompt("a", "one two three")
        edits = [{"old_text": "one", "new_text": "1"}, {"old_text": "1 two", "new_text": "1 2"}]
        assert (await agent.call("edit_prompt", prompt="a", edits=edits))["edits"] == 2
        assert await text_of(agent, "a") == "1 2 three"
        edits = [{"old_text": "three", "new_text": "3"}, {"old_text": "four", "new_text": "4"}]
        refused = await agent.call("edit_prompt", prompt="a", edits=edits)
        assert (refused["code"], refused["edit"]) == ("passage_not_found", 2)
        assert await text_of(agent, "a") == "1 2 three"
        blame = await client.get(f"/api/v1/prompts/{prompt_id}/blame", headers=key.headers)
        assert "Copy agent" in blame.text

    @pytest.mark.parametrize(
        ("edits", "code"),
        [
            ([], "edit_invalid"),
            ([{"old_text": "", "new_text": "x"}], "edit_invalid"),
            ([{"old_text": "o", "new_text": "x"}], "passage_ambiguous"),
            ([{"old_text": "aa", "new_text": "x"}], "passage_ambiguous"),  # they overlap
            ([{"old_text": "one"}], "invalid"),
        ],
    )
    async def test_an_edit_that_means_no_one_place(self, agent, prompt, edits, code):
        await prompt("a", "one two aaa")
        assert (await agent.call("edit_prompt", prompt="a", edits=edits))["code"] == code
        assert await text_of(agent, "a") == "one two aaa"

    async def test_an_empty_prompt_is_begun(self, agent, client, key):
        made = {"name": "a", "title": "a", "text": ""}
        await client.post("/api/v1/prompts", headers=key.headers, json=made)
        edits = [{"old_text": "", "new_text": "Hello"}]
        assert (await agent.call("edit_prompt", prompt="a", edits=edits))["characters"] == 5


class TestRights:
    async def test_a_reading_key_is_offered_what_it_may_use(self, agent, reader, prompt):
        await prompt("a", "x")
        listed = [
            [t["name"] for t in (await who.ask("tools/list"))["tools"]] for who in (agent, reader)
        ]
        assert (len(listed[0]), listed[1]) == (7, listed[0][:4])
        edits = [{"old_text": "x", "new_text": "y"}]
        thread = await agent.call("comment_on_prompt", prompt="a", body="Hm")
        for tool, given in (
            ("edit_prompt", {"prompt": "a", "edits": edits}),
            ("comment_on_prompt", {"prompt": "a", "body": "Hm"}),
            ("reply_to_thread", {"thread_id": thread["id"], "body": "Hm"}),
        ):
            assert (await reader.call(tool, **given))["code"] == "forbidden"
        assert await text_of(reader, "a") == "x"

    async def test_another_workspaces_things_do_not_exist(self, agent, stranger, prompt):
        prompt_id = await prompt("a", "x")
        thread = await agent.call("comment_on_prompt", prompt="a", body="Hm")
        for tool, given in (
            ("read_prompt", {}),
            ("read_prompt", {"of": "production"}),
            ("list_versions", {}),
            ("list_threads", {}),
            ("comment_on_prompt", {"body": "Hm"}),
            ("edit_prompt", {"edits": [{"old_text": "x", "new_text": "y"}]}),
        ):
            for wanted in ("a", prompt_id):
                refused = await stranger.call(tool, prompt=wanted, **given)
                assert (refused["code"], refused["status"]) == ("prompt_not_found", 404), tool
        refused = await stranger.call("reply_to_thread", thread_id=thread["id"], body="Hm")
        assert refused["status"] == 404
        assert (await stranger.call("search_prompts"))["prompts"] == []
        assert await text_of(agent, "a") == "x"

    async def test_a_tool_that_is_none(self, agent):
        assert (await agent.call("drop_tables"))["code"] == "tool_not_found"
