"""YAML in and out: plain values in the order in which they stand, with line numbers.  Pure.

What a file means must not depend on who reads it. So scalars are read as YAML 1.2 does, where `no`
is a word and a date is a text, and written so that readers of 1.1 and of 1.2 agree. Anchors,
aliases and tags are refused: a hundred bytes of them can stand for gigabytes, or for an object.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from app.domain.exchange.bounds import DEEPEST, YAML_BYTES, YAML_NODES

Node = yaml.Node
_TAG = "tag:yaml.org,2002:"
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"], None),
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
}
_ODD = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class YamlProblem(Exception):
    """`line` and `column` count from 0."""

    def __init__(self, problem: str, line: int, column: int) -> None:
        super().__init__(problem)
        self.problem, self.line, self.column = problem, line, column


class _Loader(yaml.SafeLoader):
    """Composes nodes, and refuses what has no place in a file of plain values."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._count = 0
        self._depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the library has no types
        self._count += 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _at(event.start_mark, "Write the value out: anchors and aliases are not read.")
        if getattr(event, "tag", None):
            raise _at(event.start_mark, "Leave out the tag: plain values only are read.")
        if self._count > YAML_NODES or self._depth > DEEPEST:
            raise _at(event.start_mark, "This is more, or deeper nested, than a prompt needs.")
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def compose(text: str) -> Node | None:
    """The tree of a document; None = it is empty. Raises `YamlProblem`."""
    if len(text) > YAML_BYTES:
        raise YamlProblem(f"This part is larger than {YAML_BYTES:,} characters.", 0, 0)
    try:
        loader = _Loader(text)
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _at(mark, f"This is not YAML: {error.problem}.") from error
    except yaml.YAMLError as error:  # a character that YAML does not admit
        line = text.count("\n", 0, getattr(error, "position", 0))
        raise YamlProblem("There is a control character. Take it out.", line, 0) from error


def value_of(node: Node | None) -> Any:
    """The plain value of a tree. Raises `YamlProblem`."""
    if node is None:
        return None
    if isinstance(node, yaml.SequenceNode):
        return [value_of(one) for one in node.value]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node)
    return _scalar(node)


def dump(value: Any) -> str:
    """`value` as a block of YAML that ends with a line break."""
    return yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6, indent=2
    )


def _mapping(node: yaml.MappingNode) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise _at(key_node.start_mark, "A key has to be a word.")
        key = str(key_node.value)
        if key in made:
            raise _at(key_node.start_mark, f"The key {key} stands here twice. Take one out.")
        made[key] = value_of(value_node)
    return made


def _scalar(node: Node) -> Any:
    text = str(node.value)
    if node.style is not None:  # type: ignore[attr-defined]  # a scalar has one
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        if len(text) > 20:
            raise _at(node.start_mark, "Put quotes around a number of so many digits.")
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _ODD.fullmatch(text):
        raise _at(node.start_mark, "Put quotes around it: infinity is no number here.")
    return text


def _at(mark: Any, problem: str) -> YamlProblem:
    return YamlProblem(problem, mark.line if mark else 0, mark.column if mark else 0)


class _Dumper(yaml.SafeDumper):
    """Nothing folded, lists indented, and quotes wherever any reader could see another type."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002  # as the library calls it
        super().increase_indent(flow, False)  # noqa: FBT003


def _text(dumper: yaml.SafeDumper, text: str) -> Node:
    if "\n" in text:
        return dumper.represent_scalar(_TAG + "str", text, style="|")
    is_odd = text in _WORDS or any(rule.fullmatch(text) for rule in (_INT, _FLOAT, _ODD))
    return dumper.represent_scalar(_TAG + "str", text, style='"' if is_odd else None)


_Dumper.add_representer(str, _text)
