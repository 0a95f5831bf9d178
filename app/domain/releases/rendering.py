r"""Filling in variables, the Mustache way: `{{name}}`, `{{name.part}}` become what a caller gives.

Once and without any logic: what is put in is never read as a template again, so nobody's ticket
can bring variables or roles of its own. `\{{` becomes two braces. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from app.domain.prompts import template
from app.domain.releases.errors import RenderedTooLarge, VariablesInvalid

LONGEST = 4 * 1024 * 1024  # characters of all messages together
_EXPECTED = {
    "string": "Give a text.",
    "number": "Give a number.",
    "boolean": "Give true or false.",
    "json": "Give a JSON object or list.",
}
_EXPRESSION = re.compile(r"\\\{\{|\{\{\s*([A-Za-z_][A-Za-z0-9_.]*)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as a model is sent it; `history` marks where the caller's own messages go."""

    role: str
    content: str


def rendered(
    text: str, declared: Sequence[Mapping[str, Any]], given: Mapping[str, Any]
) -> list[Rendered]:
    """The messages of `text` with every variable filled in.

    Raises `VariablesInvalid`, which names each variable that is missing or of another type, and
    `RenderedTooLarge`.
    """
    values = _checked(text, declared, given)
    room = LONGEST
    found = []
    for message in template.messages_of(text):
        content = _filled(message.content, values, room)
        room -= len(content)
        found.append(Rendered(message.role, content))
    return found


def _checked(
    text: str, declared: Sequence[Mapping[str, Any]], given: Mapping[str, Any]
) -> dict[str, Any]:
    known = {one["name"]: one for one in declared}
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name in dict.fromkeys((*known, *template.variables_in(text))):
        about = known.get(name, {})
        if name in given and given[name] is not None:
            values[name] = given[name]
            if not _fits(about.get("type"), given[name]):
                problems[f"variables.{name}"] = _EXPECTED[about["type"]]
        elif about.get("default") is not None:
            values[name] = about["default"]
        elif about.get("required") is False:
            values[name] = ""
        else:
            problems[f"variables.{name}"] = "Give a value: it has no default."
    if not problems:
        problems = _unreachable(text, values)
    if problems:
        raise VariablesInvalid(problems)
    return values


def _fits(kind: str | None, value: Any) -> bool:
    if kind is None:
        return True  # used and not declared: nobody said what it has to be
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "json":
        return isinstance(value, dict | list)
    return isinstance(value, bool if kind == "boolean" else str)


def _unreachable(text: str, values: Mapping[str, Any]) -> dict[str, str]:
    """Parts, as of `{{order.id}}`, that a value does not have."""
    missing = {}
    for match in _EXPRESSION.finditer(text):
        path = match[1]
        if path and path != "history" and _at(path, values) is None:
            missing[f"variables.{path}"] = "Give a value: there is none at this place."
    return missing


def _at(path: str, values: Mapping[str, Any]) -> Any:
    if path in values:
        return values[path]
    found: Any = values
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def _filled(content: str, values: Mapping[str, Any], room: int) -> str:
    parts: list[str] = []
    end = size = 0
    for match in _EXPRESSION.finditer(content):
        filling = _written(_at(match[1], values)) if match[1] else "{{"
        parts += (content[end : match.start()], filling)
        size += match.start() - end + len(filling)
        end = match.end()
        if size > room:
            break
    parts.append(content[end:])
    if size + len(content) - end > room:
        raise RenderedTooLarge(f"With its variables the text has more than {LONGEST} characters.")
    return "".join(parts)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
