"""Sizes, opening sentences, the one generator dependency, and nothing left for later."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture import shape
from tests.architecture.source import ROOT


def plant(root: Path, path: str, text: str) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return root


def test_modules_and_functions_stay_small() -> None:
    assert shape.oversized(ROOT) == []


def test_every_module_says_what_lives_there() -> None:
    assert shape.undocumented(ROOT) == []


def test_one_dependency_is_a_generator() -> None:
    assert shape.generator_dependencies(ROOT) == ["app.web.deps.provide_tx"]
    assert shape.unnamed_providers(ROOT) == []


def test_nothing_is_left_for_later() -> None:
    assert shape.unfinished(ROOT) == []


def test_a_long_module_and_a_long_function_are_found(tmp_path: Path) -> None:
    long_function = "def f() -> None:\n" + "    x = 1\n" * 40
    plant(tmp_path, "app/long.py", "x = 1\n" * 351)
    plant(tmp_path, "app/kit/tall.py", long_function)
    assert len(shape.oversized(tmp_path)) == 2


@pytest.mark.parametrize("text", ["x = 1\n", '"""no full stop"""\n', "# a comment\nx = 1\n"])
def test_a_module_without_a_sentence_is_found(tmp_path: Path, text: str) -> None:
    assert shape.undocumented(plant(tmp_path, "app/kit/mute.py", text))


def test_a_second_generator_dependency_is_found(tmp_path: Path) -> None:
    text = "async def provide_other(state):\n    yield state\n"
    plant(tmp_path, "app/web/deps.py", text)
    assert shape.generator_dependencies(tmp_path) == ["app.web.deps.provide_other"]


def test_a_provider_that_hides_behind_another_name_is_found(tmp_path: Path) -> None:
    plant(tmp_path, "app/server/routes.py", 'PROVIDERS = {"x": Provide(other)}\n')
    assert shape.unnamed_providers(tmp_path)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("app/kit/a.py", "x = 1  # TODO: later"),
        ("app/kit/a.py", "raise NotImplementedError"),
        ("tests/kit/test_a.py", "@pytest.mark.skip"),
        ("tests/kit/test_a.py", "pytest.xfail('not yet')"),
        ("tests/browser/js/a.test.js", "test.skip('not yet')"),
        ("static/js/a.js", "// FIXME"),
        ("templates/a.html", "{# XXX #}"),
    ],
)
def test_what_was_left_for_later_is_found(tmp_path: Path, path: str, line: str) -> None:
    assert shape.unfinished(plant(tmp_path, path, line + "\n"))
