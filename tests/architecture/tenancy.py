"""Statements on a workspace's table pass through `tenancy.within`, or say why not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import Module, modules

DOOR = "within"
_STARTS = frozenset({"select", "insert", "update", "delete"})


def violations(root: Path) -> list[str]:
    """Every statement that could reach another workspace's rows."""
    tables = frozenset(_workspace_tables(root))
    found = list(modules(root, "app/domain", "app/server"))
    doors = {DOOR: frozenset[str](), **_further_doors(found)}
    return [problem for module in found for problem in _Statements(module, tables, doors).check()]


def crossings(root: Path) -> list[str]:
    """Every `.everywhere()` that does not say why it has to cross workspaces."""
    return [
        module.at(call, "everywhere() without `# everywhere: why`")
        for module in modules(root, "app")
        for call in ast.walk(module.tree)
        if _calls(call, "everywhere")
        and not _says(module, _parents(module), call, "# everywhere: ")
    ]


def _workspace_tables(root: Path) -> Iterator[str]:
    for module in modules(root, "app/domain"):
        if module.path.name != "models.py":
            continue
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and "workspace_id" in _columns(node):
                yield node.name


def _columns(model: ast.ClassDef) -> set[str]:
    return {
        item.target.id
        for item in model.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    }


def _further_doors(found: list[Module]) -> dict[str, frozenset[str]]:
    """Methods called `narrowed…`, which pass what they are given through `within`."""
    return {
        node.name: frozenset(
            name for inner in ast.walk(node) if _calls(inner, DOOR) for name in _tables(inner)
        )
        for module in found
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("narrowed")
    }


class _Statements:
    """The statements of one module."""

    def __init__(
        self, module: Module, tables: frozenset[str], doors: dict[str, frozenset[str]]
    ) -> None:
        self.module = module
        self.tables = tables
        self.doors = doors
        self.parents = _parents(module)

    def check(self) -> Iterator[str]:
        for call in ast.walk(self.module.tree):
            if isinstance(call, ast.Call) and (touched := self._touched(call)):
                missing = touched - self._narrowed(call)
                if missing and not self._says_why(call):
                    what = f"not within() a workspace: {', '.join(sorted(missing))}"
                    yield self.module.at(call, what)

    def _touched(self, call: ast.Call) -> frozenset[str]:
        """The workspace tables of the statement that begins here; none if none begins here."""
        if isinstance(call.func, ast.Name) and call.func.id in _STARTS:
            return _names(self._chain(call)) & self.tables
        if isinstance(call.func, ast.Attribute) and call.func.attr == "get" and call.args:
            first = call.args[0]  # session.get(Model, key)
            return _names(first) & self.tables if isinstance(first, ast.Name) else frozenset()
        return frozenset()

    def _chain(self, call: ast.AST) -> ast.AST:
        """`select(…)` together with the `.join(…).where(…)` behind it."""
        node = call
        while True:
            above = self.parents.get(node)
            is_called = isinstance(above, ast.Call) and above.func is node
            if above is None or not (is_called or isinstance(above, ast.Attribute)):
                return node
            node = above

    def _narrowed(self, call: ast.AST) -> frozenset[str]:
        """The tables that a door around the statement, or further down its function, names."""
        found: set[str] = set()
        variable = ""
        node: ast.AST | None = call
        while node is not None and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found |= self._door(node)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                variable = node.targets[0].id
            node = self.parents.get(node)
        for other in ast.walk(node) if node is not None and variable else ():
            if isinstance(other, ast.Call) and other.args and variable in _names(other.args[0]):
                found |= self._door(other)
        return frozenset(found)

    def _door(self, node: ast.AST) -> frozenset[str]:
        for name, fixed in self.doors.items():
            if _calls(node, name):
                return fixed | _tables(node)
        return frozenset()

    def _says_why(self, call: ast.AST) -> bool:
        return _says(self.module, self.parents, call, "# unscoped: ")


def _parents(module: Module) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(module.tree) for child in ast.iter_child_nodes(node)}


def _says(module: Module, parents: dict[ast.AST, ast.AST], call: ast.AST, mark: str) -> bool:
    """`# mark: reason` on a line of the statement's own, or in the comment above it."""
    node = call
    while not isinstance(node, ast.stmt):
        node = parents[node]
    lines = module.lines
    first, last = node.lineno - 1, node.end_lineno or node.lineno
    if isinstance(node, ast.AsyncWith | ast.With):
        last = node.body[0].lineno - 1
    while first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return any(mark in line for line in lines[first:last])


def _calls(node: ast.AST, name: str) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else None
    return name in (called, getattr(node.func, "id", None))


def _tables(door: ast.AST) -> frozenset[str]:
    """`within(statement, where, *tables)`."""
    arguments = door.args[2:] if isinstance(door, ast.Call) else []
    return frozenset(one.id for one in arguments if isinstance(one, ast.Name))


def _names(node: ast.AST) -> frozenset[str]:
    return frozenset(one.id for one in ast.walk(node) if isinstance(one, ast.Name))
