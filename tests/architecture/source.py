"""Source files as the rules see them: path, name and syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Module:
    """One file of Python."""

    path: Path  # below the root: app/domain/prompts/queries.py
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """app.domain.prompts.queries; a package is called by its folder."""
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def at(self, node: ast.AST, what: str) -> str:
        """`what` with the place, as an editor can open it."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {what}"


def modules(root: Path, *folders: str) -> Iterator[Module]:
    """Every Python file below `folders` of `root`, in a stable order."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            text = path.read_text("utf-8")
            yield Module(path.relative_to(root), text, ast.parse(text))


def imported(tree: ast.AST, package: str = "app") -> Iterator[tuple[ast.stmt, str]]:
    """Each import of `package`, with the dotted name of the module or of what is taken from it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == package:
                    yield node, alias.name
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package:
            for alias in node.names:
                yield node, f"{node.module}.{alias.name}"
