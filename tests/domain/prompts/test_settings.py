"""Config and variables: field by field, checked, and typed by people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.prompts import policy, settings, typed
from app.domain.prompts.errors import (
    PromptInvalid,
    SettingUnknown,
    TextInvalid,
    VariableNotFound,
    VariableTaken,
)
from app.domain.prompts.settings import JINJA, Settings

JSON = st.recursive(
    st.booleans() | st.integers(-(10**6), 10**6) | st.text('ab"\\ {}é', max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=2)
    ),
    max_leaves=5,
)


class TestConfig:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("model", "m"), ("temperature", 0), ("temperature", 2), ("temperature", 0.7),
            ("max_tokens", 1), ("tools", []), ("tools", [{"a": 1}]), ("response_schema", {}),
            ("top_p", 1), ("stop", "END"), ("stop", ["a", "b"]), ("seed", 7), ("x-y.z_1", {"a": [1]}),
        ],
    )  # fmt: skip
    def test_values_that_fit_are_taken(self, key, value):
        assert settings.with_config({}, {key: value}) == {key: value}

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("model", ""), ("model", 3), ("model", "x" * 201), ("temperature", -0.1),
            ("temperature", True), ("temperature", "1"), ("temperature", float("nan")),
            ("max_tokens", 0), ("max_tokens", 1.5), ("max_tokens", True), ("tools", {}),
            ("tools", ["x"]), ("response_schema", []), ("top_p", 1.1), ("stop", []),
            ("stop", [1]), ("stop", ""), ("", 1), ("a b", 1), ("x", "\x00"), ("x", ["\ud800"]),
            ("x", {"\x00": 1}), ("x", float("inf")), ("x", "y" * 140_000),
        ],
    )  # fmt: skip
    def test_values_that_do_not_fit_are_refused(self, key, value):
        with pytest.raises(PromptInvalid):
            settings.with_config({}, {key: value})

    def test_none_takes_a_key_out_and_the_given_config_stays_as_it_was(self):
        before = {"model": "m", "seed": 1}
        assert settings.with_config(before, {"seed": None, "gone": None}) == {"model": "m"}
        assert before == {"model": "m", "seed": 1}

    def test_there_is_an_end_to_keys(self):
        with pytest.raises(PromptInvalid):
            settings.with_config({}, {f"k{n}": n for n in range(101)})


class TestVariables:
    def test_a_name_is_enough(self):
        [made] = settings.with_variable([], {"name": "ticket"})
        assert made == {
            "name": "ticket", "type": "string", "required": True, "default": None, "description": "",
        }  # fmt: skip

    @pytest.mark.parametrize(
        "given_",
        [
            {"name": "9"}, {"name": ""}, {"name": "a-b"}, {"name": "history"}, {"name": "é"},
            {"name": "x" * 201}, {"name": "x", "type": "date"}, {"name": "x", "default": 1},
            {"name": "x", "type": "number", "default": "1"}, {"name": "x", "description": "y" * 501},
            {"name": "x", "type": "number", "default": True}, {"name": "x", "description": "\x00"},
            {"name": "x", "type": "boolean", "default": 0}, {"name": "x", "default": "\x00"},
        ],
    )  # fmt: skip
    def test_what_cannot_be_used_is_refused(self, given_):
        with pytest.raises(PromptInvalid):
            settings.with_variable([], given_)

    def test_a_default_that_no_longer_fits_goes_with_the_type(self):
        before = settings.with_variable([], {"name": "x", "default": "many"})
        [made] = settings.with_attribute(before, "x", "type", "number")
        assert (made["type"], made["default"]) == ("number", None)
        [kept] = settings.with_attribute(before, "x", "type", "json")
        assert kept["default"] == "many"

    def test_a_variable_can_be_renamed_but_not_into_another(self):
        before = settings.checked_variables([{"name": "a"}, {"name": "b"}])
        assert settings.with_attribute(before, "a", "name", "c")[0]["name"] == "c"
        with pytest.raises(VariableTaken):
            settings.with_attribute(before, "a", "name", "b")

    def test_unknown_ones_are_not_found(self):
        with pytest.raises(VariableNotFound):
            settings.without_variable([], "x")
        with pytest.raises(VariableNotFound):
            settings.with_attribute([], "x", "type", "number")
        with pytest.raises(SettingUnknown):
            settings.with_attribute(settings.with_variable([], {"name": "x"}), "x", "size", 1)

    def test_there_is_an_end_to_variables(self):
        with pytest.raises(PromptInvalid):
            settings.checked_variables([{"name": f"v{n}"} for n in range(201)])


class TestWhatChanged:
    def test_fields_are_named_by_their_addresses(self):
        one = settings.with_variable([], {"name": "a"})
        two = settings.with_attribute(one, "a", "description", "x")
        changed = settings.changed_fields(
            Settings({"k": 1, "m": 1}, one), Settings({"k": 2, "n": 1}, two)
        )
        assert changed == ["config.k", "config.m", "config.n", "variables.a"]

    def test_the_format_is_a_field(self):
        one = Settings({}, [])
        assert settings.changed_fields(one, Settings({}, [], JINJA)) == ["template_format"]
        with pytest.raises(PromptInvalid):
            settings.checked_template_format("erb")

    def test_another_order_is_a_change_too(self):
        one = settings.checked_variables([{"name": "a"}, {"name": "b"}])
        assert settings.changed_fields(Settings({}, one), Settings({}, one[::-1])) == ["variables"]
        assert settings.changed_fields(Settings({}, one), Settings({}, one)) == []
        given, turned = ({"response_schema": {a: 1, b: 1}} for a, b in ("xy", "yx"))
        assert settings.changed_fields(Settings(given, []), Settings(turned, [])) == [
            "config.response_schema"
        ]


class TestTyping:
    @given(JSON)
    def test_a_value_shown_as_json_reads_back_the_same(self, value):
        shown = typed.shown(value, as_json=True)
        assert typed.json_value("f", shown) == value

    @given(st.text('ab 1"{}', max_size=6).filter(lambda text: text != ""))
    def test_a_text_default_reads_back_the_same(self, text):
        assert typed.default_value("x", "string", typed.shown(text)) == text

    def test_numbers_may_have_a_comma(self):
        assert typed.config_value("temperature", " 0,7 ") == 0.7
        assert typed.config_value("max_tokens", "100") == 100

    @pytest.mark.parametrize("text", ["x", "1 2", "NaN", "true", '"1"', "1e999"])
    def test_other_words_are_no_numbers(self, text):
        with pytest.raises(PromptInvalid):
            settings.with_config({}, {"temperature": typed.config_value("temperature", text)})

    def test_empty_means_not_set(self):
        assert typed.config_value("tools", " ") is None
        assert typed.default_value("x", "number", "") is None
        assert typed.shown(None) == ""

    def test_booleans_are_words(self):
        assert typed.default_value("x", "boolean", "True") is True
        assert typed.default_value("x", "boolean", "false") is False
        with pytest.raises(PromptInvalid):
            typed.default_value("x", "boolean", "yes")

    def test_the_rest_of_the_config_is_one_object(self):
        config = {"model": "m", "seed": 1, "top_p": 0.5}
        assert typed.rest_changes(config, '{"seed": 2}') == {"top_p": None, "seed": 2}
        assert typed.rest_changes(config, "") == {"seed": None, "top_p": None}
        for text in ("[]", '{"tools": []}', "{"):
            with pytest.raises(PromptInvalid):
                typed.rest_changes(config, text)

    def test_deep_json_is_refused_not_a_crash(self):
        with pytest.raises(PromptInvalid):
            typed.json_value("f", "[" * 100_000)


class TestDetails:
    @pytest.mark.parametrize("name", ["a", "support/refund-triage", "a.b_c-d/1", "9"])
    def test_names_that_fit(self, name):
        assert policy.name_problem(name) == ""

    @pytest.mark.parametrize(
        "name", ["", "/a", "a/", "a//b", "A", "a b", "é", ".a", "-a", "a/../b", "x" * 256, "a\n"]
    )
    def test_names_that_do_not(self, name):
        assert policy.name_problem(name)

    def test_tags_are_one_spelling_each(self):
        assert policy.normal_tags([" Support ", "#support", "", "two  words"]) == [
            "support",
            "two words",
        ]

    def test_all_problems_are_told_at_once(self):
        with pytest.raises(PromptInvalid) as refused:
            policy.check_details(
                name="A", title="", description="x" * 1001, folder="/x", tags=["t" * 65]
            )
        assert set(refused.value.fields) == {"name", "title", "description", "folder", "tags"}
        for bad in ({"title": "a\nb"}, {"folder": "a\tb"}, {"tags": ["x"] * 21}, {"title": "x" * 201},
                    {"folder": "x" * 101}, {"description": "\x00"}, {"tags": ["a\x07"]}):  # fmt: skip
            with pytest.raises(PromptInvalid):
                policy.check_details(**bad)

    def test_titles_and_names_are_made_from_each_other(self):
        assert policy.title_from("support/refund-triage_v2") == "Refund triage v2"
        assert policy.name_from("Refund triage, quick!") == "refund-triage-quick"
        assert policy.name_from("退款") == "prompt"

    def test_line_ends_are_one_kind(self):
        assert policy.normal_text("a\r\nb\rc\n") == "a\nb\nc\n"
        for bad in ("\x00", "\ud800"):
            with pytest.raises(TextInvalid):
                policy.normal_text(bad)
