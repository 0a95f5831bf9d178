"""Names of labels, hashes of contents, and messages suggested from a diff."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.prompts.settings import Settings
from app.domain.versions import policy
from app.kit import diff


class TestLabelNames:
    @pytest.mark.parametrize("name", ["production", "staging", "eu-pilot", "a", "a.b_c-1", "v"])
    def test_lower_case_words_are_labels(self, name):
        assert policy.label_problem(name) == ""

    @pytest.mark.parametrize(
        "name",
        ["", "latest", "draft", "archived", "1", "12", "v3", "A", "ä", "a b", "1a", "x" * 65],
    )
    def test_numbers_places_and_signs_are_not(self, name):
        assert policy.label_problem(name)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
)
CONFIGS = st.dictionaries(st.text(max_size=3), JSON, max_size=3)


class TestContentHash:
    @given(st.text(max_size=5), CONFIGS)
    def test_the_order_of_settings_does_not_matter(self, text, config):
        turned = dict(reversed(config.items()))
        assert policy.content_sha256(text, Settings(config, [])) == policy.content_sha256(
            text, Settings(turned, [])
        )

    def test_the_order_within_a_setting_does(self):
        given, turned = ({"response_schema": {a: 1, b: 1}} for a, b in ("xy", "yx"))
        assert policy.content_sha256("", Settings(given, [])) != policy.content_sha256(
            "", Settings(turned, [])
        )
        one, other = ([{"name": "v", "default": {a: 1, b: 1}}] for a, b in ("xy", "yx"))
        assert policy.content_sha256("", Settings({}, one)) != policy.content_sha256(
            "", Settings({}, other)
        )

    @given(st.text(max_size=3), st.text(max_size=3), CONFIGS, CONFIGS)
    def test_different_contents_have_different_hashes(self, a, b, one, other):
        same = (a, one) == (b, other) and repr(one) == repr(other)
        hashes = (
            policy.content_sha256(a, Settings(one, [])),
            policy.content_sha256(b, Settings(other, [])),
        )
        if a != b:
            assert hashes[0] != hashes[1]
        if same:
            assert hashes[0] == hashes[1]


def suggested(old, new, fields=()):
    return policy.suggested_message(diff.rows(old, new), fields)


class TestSuggestedMessages:
    def test_nothing_changed_suggests_nothing(self):
        assert suggested("a", "a") == ""

    def test_an_addition_a_removal_and_a_change_are_named_by_their_words(self):
        assert suggested("a\n", "a\nBe kind.") == "Add “Be kind.”"
        assert suggested("a\nBe kind.\nb", "a\nb") == "Remove “Be kind.”"
        assert suggested("Be kind to all.", "Be kind to them.") == "Change “Be kind to all.”"

    def test_long_lines_are_cut_between_words(self):
        line = "word " * 30
        assert suggested("", line) == "Add “" + ("word " * 12).strip() + "…”"

    def test_several_passages_are_counted(self):
        old = "\n".join(f"the line {n}" for n in range(9))
        new = old.replace("line 1", "row 1").replace("line 7", "row 7")
        assert suggested(old, new) == "Change 2 passages (2 words added, 2 removed)"

    def test_blank_lines_alone_are_spacing(self):
        assert suggested("a\nb", "a\n\nb") == "Change the spacing"

    def test_settings_are_named(self):
        assert suggested("a", "a", ["config.temperature"]) == "Change temperature"
        assert suggested("a", "a", ["config.a", "variables.b"]) == "Change a and b"
        many = [f"config.k{n}" for n in range(5)]
        assert suggested("a", "a", many) == "Change k0, k1 and 3 more settings"
        assert suggested("a", "", ["config.a"]) == "Remove “a”; change a"


def test_contributors_are_ranked_and_nobody_is_named_for_nothing():
    assert policy.contributors({"user:b": 2, "user:a": 2, "user:c": 5, "user:d": 0}) == [
        {"actor": "user:c", "units": 5},
        {"actor": "user:a", "units": 2},
        {"actor": "user:b", "units": 2},
    ]
