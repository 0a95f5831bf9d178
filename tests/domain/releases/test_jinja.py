"""Jinja prompts: rendered in a process of their own, and what wants too much is cut there."""

from __future__ import annotations

import asyncio
import time
from uuid import UUID

import pytest

from app.domain.prompts import template
from app.domain.prompts.jinja import Jinja
from app.domain.releases.errors import RenderedTooLarge, VariablesInvalid
from app.domain.releases.rendering import rendered, rendered_jinja
from app.errors import AppError
from app.kit import cells
from app.sandbox import marks
from tests.sandbox.corpus import CASES
from tests.sandbox.hostile import ENDLESS, REFUSED, VALUES

ASKER, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture(scope="module")
def loop_of_module():
    """The cells outlive a test: starting one takes as long as all of the corpus."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(scope="module")
def jinja(loop_of_module):
    made = Jinja()
    yield made
    loop_of_module.run_until_complete(made.close())


@pytest.fixture
def run(loop_of_module):
    return loop_of_module.run_until_complete


async def answered(jinja, text, values=VALUES, asker=ASKER):
    try:
        return [(m.role, m.content) for m in await rendered_jinja(jinja, asker, text, (), values)]
    except AppError as error:
        return error.code


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[1][:40])
def test_the_corpus(run, jinja, case):
    form, text, declared, given, expected = case

    def found():
        if form == "mustache":
            return rendered(text, declared, given)
        return run(rendered_jinja(jinja, ASKER, text, declared, given))

    if all(isinstance(one, str) for one in expected):
        with pytest.raises(VariablesInvalid) as refusal:
            found()
        assert [name.removeprefix("variables.") for name in refusal.value.fields] == expected
    else:
        assert [(one.role, one.content) for one in found()] == expected


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:50])
def test_what_wants_too_much_is_refused(run, jinja, text):
    assert run(answered(jinja, text)) == REFUSED[text]


def test_what_has_no_end_is_ended_while_others_are_served(run, jinja):
    """One endless text holds one cell; the loop is free, and another workspace has the other."""

    async def both():
        begun = time.perf_counter()
        endless = [asyncio.create_task(answered(jinja, one)) for one in ENDLESS]
        served = 0
        while not all(task.done() for task in endless):
            assert await answered(jinja, "Hi {{ x }}", asker=OTHER) == [("user", "Hi abc")]
            served += 1
        return served, [task.result() for task in endless], time.perf_counter() - begun

    served, ends, took = run(both())
    assert ends == ["template_too_costly"] * len(ENDLESS)
    assert served > 10
    assert took < 2.5 * len(ENDLESS)
    assert run(answered(jinja, "{{ x }}")) == [("user", "abc")]  # and the next one is answered


def test_whoever_no_longer_waits_leaves_no_cell_behind(run, jinja):
    async def leave():
        task = asyncio.create_task(answered(jinja, ENDLESS[0]))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await answered(jinja, "{{ x }}")

    assert run(leave()) == [("user", "abc")]


def test_lines_are_told(run, jinja):
    with pytest.raises(AppError) as syntax:
        run(rendered_jinja(jinja, ASKER, '{{role "user"}}\nA\n{% for %}', (), {}))
    assert (syntax.value.extra["line"], syntax.value.status) == (3, 422)
    with pytest.raises(VariablesInvalid) as part:
        run(rendered_jinja(jinja, ASKER, "A\n\n{{ a.b.c }}", (), {"a": {"b": {}}}))
    assert part.value.detail.startswith("Line 3: ")
    with pytest.raises(AppError) as inline:
        run(rendered_jinja(jinja, ASKER, "A\nB {{history}}", (), {}))
    assert (inline.value.code, inline.value.extra["line"]) == ("template_invalid", 2)


def test_values_are_bounded_in_depth_and_in_length(run, jinja, monkeypatch):
    deep = []
    for _ in range(70):
        deep = [deep]
    with pytest.raises(VariablesInvalid):
        run(rendered_jinja(jinja, ASKER, "{{ a }}", (), {"a": deep}))
    with pytest.raises(RenderedTooLarge):
        run(rendered_jinja(jinja, ASKER, "{{ a }}{{ a }}", (), {"a": "x" * 3 * 1024 * 1024}))


@pytest.mark.parametrize(
    "text",
    [
        "{{role \"system\"}}\nA\n\n{{history}}\nB\n{{ role  'model' }}  \nC",
        'A {{role "user"}}\n \t{{history}}\t\n\\{{role "user"}}\nB',
        '{{role "user"}}\n{{role "system"}}',
        "\n\n",
    ],
)
def test_marks_are_those_of_the_other_grammar(text):
    found = marks.Marked(text)
    expected = [(one.role, one.content.strip("\n")) for one in template.messages_of(text)]
    assert found.messages(found.source) == expected


def test_a_mustache_text_says_the_same_in_jinja(run, jinja):
    text = 'A {{x}} {% if %} {# c #} \\{{x}} {{ no such }} {{{x}}}\n\n{{role "user"}}\n{{x}}{%'
    same = [(one.role, one.content.strip("\n")) for one in rendered(text, (), {"x": "{{y}}"})]
    assert run(answered(jinja, template.as_jinja(text), {"x": "{{y}}"})) == same


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


async def test_one_workspace_waits_for_itself_and_not_for_ever(monkeypatch):
    """With more in line than may wait the rest is told so at once; the others are answered."""
    monkeypatch.setattr(cells, "_MOST_WAITING", 3)
    jinja = Jinja()
    found = await asyncio.gather(*(answered(jinja, "{{ x }}") for _ in range(5)))
    assert sorted(map(str, found)) == ["[('user', 'abc')]"] * 3 + ["templates_busy"] * 2
    await jinja.close()
