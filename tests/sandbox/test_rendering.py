"""Jinja as the server renders it, in a process of its own: what wants too much is cut there.

The same texts as a program renders them: tests/sdk/test_rendering.py.
"""

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


async def test_one_workspace_waits_for_itself_and_not_for_ever(monkeypatch):
    """With more in line than may wait the rest is told so at once; the others are answered."""
    monkeypatch.setattr(cells, "_MOST_WAITING", 3)
    jinja = Jinja()
    found = await asyncio.gather(*(answered(jinja, "{{ x }}") for _ in range(5)))
    assert sorted(map(str, found)) == ["[('user', 'abc')]"] * 3 + ["templates_busy"] * 2
    await jinja.close()
