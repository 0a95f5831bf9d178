"""Prompts over REST, as product.md describes them."""

from __future__ import annotations

import pytest

from app.domain.prompts.service import Details, Prompts
from tests.support.builders import a_key, a_prompt, a_workspace, as_member

pytestmark = pytest.mark.anyio
URL = "/api/v1/prompts"
NOBODYS = "0197a3c2-6a53-7cc1-9d8b-2f6f4f7d1e11"


@pytest.fixture
async def place(database):
    return await a_workspace(database)


@pytest.fixture
async def key(database, place):
    return await a_key(database, place)


class TestCreating:
    async def test_a_prompt_with_text_answers_201_and_where_it_is(self, client, key):
        response = await client.post(
            URL, headers=key.headers, json={"name": "support/refund-triage", "text": "Hi {{name}}"}
        )
        assert response.status_code == 201
        made = response.json()
        assert made["name"] == "support/refund-triage"
        assert made["title"] == "Refund triage"
        assert made["text"] == "Hi {{name}}"
        assert made["messages"] == [{"role": "user", "content": "Hi {{name}}"}]
        assert made["room"]["url"] == f"ws://promptroom.test/rooms/{made['room']['id']}"
        assert response.headers["Location"] == f"{URL}/{made['id']}"
        assert (made["version"], made["labels"], made["archived"]) == (None, {}, False)

    async def test_messages_become_text_with_role_lines(self, client, key):
        body = {
            "name": "a",
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "history"},
                {"role": "model", "content": "Yes?"},
            ],
        }
        made = (await client.post(URL, headers=key.headers, json=body)).json()
        assert made["text"] == (
            '{{role "system"}}\nBe kind.\n\n{{history}}\n\n{{role "assistant"}}\nYes?'
        )
        assert [one["role"] for one in made["messages"]] == ["system", "history", "assistant"]

    async def test_settings_details_and_tags_are_kept(self, client, key):
        body = {
            "name": "a/b",
            "title": " Refunds  today ",
            "description": "What it does",
            "folder": "Support",
            "tags": ["Refunds", "#support", "refunds"],
            "config": {"model": "m-1", "temperature": 0.2, "seed": 7},
            "variables": [{"name": "ticket"}, {"name": "limit", "type": "number", "default": 5}],
        }
        made = (await client.post(URL, headers=key.headers, json=body)).json()
        again = (await client.get(f"{URL}/{made['id']}", headers=key.headers)).json()
        assert again == made
        assert again["title"] == "Refunds today"
        assert again["tags"] == ["refunds", "support"]
        assert again["config"] == body["config"]
        assert again["variables"] == [
            {
                "name": "ticket",
                "type": "string",
                "required": True,
                "default": None,
                "description": "",
            },
            {"name": "limit", "type": "number", "required": False, "default": 5, "description": ""},
        ]

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"name": "Bad Name"}, 422, "prompt_invalid"),
            ({"name": "a//b"}, 422, "prompt_invalid"),
            ({"name": "../etc"}, 422, "prompt_invalid"),
            ({"name": "x" * 256}, 422, "prompt_invalid"),
            ({}, 422, "invalid"),
            ({"name": "a", "txt": "typo"}, 422, "invalid"),
            ({"name": "a", "text": "x", "messages": []}, 422, "prompt_invalid"),
            ({"name": "a", "text": "NUL \x00"}, 422, "prompt_text_invalid"),
            ({"name": "a", "messages": [{"role": "robot", "content": ""}]}, 422, "invalid"),
            ({"name": "a", "messages": [{"role": "history", "content": "x"}]}, 422, "prompt_invalid"),
            ({"name": "a", "config": {"temperature": 3}}, 422, "prompt_invalid"),
            ({"name": "a", "config": {"max_tokens": 0}}, 422, "prompt_invalid"),
            ({"name": "a", "variables": [{"name": "9x"}]}, 422, "prompt_invalid"),
            ({"name": "a", "variables": [{"name": "x", "type": "number", "default": "y"}]}, 422, "prompt_invalid"),
            ({"name": "a", "variables": [{"name": "x"}, {"name": "x"}]}, 409, "variable_taken"),
            ({"name": "a", "tags": ["a,b"]}, 422, "prompt_invalid"),
            ({"name": "a", "text": "x" * (2 * 1024 * 1024 + 1)}, 413, "room_text_too_large"),
        ],
    )  # fmt: skip
    async def test_what_cannot_be_used_is_refused_with_a_code(
        self, client, key, body, status, code
    ):
        response = await client.post(URL, headers=key.headers, json=body)
        assert (response.status_code, response.json()["code"]) == (status, code)
        assert response.headers["content-type"] == "application/problem+json"

    async def test_a_taken_name_is_a_conflict(self, client, key):
        await client.post(URL, headers=key.headers, json={"name": "a"})
        response = await client.post(URL, headers=key.headers, json={"name": "a"})
        assert (response.status_code, response.json()["code"]) == (409, "prompt_name_taken")

    async def test_another_workspace_may_use_the_same_name(self, client, database, key):
        other = await a_key(database, await a_workspace(database, "Elsewhere"))
        for headers in (key.headers, other.headers):
            response = await client.post(URL, headers=headers, json={"name": "a"})
            assert response.status_code == 201

    async def test_a_key_that_reads_cannot_create(self, client, database, place):
        reader = await a_key(database, place, "read")
        response = await client.post(URL, headers=reader.headers, json={"name": "a"})
        assert (response.status_code, response.json()["code"]) == (403, "forbidden")


