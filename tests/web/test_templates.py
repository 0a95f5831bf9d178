"""The Jinja environment: its filters, what it refuses, and the hygiene of every template."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace as Thing

import pytest
from jinja2 import UndefinedError

from app.server.paths import resource
from app.web.assets import Assets
from app.web.templates import (
    SPRITE,
    ago,
    dom_id,
    environment,
    json_script,
    number,
    plural,
    prompt_text,
    shell,
    when,
)

NOW = datetime(2026, 11, 23, 9, 17, tzinfo=UTC)
TEMPLATES = resource("templates")
STATIC = resource("static")
JINJA = environment(TEMPLATES, Assets(STATIC), now=lambda: NOW)
PAGES = sorted(TEMPLATES.rglob("*.html"))
NAMES = [page.relative_to(TEMPLATES).as_posix() for page in PAGES]


def render(source: str, **context: object) -> str:
    return JINJA.from_string(source).render(**context)


class TestWords:
    @pytest.mark.parametrize(
        ("past", "words"),
        [
            (timedelta(seconds=-5), "now"),
            (timedelta(seconds=59), "now"),
            (timedelta(minutes=18), "18 min"),
            (timedelta(hours=3), "3 h"),
            (timedelta(hours=9, minutes=17), "9 h"),
            (timedelta(hours=11, minutes=59), "11 h"),
            (timedelta(hours=20), "yesterday"),
            (timedelta(days=4), "4 days"),
            (timedelta(days=30), "24 October"),
            (timedelta(days=400), "19 October 2025"),
        ],
    )
    def test_how_long_ago(self, past: timedelta, words: str) -> None:
        assert ago(NOW - past, NOW) == words

    @pytest.mark.parametrize(
        ("days", "title"),
        [(0, "Today"), (1, "Yesterday"), (2, "21 November"), (400, "19 October 2025")],
    )
    def test_what_stands_above_a_day(self, days: int, title: str) -> None:
        day = (NOW - timedelta(days=days)).date()
        assert render("{{ day|day }}", day=day) == title

    def test_a_moment_without_a_zone_is_utc(self) -> None:
        assert ago(datetime(2026, 11, 23, 9, 0), NOW) == "17 min"  # noqa: DTZ001

    def test_a_moment_carries_its_exact_time(self) -> None:
        html = when(NOW - timedelta(hours=3), NOW)
        assert 'datetime="2026-11-23T06:17:00+00:00"' in html
        assert html.endswith(">3 h</time>")

    def test_never_is_a_word(self) -> None:
        assert "never" in when(None, NOW)

    def test_the_time_of_day(self) -> None:
        html = render("{{ moment|clock }} {{ moment|when }}", moment=NOW)
        assert ">09:17</time>" in html
        assert 'class="now"' in html

    def test_numbers_and_plurals(self) -> None:
        assert number(1284) == "1,284"
        assert plural(1, "prompt") == "1 prompt"
        assert plural(1284, "prompt") == "1,284 prompts"
        assert plural(2, "person", "people") == "2 people"


class TestPromptText:
    def test_variables_are_marked_and_everything_is_escaped(self) -> None:
        assert prompt_text("<b> {{ name }}") == '&lt;b&gt; <span class="var">{{ name }}</span>'

    def test_an_escaped_brace_is_text(self) -> None:
        assert prompt_text(r"\{{name}}") == r"\{{name}}"

    def test_headings_are_bold_with_their_variables(self) -> None:
        assert prompt_text("# To {{who}}\nx") == (
            '<strong># To <span class="var">{{who}}</span></strong>\nx'
        )

    def test_role_lines_become_dividers(self) -> None:
        html = prompt_text('{{role "system"}}\nBe <kind>.\n{{history}}\n')
        assert '<span class="role-line"><span>System</span></span>\nBe &lt;kind&gt;.' in html
        assert "History" in html

    def test_an_unknown_role_stays_text(self) -> None:
        assert "role-line" not in prompt_text('{{role "boss"}}')


class TestScripts:
    def test_json_cannot_end_its_element(self) -> None:
        value = {"title": "</script><!-- & \u2028 Zoë"}
        text = json_script(value)
        assert "<" not in text
        assert ">" not in text
        assert json.loads(text) == value


class TestShell:
    def test_nothing_chosen_is_the_systems_theme(self) -> None:
        assert shell({}) == shell({"theme": "pink", "nav_browse": "?"})
        assert shell({}).theme == ""
        assert (shell({}).browse_nav, shell({}).work_nav) == ("open", "folded")

    def test_choices_are_read(self) -> None:
        chosen = shell({"theme": "dark", "nav_browse": "folded", "nav_work": "open"})
        assert (chosen.theme, chosen.browse_nav, chosen.work_nav) == ("dark", "folded", "open")
        assert chosen.nav_chosen


class TestEnvironment:
    def test_a_missing_name_fails(self) -> None:
        with pytest.raises(UndefinedError):
            render("{{ missing }}")

    def test_an_icon_is_a_use_of_the_sprite(self) -> None:
        html = render('{{ icon("check", 14) }}')
        assert "sprite.svg#check" in html
        assert 'class="icon s14"' in html

    def test_an_icons_name_cannot_carry_markup(self) -> None:
        with pytest.raises(ValueError, match="not an icon"):
            render("{{ icon(name) }}", name='x"><script>')

    def test_an_id_from_a_key(self) -> None:
        assert dom_id("variables.über x") == "variables--ber-x"

    def test_what_people_write_is_escaped(self) -> None:
        person = Thing(name='"><script>', hue="azure", initials="<>")
        html = render('{% from "components/ui.html" import av %}{{ av(person) }}', person=person)
        assert "<script>" not in html

    def test_every_icon_named_in_a_template_exists(self) -> None:
        sprite = set(re.findall(r'id="([a-z0-9-]+)"', (STATIC / SPRITE).read_text("utf-8")))
        used = {
            n for page in PAGES for n in re.findall(r'icon\("([^"]+)"', page.read_text("utf-8"))
        }
        assert used - sprite == set()


class TestErrorPages:
    @pytest.mark.parametrize("status", [403, 404, 410, 429, 500, 503])
    @pytest.mark.parametrize("name", ["errors/page.html", "errors/_inline.html"])
    def test_a_failure_says_what_happened(self, name: str, status: int) -> None:
        html = JINJA.get_template(name).render(
            status=status, title="It broke", detail="Try again.", request_id="01JD"
        )
        assert "It broke" in html
        assert ("01JD" in html) is (status >= 500)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
class TestHygiene:
    def test_it_compiles(self, page: Path) -> None:
        JINJA.get_template(page.relative_to(TEMPLATES).as_posix())

    def test_it_opens_with_what_it_needs(self, page: Path) -> None:
        assert page.read_text("utf-8").startswith("{#")

    def test_it_is_short(self, page: Path) -> None:
        assert len(page.read_text("utf-8").splitlines()) <= 120

    def test_it_needs_nothing_the_policy_forbids(self, page: Path) -> None:
        text = page.read_text("utf-8")
        assert not re.search(r"\sstyle=|<style|hx-on|\bjs:|\son[a-z]+=|hx-trigger=\"[^\"]*\[", text)
        for script in re.findall(r"<script[^>]*>", text):
            assert "src=" in script or "application/json" in script
        assert "http://" not in text
        assert "https://" not in text

    def test_htmx_goes_only_where_it_would_go_without_script(self, page: Path) -> None:
        for form in re.findall(r"<form[^>]*hx-post=[^>]*>", page.read_text("utf-8")):
            assert 'method="post"' in form
            assert " action=" in form
