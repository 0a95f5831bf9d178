"""Rules about people, without a database."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.accounts import policy
from app.errors import InvalidFields


class TestLocalPath:
    @pytest.mark.parametrize("url", ["/", "/w/acme/", "/w/acme/?q=a%20b&tag=x", "/join/abc#top"])
    def test_a_path_on_this_server_is_kept(self, url: str) -> None:
        assert policy.local_path(url) == url

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "https://evil.example",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/a\\..\\b",
            "javascript:alert(1)",
            " /w/acme/",
            "w/acme",
            "/ä",
            "/" + "a" * 2001,
        ],
    )
    def test_anything_else_leads_home(self, url: str) -> None:
        assert policy.local_path(url) == "/"

    @given(st.text())
    def test_whatever_comes_the_answer_stays_on_this_server(self, url: str) -> None:
        path = policy.local_path(url)
        assert path.startswith("/")
        assert not path.startswith(("//", "/\\"))
        assert path.isprintable()


class TestEmail:
    def test_one_address_has_one_spelling(self) -> None:
        assert policy.normal_email("  Priya@Example.COM ") == "priya@example.com"

    @pytest.mark.parametrize("email", ["", "priya", "@x", "a@", "a b@c", "a@b\n", "a@b@c", "<a@b>"])
    def test_what_is_no_address_is_said_so(self, email: str) -> None:
        assert policy.email_problem(email)

    def test_an_address_is_accepted(self) -> None:
        assert policy.email_problem("priya.n+x@mail.example.co.uk") == ""

    def test_an_endless_address_is_refused(self) -> None:
        assert policy.email_problem("a" * 320 + "@example.com")


class TestPassword:
    def test_twelve_characters_are_enough(self) -> None:
        assert policy.password_problem("correct hors") == ""

    @pytest.mark.parametrize("password", ["", "short", "a" * 12, "abababababab", "x" * 257])
    def test_a_weak_one_is_refused(self, password: str) -> None:
        assert policy.password_problem(password)

    def test_it_is_not_the_email(self) -> None:
        assert policy.password_problem("priya@example.com", "priya@example.com")

    def test_two_keyboards_write_the_same_letter(self) -> None:
        assert policy.normal_password("cafe\u0301") == policy.normal_password("caf\u00e9")


class TestName:
    @pytest.mark.parametrize("name", ["", "x" * 81, "a\x00b", "a\u202eb", "line\nbreak"])
    def test_what_cannot_be_shown_is_refused(self, name: str) -> None:
        assert policy.name_problem(name)

    def test_every_script_is_welcome(self) -> None:
        assert policy.name_problem("渡辺 健二") == ""

    @pytest.mark.parametrize(
        ("name", "letters"),
        [("Priya Natarajan", "PN"), ("maya", "M"), ("Ana de la Cruz", "AC"), ("", "?")],
    )
    def test_initials_are_of_the_first_and_last_word(self, name: str, letters: str) -> None:
        assert policy.initials(name) == letters


class TestHue:
    def test_everybody_gets_the_one_that_fewest_people_have(self) -> None:
        worn: Counter[str] = Counter()
        for _ in range(8):
            worn[policy.hue_for(worn)] += 1
        assert list(worn) == list(policy.HUES)
        assert policy.hue_for(worn + Counter({"azure": 1})) == "coral"


class TestDevice:
    @pytest.mark.parametrize(
        ("agent", "words"),
        [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/2 Firefox/140.0", "Firefox on Linux"),
            ("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140", "Edge on Windows"),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14) Chrome/1 Safari/5", "Chrome on macOS"),
            ("Mozilla/5.0 (iPhone; like Mac OS X) Version/19 Safari/604", "Safari on iPhone"),
            ("Mozilla/5.0 (Linux; Android 16) Chrome/140 Mobile Safari/537", "Chrome on Android"),
            ("curl/8", "A browser"),
        ],
    )
    def test_it_is_named_in_words(self, agent: str, words: str) -> None:
        assert policy.device(agent) == words


class TestCheck:
    def test_every_problem_is_reported_at_once(self) -> None:
        with pytest.raises(InvalidFields) as caught:
            policy.check(name="no name", email="", password="too short")
        assert caught.value.fields == {"name": "no name", "password": "too short"}
        assert caught.value.extra["errors"] == [
            {"key": "name", "message": "no name"},
            {"key": "password", "message": "too short"},
        ]