class TestChanging:
    async def test_only_what_is_given_changes(self, client, database, place, key):
        made = await a_prompt(database, place, title="Before", tags=("one",), text="Hi")
        response = await client.patch(
            f"{URL}/{made.id}", headers=key.headers, json={"title": "After"}
        )
        changed = response.json()
        assert response.status_code == 200
        assert (changed["title"], changed["tags"], changed["text"]) == ("After", ["one"], "Hi")

    async def test_a_new_text_is_an_edit_of_the_live_document(self, client, database, place, key):
        made = await a_prompt(database, place, text="Be kind.")
        response = await client.patch(
            f"{URL}/{made.id}",
            headers=key.headers,
            json={"messages": [{"role": "user", "content": "Be polite."}]},
        )
        assert response.json()["text"] == "Be polite."
        again = await client.get(f"{URL}/{made.id}", headers=key.headers)
        assert again.json()["text"] == "Be polite."

    async def test_with_its_base_a_text_takes_nothing_from_others(
        self, client, database, place, key
    ):
        made = await a_prompt(database, place, title="Prompt", text="Be kind.")
        url = f"{URL}/{made.id}"
        await client.patch(url, headers=key.headers, json={"text": "Be very kind."})
        body = {"text": "Be kind. Be brief.", "base": "Be kind."}
        changed = await client.patch(url, headers=key.headers, json=body)
        assert (changed.status_code, changed.json()["text"]) == (200, "Be very kind. Be brief.")
        await client.patch(url, headers=key.headers, json={"text": "Translate this."})
        gone = await client.patch(url, headers=key.headers, json=body)
        assert (gone.status_code, gone.json()["code"]) == (409, "prompt_base_gone")
        assert gone.json()["text"] == "Translate this."
        for wrong in ({"base": "x"}, body | {"title": "All or nothing"}):
            answer = await client.patch(url, headers=key.headers, json=wrong)
            assert (answer.status_code, answer.json()["code"]) == (422, "prompt_invalid")
        again = (await client.get(url, headers=key.headers)).json()
        assert (again["text"], again["title"]) == ("Translate this.", "Prompt")

    @pytest.mark.parametrize(
        ("meanwhile", "beside", "status", "text"),
        [
            ("Be very kind.", {}, 200, "Be very kind. Be brief."),
            ("Be very kind.", {"title": "T"}, 200, "Be very kind. Be brief."),
            ("Translate this.", {}, 409, "Translate this."),
            ("Translate this.", {"title": "T"}, 409, "Translate this."),
        ],
    )
    async def test_with_a_condition_a_text_is_an_edit_of_what_that_is_about(
        self, client, app, database, place, key, monkeypatch, meanwhile, beside, status, text
    ):
        """Somebody types between the look at the condition and the edit."""
        made = await a_prompt(database, place, title="Prompt", text="Be kind.")
        url = f"{URL}/{made.id}"
        etag = (await client.get(url, headers=key.headers)).headers["ETag"]
        hub, revise = app.state.hub, app.state.hub.revise

        async def overtaken(room_id, plan, actor):
            await hub.rewrite(room_id, meanwhile, "user:somebody")
            return await revise(room_id, plan, actor)

        monkeypatch.setattr(hub, "revise", overtaken)
        body = {"text": "Be kind. Be brief."} | beside
        sent = await client.patch(url, headers=key.headers | {"If-Match": etag}, json=body)
        assert sent.status_code == status
        now = (await client.get(url, headers=key.headers)).json()
        title = beside.get("title", "Prompt") if status == 200 else "Prompt"
        assert (now["text"], now["title"]) == (text, title)

    @pytest.mark.parametrize(
        ("typed", "text"),
        [
            ("", "Be kind."),
            ("Hello! Be kind. Be brief.", "Hello! Be kind."),
            # They have gone on from what this call wrote for a moment: it is theirs.
            ("Translate this.", "Translate this."),
        ],
    )
    async def test_with_a_condition_text_and_details_are_changed_together_or_not_at_all(
        self, client, app, database, place, key, monkeypatch, typed, text
    ):
        """Somebody gives it another title between the edit of the text and that of the title."""
        made = await a_prompt(database, place, title="Prompt", text="Be kind.")
        url = f"{URL}/{made.id}"
        etag = (await client.get(url, headers=key.headers)).headers["ETag"]
        hub, revise = app.state.hub, app.state.hub.revise
        owner = await as_member(database, place, place.owner)

        async def then_somebody_comes(room_id, plan, actor):
            done = await revise(room_id, plan, actor)
            monkeypatch.setattr(hub, "revise", revise)
            async with database.transaction() as tx:
                await Prompts(tx, owner, hub).change(made.id, Details(title="Theirs"))
            if typed:
                await hub.rewrite(room_id, typed, "user:somebody")
            return done

        monkeypatch.setattr(hub, "revise", then_somebody_comes)
        body = {"text": "Be kind. Be brief.", "title": "Mine"}
        sent = await client.patch(url, headers=key.headers | {"If-Match": etag}, json=body)
        assert (sent.status_code, sent.json()["code"]) == (412, "precondition_failed")
        now = (await client.get(url, headers=key.headers)).json()
        assert (now["text"], now["title"]) == (text, "Theirs")

    async def test_what_the_database_would_refuse_is_refused_before_the_text_is_touched(
        self, client, app, database, place, key, monkeypatch
    ):
        made = await a_prompt(database, place, "a", text="Be kind.")
        await a_prompt(database, place, "b")
        url = f"{URL}/{made.id}"
        etag = (await client.get(url, headers=key.headers)).headers["ETag"]

        async def revise(*_):
            raise AssertionError("the room was asked")

        monkeypatch.setattr(app.state.hub, "revise", revise)
        for wrong, code in (
            ({"name": "b"}, "prompt_name_taken"),
            ({"title": ""}, "prompt_invalid"),
        ):
            body = {"text": "Be kind. Be brief."} | wrong
            sent = await client.patch(url, headers=key.headers | {"If-Match": etag}, json=body)
            assert sent.json()["code"] == code
        again = await client.get(url, headers=key.headers)
        assert again.headers["ETag"] == etag

    async def test_one_message_is_read_and_changed(self, client, database, place, key):
        text = '{{role "system"}}\nBe kind.\n\n{{role "user"}}\nHello'
        url = f"{URL}/{(await a_prompt(database, place, text=text)).id}/messages"
        listed = (await client.get(url, headers=key.headers)).json()["items"]
        assert listed == [
            {"index": 0, "role": "system", "content": "Be kind."},
            {"index": 1, "role": "user", "content": "Hello"},
        ]
        body = {"content": "Hello {{name}}", "base": "Hello", "role": "model"}
        changed = await client.patch(f"{url}/1", headers=key.headers, json=body)
        expected = {"index": 1, "role": "assistant", "content": "Hello {{name}}"}
        assert (changed.status_code, changed.json()) == (200, expected)
        assert (await client.get(f"{url}/1", headers=key.headers)).json() == expected
        missing = await client.get(f"{url}/2", headers=key.headers)
        assert (missing.status_code, missing.json()["code"]) == (404, "prompt_message_not_found")
        gone = await client.patch(
            f"{url}/1", headers=key.headers, json={"content": "a c", "base": "a b c"}
        )
        assert (gone.status_code, gone.json()["code"]) == (409, "prompt_base_gone")
        assert gone.json()["message"] == expected
        large = {"content": "x" * (2 * 1024 * 1024), "base": "Hello"}
        refused = await client.patch(f"{url}/1", headers=key.headers, json=large)
        assert refused.status_code in (409, 413)

    async def test_config_is_merged_and_null_takes_a_key_out(self, client, database, place, key):
        made = await a_prompt(database, place, config={"model": "m", "top_p": 0.5, "seed": 1})
        body = {"config": {"temperature": 1, "seed": None}}
        changed = (await client.patch(f"{URL}/{made.id}", headers=key.headers, json=body)).json()
        assert changed["config"] == {"model": "m", "top_p": 0.5, "temperature": 1}

    async def test_an_archived_prompt_leaves_the_list_and_comes_back(
        self, client, database, place, key
    ):
        made = await a_prompt(database, place)
        url = f"{URL}/{made.id}"
        assert (await client.delete(url, headers=key.headers)).status_code == 204
        assert (await client.get(URL, headers=key.headers)).json()["items"] == []
        archived = await client.get(URL, headers=key.headers, params={"archived": "true"})
        assert [one["id"] for one in archived.json()["items"]] == [str(made.id)]
        await client.patch(url, headers=key.headers, json={"archived": False})
        assert len((await client.get(URL, headers=key.headers)).json()["items"]) == 1

    async def test_a_name_can_change_unless_it_is_taken(self, client, database, place, key):
        made = await a_prompt(database, place, "a")
        await a_prompt(database, place, "b")
        taken = await client.patch(f"{URL}/{made.id}", headers=key.headers, json={"name": "b"})
        assert taken.json()["code"] == "prompt_name_taken"
        moved = await client.patch(f"{URL}/{made.id}", headers=key.headers, json={"name": "c"})
        assert moved.json()["name"] == "c"


