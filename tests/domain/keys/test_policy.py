"""The form of API keys."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.permissions import Scope
from app.domain.keys import policy
from app.errors import InvalidFields


class TestANewKey:
    def test_it_has_a_prefix_178_random_bits_and_a_checksum(self) -> None:
        assert re.fullmatch(r"pr_live_[0-9A-Za-z]{30}[0-9A-Za-z]{6}", policy.new_key())
        assert 62**30 > 2**160

    def test_no_two_are_alike(self) -> None:
        assert len({policy.new_key() for _ in range(1000)}) == 1000

    def test_its_checksum_needs_no_database(self) -> None:
        assert all(policy.is_whole(policy.new_key()) for _ in range(100))

    @given(st.integers(8, 43), st.sampled_from("0123456789ABCabc"))
    def test_one_wrong_character_is_noticed(self, place: int, character: str) -> None:
        key = policy.new_key()
        torn = key[:place] + character + key[place + 1 :]
        assert policy.is_whole(torn) == (torn == key)

    @pytest.mark.parametrize("key", ["", "pr_live_", "pr_live_" + "0" * 35, "x" * 44])
    def test_what_is_no_key_is_not_whole(self, key: str) -> None:
        assert not policy.is_whole(key)

    def test_a_checksum_fits_into_six_digits(self) -> None:
        assert 62**6 > 2**32

    def test_a_hint_shows_only_the_ends(self) -> None:
        key = policy.new_key()
        assert policy.hint(key) == f"{key[:10]}…{key[-4:]}"
        assert len(policy.hint(key)) <= 32
        assert policy.hint("abcdefghijklmnopqrstuvwxyz") == "abcd…wxyz"


class TestAGivenKey:
    @pytest.mark.parametrize("key", ["x" * 20, "-_.!~*'()#%&" * 4, "x" * 256])
    def test_any_form_of_twenty_characters_will_do(self, key: str) -> None:
        assert policy.given_key_problem(key) == ""

    @pytest.mark.parametrize(
        "key", ["x" * 19, "x" * 257, "x" * 20 + " y", "ä" * 20, "x" * 20 + "\n"]
    )
    def test_what_a_header_cannot_carry_is_refused(self, key: str) -> None:
        assert policy.given_key_problem(key)


class TestScopes:
    def test_they_are_read_write_and_admin(self) -> None:
        assert policy.scopes_named(["read", "admin"]) == {Scope.READ, Scope.ADMIN}

    @pytest.mark.parametrize("names", [[], ["root"], ["read", ""]])
    def test_none_and_unknown_ones_are_refused(self, names: list[str]) -> None:
        with pytest.raises(InvalidFields) as caught:
            policy.scopes_named(names)
        assert set(caught.value.fields) == {"scopes"}


class TestLifetime:
    def test_it_is_in_days_or_for_good(self) -> None:
        assert policy.lifetime(None) is None
        assert policy.lifetime(90) == timedelta(days=90)

    @pytest.mark.parametrize("days", [0, -1, 3651])
    def test_others_are_refused(self, days: int) -> None:
        with pytest.raises(InvalidFields):
            policy.lifetime(days)
