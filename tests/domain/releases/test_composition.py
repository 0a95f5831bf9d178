"""Prompts that include prompts, bundles of them, and rendering over REST."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from app.domain.releases import bundling, composing, rendering, service
from app.domain.releases.composing import Piece, composed
from app.domain.releases.errors import ReferencesTooLarge
from app.domain.releases.selector import Selector
from tests.support.builders import a_key, a_workspace
from tests.support.counting import statements

pytestmark = pytest.mark.anyio


class TestComposition:
    async def test_a_reference_is_the_released_text_of_its_label(self, release, fetch):
        await release("house/tone", "Be kind.\n", "production")
        await release("house/tone", "Be blunt.", "staging")
        await release("house/tone", "Be odd.", "eu")
        await release("a", "{{> house/tone}} Hi. {{> house/tone@eu}} {{> house/tone@v1}}")
        got = (await fetch("a")).json()
        assert got["text"] == "Be kind. Hi. Be odd. Be kind."
        assert got["includes"] == [
            {"name": "house/tone", "version": 1, "label": "production"},
            {"name": "house/tone", "version": 3, "label": "eu"},
        ]
        await release("a", "{{> house/tone}}", "staging")
        assert (await fetch("a", "?label=staging")).json()["text"] == "Be blunt."

    async def test_without_the_label_asked_for_it_is_production(self, release, fetch):
        await release("tone", "Be kind.")
        await release("a", "{{> tone}}", "staging")
        assert (await fetch("a", "?label=staging")).json()["text"] == "Be kind."

    async def test_a_change_of_an_included_prompt_is_seen_at_once(self, release, fetch):
        await release("deep", "1")
        await release("mid", "<{{> deep}}>")
        await release("top", "[{{> mid}}]")
        await release("other", "o")
        first = await fetch("top")
        assert first.json()["text"] == "[<1>]"
        await release("deep", "2")
        again = await fetch("top", **{"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.json()["text"]) == (200, "[<2>]")

    async def test_roles_of_an_included_prompt_are_roles(self, release, fetch):
        await release("system", '{{role "system"}}\nBe kind.')
        await release("a", '{{> system}}\n\n{{role "user"}}\nHi')
        messages = (await fetch("a")).json()["messages"]
        assert [one["role"] for one in messages] == ["system", "user"]

    async def test_variables_come_along_and_the_own_ones_win(self, release, fetch):
        declared = [{"name": "x", "default": "theirs"}, {"name": "y", "default": "why"}]
        await release("part", "{{x}}{{y}}", variables=declared)
        await release("a", "{{> part}}", variables=[{"name": "x", "default": "mine"}])
        got = (await fetch("a")).json()["variables"]
        assert [(one["name"], one["default"]) for one in got] == [("x", "mine"), ("y", "why")]

    async def test_pinned_is_immutable_only_if_nothing_in_it_moves(self, release, fetch):
        await release("part", "p")
        await release("moves", "{{> part}}")
        await release("stays", "{{> part@1}}")
        for name, is_fixed in (("moves", False), ("stays", True)):
            control = (await fetch(name, "?version=1")).headers["Cache-Control"]
            assert ("immutable" in control) is is_fixed

    async def test_what_is_not_released_is_named_until_it_is(self, release, fetch):
        await release("a", "{{> missing@eu}}", unchecked=True)
        got = await fetch("a")
        assert (got.status_code, got.json()["code"]) == (409, "reference_unresolved")
        assert got.json()["reference"] == "missing"
        await release("missing", "here", "eu")
        assert (await fetch("a")).json()["text"] == "here"

    async def test_circles_and_depth_end_with_a_reason(self, release, fetch, monkeypatch):
        """What an import may bring, and what came before moves were checked."""
        await release("a", "{{> b}}", unchecked=True)
        await release("b", "{{> a}}", unchecked=True)
        got = await fetch("a")
        assert (got.status_code, got.json()["code"]) == (409, "reference_cycle")
        assert got.json()["chain"] == ["a", "b", "a"]
        monkeypatch.setattr(composing, "DEEPEST", 2)
        for number in range(4):
            text = f"{{{{> d/{number + 1}}}}}" if number < 3 else "end"
            await release(f"d/{number}", text, unchecked=True)
        assert (await fetch("d/1")).json()["text"] == "end"
        deep = (await fetch("d/0")).json()
        assert (deep["code"], deep["chain"]) == ("reference_cycle", ["d/0", "d/1", "d/2", "d/3"])

    async def test_growing_by_doubling_is_stopped(self, release, fetch, monkeypatch):
        monkeypatch.setattr(composing, "LONGEST", 500)
        await release("b0", "x" * 100)
        for number in range(3):
            await release(f"b{number + 1}", f"{{{{> b{number}}}}}" * 2, unchecked=True)
        assert (await fetch("b3")).json()["code"] == "references_too_large"

    @pytest.mark.parametrize(
        "texts",
        [
            ["", "{{> 0}}" * 50, "{{> 1}}" * 50, "{{> 2}}" * 50],
            ["", *[f"{{{{>{' ' * 1_500_000}0}}}}"] * 3, "{{> 1}}{{> 2}}{{> 3}}"],
            ["", f"{{{{>{' ' * 1_500_000}0}}}}", "{{> 1}}" * 3],
        ],
        ids=["places", "sources", "one source again"],
    )
    async def test_what_comes_to_nothing_is_work_all_the_same(self, texts):
        pieces = [
            Piece(UUID(int=number), str(number), 1, "production", text, [])
            for number, text in enumerate(texts)
        ]

        async def find(wanted):
            return {one: pieces[int(one[0])] for one in wanted}

        with pytest.raises(ReferencesTooLarge):
            await composed(pieces[-1], Selector(), find)


class TestBundle:
    async def test_everything_under_a_label_in_pages(self, client, key, release):
        for name in ("c", "a", "b"):
            await release(name, name.upper(), "eu")
        await release("z", "Z")
        url = "/api/v1/bundle?label=eu&limit=2"
        first = await client.get(url, headers=key.headers)
        assert [one["text"] for one in first.json()["items"]] == ["A", "B"]
        rest = await client.get(f"{url}&cursor={first.json()['next_cursor']}", headers=key.headers)
        assert [one["text"] for one in rest.json()["items"]] == ["C"]
        assert rest.json()["next_cursor"] is None
        known = key.headers | {"If-None-Match": first.headers["ETag"]}
        assert (await client.get(url, headers=known)).status_code == 304
        latest = await client.get("/api/v1/bundle?label=latest", headers=key.headers)
        assert [one["name"] for one in latest.json()["items"]] == ["a", "b", "c", "z"]

    async def test_a_page_holds_as_much_as_one_answer_may(self, client, key, release, monkeypatch):
        """A hundred of the longest texts would be a gigabyte of memory."""
        monkeypatch.setattr(bundling, "PAGE_SIZE", 1000)
        await release("part", "p" * 900, "piece")
        for name in ("a", "b"):
            await release(name, name * 600)
        for name in ("c", "d", "e"):
            await release(name, "{{> part@piece}}")
        pages, cursor = [], ""
        while cursor is not None:
            url = f"/api/v1/bundle?limit=100{cursor and f'&cursor={cursor}'}"
            got = (await client.get(url, headers=key.headers)).json()
            pages.append([one["name"] for one in got["items"]])
            cursor = got["next_cursor"]
        assert pages == [["a"], ["b"], ["c"], ["d"], ["e"]]

    async def test_one_that_cannot_be_put_together_does_not_hide_the_others(
        self, client, key, release
    ):
        await release("a", "{{> missing}}", unchecked=True)
        await release("b", "fine")
        got = (await client.get("/api/v1/bundle", headers=key.headers)).json()
        assert [one["name"] for one in got["items"]] == ["b"]
        assert [(one["name"], one["code"]) for one in got["failed"]] == [
            ("a", "reference_unresolved")
        ]

    async def test_more_prompts_cost_no_more_statements(self, app, client, key, release):
        await release("part", "p")
        costs = []
        for number in range(4):
            await release(f"a/{number}", "{{> part}}")
            with statements(app.state.database, of_requests=True) as seen:
                await client.get("/api/v1/bundle", headers=key.headers)
            costs.append(len(seen))
        assert costs[1] == costs[-1] > 0

    async def test_nothing_of_another_workspace(self, client, database, release):
        await release("a")
        other = await a_key(database, await a_workspace(database, "Other"))
        got = await client.get("/api/v1/bundle", headers=other.headers)
        assert got.json()["items"] == []


class TestChangesAsAList:
    async def test_what_was_missed_or_that_too_much_was(self, client, key, release):
        await release("a")
        first = (await client.get("/api/v1/changes", headers=key.headers)).json()
        assert (first["items"], first["is_complete"]) == ([], True)
        await release("a", "Two")
        sent = key.headers | {"Last-Event-ID": first["last_event_id"]}
        then = (await client.get("/api/v1/changes", headers=sent)).json()
        told = [(one["kind"], one["name"], one["version"]) for one in then["items"]]
        assert told == [("version.published", "a", 2), ("label.moved", "a", 2)]
        sent["Last-Event-ID"] = "1-00000000"
        lost = (await client.get("/api/v1/changes", headers=sent)).json()
        assert (lost["items"], lost["is_complete"]) == ([], False)


class TestRender:
    async def test_a_released_text_filled_in(self, client, key, release):
        await release("part", "{{n}}")
        await release("a/b", "{{> part}} {{who}}", variables=[{"name": "n", "type": "number"}])
        url = "/api/v1/fetch/a/b/render"
        body = {"variables": {"n": 3, "who": "you"}}
        got = await client.post(url, headers=key.headers, json=body)
        assert got.status_code == 200
        assert got.json()["messages"] == [{"role": "user", "content": "3 you"}]
        wrong = await client.post(url, headers=key.headers, json={"variables": {"n": "3"}})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "variables_invalid")
        named = {one["key"] for one in wrong.json()["errors"]}
        assert named == {"variables.n", "variables.who"}

    async def test_a_long_text_is_filled_in_beside_the_loop(
        self, client, key, release, monkeypatch
    ):
        """Two megabytes of variables took it for more than a second from everybody."""
        beside = []

        def noted(*arguments):
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                beside.append(len(arguments[0]))
            return rendering.rendered(*arguments)

        monkeypatch.setattr(service, "rendered", noted)
        await release("short", "{{a}}")
        await release("long", "{{a}}" * 20_000)
        for name, times in (("short", 1), ("long", 20_000)):
            url = f"/api/v1/fetch/{name}/render"
            got = await client.post(url, headers=key.headers, json={"variables": {"a": "x"}})
            assert got.json()["messages"][0]["content"] == "x" * times
        assert beside == [100_000]

    async def test_what_is_not_there_is_not_rendered(self, client, key, release):
        await release("a")
        for path, status in (("a", 200), ("a/render", 200), ("b/render", 404)):
            got = await client.post(f"/api/v1/fetch/{path}", headers=key.headers, json={})
            assert got.status_code == status