class TestListing:
    async def test_the_last_edited_comes_first_and_pages_follow_on(
        self, client, database, place, key
    ):
        for number in range(5):
            await a_prompt(database, place, f"p{number}")
        seen, url = [], f"{URL}?limit=2"
        while url:
            response = await client.get(url, headers=key.headers)
            seen += [one["name"] for one in response.json()["items"]]
            link = response.headers.get("Link", "")
            url = link[1 : link.index(">")] if link else ""
            assert bool(response.json()["next_cursor"]) == bool(url)
        assert seen == ["p4", "p3", "p2", "p1", "p0"]

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ({"q": "REFUND"}, ["a/refunds"]),
            ({"q": "order late"}, ["b/orders"]),
            ({"q": "100%"}, []),
            ({"q": "nothing"}, []),
            ({"tag": "money"}, ["a/refunds"]),
            ({"folder": "Shop"}, ["b/orders"]),
            ({"label": "production"}, []),
            ({"label": "draft"}, ["b/orders", "a/refunds"]),
            ({"owner": NOBODYS}, []),
        ],
    )
    async def test_filters_narrow_the_list(self, client, database, place, key, query, names):
        await a_prompt(database, place, "a/refunds", tags=("money",), folder="Support")
        await a_prompt(database, place, "b/orders", description="Late order", folder="Shop")
        response = await client.get(URL, headers=key.headers, params=query)
        assert [one["name"] for one in response.json()["items"]] == names

    async def test_lists_show_no_text(self, client, database, place, key):
        await a_prompt(database, place, text="secret plan")
        response = await client.get(URL, headers=key.headers)
        assert "secret plan" not in response.text

    @pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=nonsense", "owner=me"])
    async def test_a_bad_page_is_refused(self, client, key, query):
        response = await client.get(f"{URL}?{query}", headers=key.headers)
        assert response.status_code == 422


