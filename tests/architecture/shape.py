"""Size, docstrings, generator dependencies, and nothing left for later."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import Module, modules

MODULE_LINES = 350
FUNCTION_LINES = 40
PARAMETERS = 6

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b|# pragma: no cover|NotImplementedError")
NOT_RUN = re.compile(r"pytest\.(mark\.)?(skip|skipif|xfail)|@unittest\.skip|\b(it|test)\.skip\(")
HERE = "tests/architecture"  # names what it looks for


def oversized(root: Path) -> list[str]:
    """Modules and functions that are more than one thing."""
    return [problem for module in modules(root, "app") for problem in _oversized(module)]


def _oversized(module: Module) -> Iterator[str]:
    is_generated = "migrations/versions" in module.path.as_posix()
    if len(module.lines) > MODULE_LINES and not is_generated:
        yield f"{module.path}: {len(module.lines)} lines, at most {MODULE_LINES}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_generated:
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield module.at(node, f"{node.name} has {lines} lines, at most {FUNCTION_LINES}")


def undocumented(root: Path) -> list[str]:
    """Modules that do not open with a sentence saying what lives there."""
    found = []
    for module in modules(root, "app", "tests/support", "tests/architecture", "benchmarks"):
        sentence = (ast.get_docstring(module.tree) or "").split("\n\n")[0]
        if module.text.strip() and not sentence.endswith("."):
            found.append(f"{module.path}: no opening sentence")
    return found


def generator_dependencies(root: Path) -> list[str]:
    """Names of the providers that yield; Litestar finishes two of them concurrently."""
    return [
        f"{module.name}.{node.name}"
        for module in modules(root, "app")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("provide_")
        and any(isinstance(inner, ast.Yield) for inner in ast.walk(node))
    ]


def unnamed_providers(root: Path) -> list[str]:
    """`Provide(x)` where x is not called provide_…: the rule above would not see it."""
    return [
        module.at(node, "Provide() takes a function called provide_…")
        for module in modules(root, "app")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Provide"
        and not _last_name(node.args[0]).startswith("provide_")
    ]


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def unfinished(root: Path) -> list[str]:
    """What was left for later, and tests that do not run."""
    return [
        f"{path.relative_to(root)}:{number}: {line.strip()}"
        for path in _texts(root)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if UNFINISHED.search(line) or NOT_RUN.search(line)
    ]


def _texts(root: Path) -> Iterator[Path]:
    for pattern in (
        "app/**/*.py",
        "benchmarks/**/*.py",
        "tests/**/*.py",
        "tests/browser/js/*.js",
        "static/js/**/*.js",
        "static/css/*.css",
        "templates/**/*.html",
    ):
        for path in sorted(root.glob(pattern)):
            if not path.relative_to(root).as_posix().startswith(HERE):
                yield path
