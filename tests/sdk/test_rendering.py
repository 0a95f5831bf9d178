"""Rendering in the program gives what the server gives: the same corpus."""

from __future__ import annotations

import sys

import pytest

from app.domain.prompts import template
from app.sdk import JinjaMissing, Message, RenderFailed, Variable
from app.sdk.types import Prompt
from tests.sandbox.corpus import CASES
from tests.sandbox.hostile import REFUSED, VALUES

CUT_BY_THE_PROCESS = ("template_too_costly",)  # what only a process with limits can cut


def prompt(text, declared=(), form="jinja"):
    messages = tuple(Message(one.role, one.content) for one in template.messages_of(text))
    variables = tuple(Variable(**one) for one in declared)
    return Prompt(name="a", text=text, messages=messages, variables=variables, template_format=form)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[1][:40])
def test_the_corpus(case):
    form, text, declared, given, expected = case
    one = prompt(text, declared, form)
    if all(isinstance(name, str) for name in expected):
        with pytest.raises(RenderFailed) as failed:
            one.render(**given)
        assert list(failed.value.problems) == expected
        return
    place = [Message("history", "")]  # so that the mark is seen in what comes out
    assert [(m.role, m.content) for m in one.render(place, **given)] == expected


@pytest.mark.parametrize(
    "text", [text for text, code in REFUSED.items() if code not in CUT_BY_THE_PROCESS]
)
def test_the_sandbox_is_the_servers(text):
    with pytest.raises(RenderFailed):
        prompt(text).render(**VALUES)


def test_only_plain_values_go_in():
    with pytest.raises(RenderFailed) as failed:
        prompt("{{ a }}").render(a=sys)
    assert failed.value.problems == {"a": "has to be a JSON value"}


def test_without_jinja2_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "app.sandbox.rendering", None)
    with pytest.raises(JinjaMissing, match="promptroom\\[sdk\\]"):
        prompt("{{ a }}").render(a=1)
    assert prompt("{{a}}", form="mustache").render(a="x") == [Message("user", "x")]
