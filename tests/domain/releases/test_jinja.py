"""Jinja prompts over HTTP, from writing one to rendering it."""

from __future__ import annotations

from tests.sandbox.hostile import ENDLESS


class TestOverHttp:
    """From writing it to rendering it, through the API."""

    async def test_it_is_kept_with_each_version_and_rendered_as_it_was_written(
        self, client, key, release
    ):
        made = await release("a", "{{ x|upper }}", template_format="jinja")
        url = f"/api/v1/prompts/{made.id}"
        assert (await client.get(url, headers=key.headers)).json()["template_format"] == "jinja"
        body = {"template_format": "mustache", "text": "{{x}}"}
        changed = await client.patch(url, headers=key.headers, json=body)
        assert changed.json()["template_format"] == "mustache"
        await release("a", "{{x}}", "staging")
        asked = {"headers": key.headers, "json": {"variables": {"x": "hi"}}}
        told = [
            (await client.post(f"/api/v1/fetch/a/render?label={label}", **asked)).json()
            for label in ("production", "staging")
        ]
        assert [one["messages"][0]["content"] for one in told] == ["HI", "hi"]
        first = await client.get(f"{url}/versions/1", headers=key.headers)
        assert first.json()["template_format"] == "jinja"
        diff = (await client.get(f"{url}/diff?from=1&to=2", headers=key.headers)).json()
        assert diff["settings"] == [{"field": "template_format", "old": "jinja", "new": "mustache"}]
        restored = await client.post(f"{url}/restore", headers=key.headers, json={"version": 1})
        assert restored.json()["template_format"] == "jinja"

    async def test_what_cannot_be_read_is_not_published(self, client, key, release):
        made = await release("a", "One", template_format="jinja")
        url = f"/api/v1/prompts/{made.id}"
        text = '{{role "user"}}\n{{> other@staging}}\n{% if %}'
        await client.patch(url, headers=key.headers, json={"text": text})
        refused = await client.post(f"{url}/versions", headers=key.headers, json={"message": "m"})
        assert (refused.status_code, refused.json()["code"]) == (422, "template_invalid")
        assert refused.json()["line"] == 3

    async def test_a_missing_variable_and_an_endless_text_are_a_clear_422(
        self, client, key, release
    ):
        await release("a", "{{ x }}{{ y.z }}", template_format="jinja")
        await release("b", ENDLESS[0], template_format="jinja")
        render = "/api/v1/fetch/{}/render"
        missing = await client.post(render.format("a"), headers=key.headers, json={})
        assert missing.status_code == 422
        assert [one["key"] for one in missing.json()["errors"]] == ["variables.x", "variables.y"]
        late = await client.post(render.format("b"), headers=key.headers, json={})
        assert (late.status_code, late.json()["code"]) == (422, "template_too_costly")

    async def test_what_includes_what(self, client, key, release, fetch):
        await release("plain", "Be {{tone}}. {% not a tag %}")
        await release("jinja", "{{ tone|upper }}", template_format="jinja")
        await release("whole", "{{> plain}} {{> jinja}}", template_format="jinja")
        await release("other", "{{> jinja}}", unchecked=True)
        body = {"variables": {"tone": "kind"}}
        found = await client.post("/api/v1/fetch/whole/render", headers=key.headers, json=body)
        assert found.json()["messages"][0]["content"] == "Be kind. {% not a tag %} KIND"
        refused = await fetch("other")
        assert (refused.status_code, refused.json()["code"]) == (409, "reference_format")
