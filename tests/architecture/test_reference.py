"""The documentation names what the code has, and nothing else."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from app.errors import Conflict
from app.server.openapi.error_codes import error_codes
from app.settings import SECRETS, Settings
from tests.architecture.reference import PAGES, errors_page
from tests.architecture.source import ROOT

# Read by the command line and by the supervisor, not part of Settings.
NOT_SETTINGS = {"PROMPTROOM_PASSWORD", "PROMPTROOM_WORKER", "PROMPTROOM_KEY"}
NAMES = re.compile(r"PROMPTROOM_[A-Z_]*[A-Z]")


def settings_of_the_code() -> set[str]:
    files = {f"PROMPTROOM_{field.upper()}_FILE" for field in SECRETS}
    return files | {f"PROMPTROOM_{field.upper()}" for field in Settings.__struct_fields__}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_generated_page_is_up_to_date(path: Path) -> None:
    assert path.read_text("utf-8") == PAGES[path](), "run: make docs"


def test_every_code_is_unique() -> None:
    repeated = [code for code, times in Counter(c.code for c in error_codes()).items() if times > 1]
    assert repeated == []


def test_every_code_is_a_plain_word_and_has_a_meaning() -> None:
    for one in error_codes():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", one.code), one
        assert one.title, one
        assert 400 <= one.status < 600, one


def test_a_new_code_is_noticed() -> None:
    class Planted(Conflict):
        code = "planted_by_a_test"

    assert "planted_by_a_test" not in errors_page(), "only the product's own modules count"
    Planted.__module__ = "app.planted"
    assert "planted_by_a_test" in errors_page()
    Planted.__module__ = __name__


@pytest.mark.parametrize("page", ["docs/settings.md", ".env.example"])
def test_every_setting_is_described(page: str) -> None:
    described = set(NAMES.findall((ROOT / page).read_text("utf-8")))
    assert described - NOT_SETTINGS == settings_of_the_code()


def test_no_page_names_a_setting_that_does_not_exist() -> None:
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        unknown = set(NAMES.findall(path.read_text("utf-8"))) - settings_of_the_code()
        assert unknown <= NOT_SETTINGS | {"PROMPTROOM_INIT"}, path


def test_every_make_target_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = re.search(r"\.PHONY: ((?:.*\\\n)*.*)", makefile)
    assert phony
    targets = set(phony[1].replace("\\\n", " ").split())
    assert targets == set(re.findall(r"^([a-z-]+):.*## .", makefile, re.MULTILINE))
