"""A file as it came: its text, its values, and in which line each of them stands.  Pure."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NoReturn

import yaml

from app.domain.exchange import yaml_text
from app.domain.exchange.bounds import DEEPEST, FILE_BYTES
from app.domain.exchange.errors import FileInvalid
from app.kit.nesting import is_deeper

Path = tuple[str | int, ...]
_FRONT = re.compile(r"(?:(?:#[^\n]*|[ \t]*)\n)*---[ \t]*\n")
_END = re.compile(r"^---[ \t]*(?:\n|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Source:
    """A file or a part of one; `value` is what stands at `path`."""

    file: str
    text: str
    value: Any
    tree: Callable[[], yaml.Node | None]
    first_line: int = 0  # of the tree's text in the file, from 0
    path: Path = ()
    body: str = ""  # what follows the front matter
    body_line: int = 1

    def bad(self, problem: str, *keys: str | int) -> NoReturn:
        """Raises `FileInvalid` with the line of what stands under `keys`."""
        line, column = self._place((*self.path, *keys))
        raise FileInvalid(problem, self.file, line, column)

    @property
    def line(self) -> int:
        """Where it begins in the file; only of a part, as for the whole it is the first."""
        return self._place(self.path)[0] if self.path else 1

    def under(self, *keys: str | int) -> Source:
        value = self.value
        for key in keys:
            value = value[key]
        return replace(self, value=value, path=(*self.path, *keys))

    def each(self) -> list[Source]:
        return [self.under(index) for index in range(len(self.value))]

    def text_at(self, key: str, default: str = "", *, needed: bool = False) -> str:
        """A text under `key`; a number there is taken as one."""
        value = self.value.get(key)
        if value is None and not needed:
            return default
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.bad(f"{key} has to be a text." if key in self.value else f"Add {key}.", key)
        return str(value)

    def object_at(self, key: str) -> dict[str, Any]:
        value = self.value.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.bad(f"{key} has to be an object.", key)
        return dict(value)

    def list_at(self, key: str) -> list[Any]:
        value = self.value.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.bad(f"{key} has to be a list.", key)
        return list(value)

    def _place(self, path: Path) -> tuple[int, int]:
        try:
            node = self.tree()
        except yaml_text.YamlProblem:
            return 0, 0
        for key in path:
            inner = _child(node, key)
            if inner is None:
                break
            node = inner
        if node is None:
            return self.first_line + 1, 1
        return self.first_line + node.start_mark.line + 1, node.start_mark.column + 1


def text_of(data: bytes, file: str) -> str:
    """The file's text with one kind of line end. Raises `FileInvalid`."""
    if len(data) > FILE_BYTES:
        raise FileInvalid(f"Files have at most {FILE_BYTES:,} bytes. Split it.", file)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileInvalid("Save the file in UTF-8.", file, line) from error
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise FileInvalid("There is a NUL character. Take it out.", file, line)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def json_source(text: str, file: str) -> Source:
    """Raises `FileInvalid`."""
    try:
        value = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        problem = f"This is not JSON: {error.msg}."
        raise FileInvalid(problem, file, error.lineno, error.colno) from error
    except _Twice as error:
        problem = f"The key {error} stands twice in one object. Take one out."
        raise FileInvalid(problem, file, _second(text, str(error))) from error
    except RecursionError as error:
        raise FileInvalid("Lists and objects are nested too deep.", file) from error
    except ValueError as error:
        raise FileInvalid(f"{error}.", file) from error
    if is_deeper(value, DEEPEST):
        raise FileInvalid(f"Nest lists and objects at most {DEEPEST} deep.", file)
    if _halves(text):
        raise FileInvalid("There is half of a surrogate pair (\\ud800 to \\udfff).", file)
    # JSON is YAML but for tabs, so its lines are found the same way, when there is need.
    return Source(file, text, value, cache(lambda: yaml_text.compose(text.replace("\t", " "))))


def yaml_source(text: str, file: str, first_line: int = 0) -> Source:
    """Raises `FileInvalid`."""
    try:
        node = yaml_text.compose(text)
        value = yaml_text.value_of(node)
    except yaml_text.YamlProblem as error:
        line, column = first_line + error.line + 1, error.column + 1
        raise FileInvalid(error.problem, file, line, column) from error
    return Source(file, text, value, lambda: node, first_line)


def front_matter(text: str, file: str) -> Source:
    """A file of YAML between two lines `---` and a body. Raises `FileInvalid`."""
    start = _FRONT.match(text)
    if start is None:
        return Source(file, text, {}, lambda: None, body=text)
    end = _END.search(text, start.end())
    if end is None:
        line = text.count("\n", 0, start.end())
        raise FileInvalid("A second line --- has to end what this one begins.", file, line, 1)
    source = yaml_source(text[start.end() : end.start()], file, text.count("\n", 0, start.end()))
    value = {} if source.value is None else source.value
    if not isinstance(value, dict):
        source.bad("Between the lines --- there have to be keys and values.")
    line = text.count("\n", 0, end.end()) + 1
    return replace(source, value=value, body=text[end.end() :], body_line=line)


def with_front_matter(front: dict[str, Any], body: str) -> bytes:
    return f"---\n{yaml_text.dump(front) if front else ''}---\n{body}".encode()


def as_json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _child(node: yaml.Node | None, key: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((inner for name, inner in node.value if name.value == key), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        found: yaml.Node = node.value[key]
        return found
    return None


class _Twice(Exception):
    pass


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        counted = Counter(name for name, _ in pairs)
        raise _Twice(next(name for name, count in counted.items() if count > 1))
    return made


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON; put a number or null there")


def _second(text: str, key: str) -> int:
    """The line in which a key stands for the second time; 0 = its name is written with escapes."""
    found = [match.start() for match in re.finditer(rf'"{re.escape(key)}"\s*:', text)]
    return text.count("\n", 0, found[1]) + 1 if len(found) > 1 else 0


def _halves(text: str) -> bool:
    """Whether an escape in JSON text may stand for half a character that no database keeps."""
    pairs = re.sub(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}", "", text)
    return re.search(r"(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F][0-9a-fA-F]{2}", pairs) is not None