class TestTickets:
    async def test_a_ticket_opens_the_room_for_a_minute(self, client, app, database, place, key):
        made = await a_prompt(database, place)
        response = await client.post(f"/api/v1/rooms/{made.room_id}/tickets", headers=key.headers)
        assert response.status_code == 201
        ticket = response.json()
        assert ticket["expires_in"] == 60
        assert (
            ticket["url"] == f"ws://promptroom.test/rooms/{made.room_id}?ticket={ticket['ticket']}"
        )
        claim = app.state.tickets.redeem(made.room_id, ticket["ticket"])
        assert claim.actor == f"key:{key.id}"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/v1/prompts/{id}", None),
        ("PATCH", "/api/v1/prompts/{id}", {"title": "x"}),
        ("PATCH", "/api/v1/prompts/{id}", {"text": "x"}),
        ("DELETE", "/api/v1/prompts/{id}", None),
        ("POST", "/api/v1/rooms/{room}/tickets", None),
        ("GET", "/api/v1/prompts/{id}/versions", None),
        ("POST", "/api/v1/prompts/{id}/versions", {"message": "x"}),
        ("GET", "/api/v1/prompts/{id}/versions/1", None),
        ("GET", "/api/v1/prompts/{id}/diff", None),
        ("POST", "/api/v1/prompts/{id}/restore", {"version": 1}),
        ("GET", "/api/v1/prompts/{id}/labels/production", None),
        ("PUT", "/api/v1/prompts/{id}/labels/production", {"version": 1}),
        ("DELETE", "/api/v1/prompts/{id}/labels/production", None),
        ("GET", "/api/v1/fetch/{name}", None),
    ],
)
async def test_another_workspaces_prompt_does_not_exist(
    client, database, place, method, path, body
):
    made = await a_prompt(database, place, text="secret plan")
    stranger = await a_key(database, await a_workspace(database, "Elsewhere"), "admin")
    url = path.format(id=made.id, room=made.room_id, name=made.name)
    response = await client.request(method, url, headers=stranger.headers, json=body)
    unknown = path.format(id=NOBODYS, room=NOBODYS, name="no/such")
    nothing = await client.request(method, unknown, headers=stranger.headers, json=body)
    assert response.status_code == nothing.status_code == 404
    assert response.json()["code"] == nothing.json()["code"]
