"""Prompts of the protocol: what is released, with its arguments, filled in."""

from __future__ import annotations

import pytest

from app.domain.agents import catalogue

pytestmark = pytest.mark.anyio

TRIAGE = (
    '{{role "system"}}\nYou triage for {{shop}}.\n\n{{history}}\n\n{{role "user"}}\n'
    "Order {{order.id}}, {{count}} of {{limit}}, urgent: {{urgent}}\n"
)
VARIABLES = [
    {"name": "shop", "type": "string", "description": "Whose customers", "default": "Larkspur"},
    {"name": "count", "type": "number"},
    {"name": "limit", "type": "number", "default": 3},
    {"name": "urgent", "type": "boolean", "required": True},
]


class TestTheList:
    async def test_titles_descriptions_and_typed_arguments(self, agent, prompt):
        await prompt("support/triage", TRIAGE, description="Sorts", variables=VARIABLES)
        await prompt("draft-only", "x", label="staging")
        [found] = (await agent.ask("prompts/list"))["prompts"]
        assert (found["name"], found["title"]) == ("support/triage", "Title of support/triage")
        assert found["description"] == "Sorts"
        assert found["arguments"] == [
            {
                "name": "shop",
                "description": "Whose customers (string; default: Larkspur)",
                "required": False,
            },
            {"name": "count", "description": "(number)", "required": True},
            {"name": "limit", "description": "(number; default: 3)", "required": False},
            {"name": "urgent", "description": "(boolean)", "required": True},
            {"name": "order", "description": "(json)", "required": True},
        ]

    async def test_pages_and_labels(self, agent, prompt, monkeypatch):
        monkeypatch.setattr(catalogue, "PAGE", 2)
        for name in ("a", "b", "c"):
            await prompt(name, "x", label="staging")
        assert (await agent.ask("prompts/list"))["prompts"] == []
        agent.query = "?label=staging"
        first = await agent.ask("prompts/list")
        rest = await agent.ask("prompts/list", cursor=first["nextCursor"])
        names = [[one["name"] for one in page["prompts"]] for page in (first, rest)]
        assert (names, rest.get("nextCursor")) == ([["a", "b"], ["c"]], None)
        wrong = await agent.error("prompts/list", cursor="nonsense")
        assert (wrong["code"], wrong["data"]["code"]) == (-32602, "cursor_invalid")

    async def test_what_cannot_be_put_together_says_so(self, agent, prompt):
        agent.query = "?label=latest"
        await prompt("broken", "{{> nowhere}}", label="")
        [found] = (await agent.ask("prompts/list"))["prompts"]
        assert "nowhere" in found["description"]


class TestGetting:
    async def test_it_is_filled_in_by_type_with_what_it_includes(self, agent, prompt):
        await prompt("tone", "Be {{manner}}.", variables=[{"name": "manner", "default": "kind"}])
        await prompt("support/triage", TRIAGE + "{{> tone}}", variables=VARIABLES)
        given = {"count": "2", "urgent": "true", "order": '{"id": 7}'}
        found = await agent.ask("prompts/get", name="support/triage", arguments=given)
        said = [(one["role"], one["content"]["text"]) for one in found["messages"]]
        assert said == [
            ("user", "You triage for Larkspur."),
            ("user", "Order 7, 2 of 3, urgent: true\nBe kind."),
        ]
        about = found["_meta"]
        assert about["promptroom/roles"] == ["system", "user"]
        assert (about["promptroom/version"], about["promptroom/history"]) == (1, 1)

    async def test_wrong_and_missing_arguments_are_named(self, agent, prompt):
        await prompt("support/triage", TRIAGE, variables=VARIABLES)
        given = {"count": "many", "urgent": "perhaps", "order": "{", "colour": "red"}
        wrong = await agent.error("prompts/get", name="support/triage", arguments=given)
        assert (wrong["code"], wrong["data"]["code"]) == (-32602, "variables_invalid")
        named = [one["key"] for one in wrong["data"]["errors"]]
        assert named == [f"variables.{one}" for one in ("count", "urgent", "order", "colour")]
        missing = await agent.error("prompts/get", name="support/triage")
        named = [one["key"] for one in missing["data"]["errors"]]
        assert named == ["variables.count", "variables.urgent", "variables.order"]

    async def test_what_is_not_released_or_not_ones_own_is_not_there(self, agent, stranger, prompt):
        await prompt("mine", "Hello")
        for who, name in ((agent, "other"), (stranger, "mine")):
            refused = await who.error("prompts/get", name=name)
            assert (refused["code"], refused["data"]["code"]) == (-32602, "release_not_found")
        assert (await stranger.ask("prompts/list"))["prompts"] == []

    async def test_a_jinja_text_is_filled_in_by_its_own_renderer(self, agent, prompt):
        text = "{% for one in items %}{{ one.name }} {% endfor %}for {{ whom }}"
        variables = [{"name": "items", "type": "json"}]
        await prompt("loop", text, template_format="jinja", variables=variables)
        [listed] = (await agent.ask("prompts/list"))["prompts"]
        assert [one["name"] for one in listed["arguments"]] == ["items"]
        given = {"items": '[{"name": "a"}, {"name": "b"}]', "whom": "you"}
        found = await agent.ask("prompts/get", name="loop", arguments=given)
        assert found["messages"][0]["content"]["text"] == "a b for you"
