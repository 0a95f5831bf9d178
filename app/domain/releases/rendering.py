r"""Filling in variables: what they have to be, and the Mustache way of putting them in.

`{{name}}` and `{{name.part}}` become what a caller gives, once and without any logic: what is put
in is never read as a template again, so nobody's ticket can bring variables or roles of its own.
`\{{` becomes two braces. Pure. Jinja texts are rendered in a process of their own
(`app/domain/prompts/jinja.py`), with values that are checked here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.domain.prompts import template
from app.domain.prompts.jinja import Jinja, refusal
from app.domain.releases.errors import RenderedTooLarge, VariablesInvalid
from app.kit.nesting import is_deeper
from app.sandbox.trouble import Trouble

LONGEST = 4 * 1024 * 1024  # characters of all messages together
DEEPEST = 64  # lists and objects of a value in one another
_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # as in the SDK
_MISSING = "Give a value: it has no default."
_NO_PART = "Give a value: there is none at this place."
_EXPECTED = {
    "string": "Give a text.",
    "number": "Give a number.",
    "boolean": "Give true or false.",
    "json": "Give a JSON object or list.",
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as a model is sent it; `history` marks where the caller's own messages go."""

    role: str
    content: str


@dataclass(slots=True)
class _Values:
    """What is given for variables, or their defaults."""

    known: dict[str, Any] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)  # not needed, and not given
    problems: dict[str, str] = field(default_factory=dict)


def rendered(
    text: str, declared: Sequence[Mapping[str, Any]], given: Mapping[str, Any]
) -> list[Rendered]:
    """The messages of a Mustache text with every variable filled in.

    Raises `VariablesInvalid`, which names each variable that is missing or of another type, and
    `RenderedTooLarge`.
    """
    checked = _checked(declared, given, template.variables_in(text))
    values = checked.known | dict.fromkeys(checked.absent, "")
    problems = checked.problems or _unreachable(text, values)
    if problems:
        raise VariablesInvalid(problems)
    room = LONGEST
    found = []
    for message in template.messages_of(text):
        content = _filled(message.content, values, room)
        room -= len(content)
        found.append(Rendered(message.role, content))
    return found


async def rendered_jinja(
    jinja: Jinja,
    asker: UUID,
    text: str,
    declared: Sequence[Mapping[str, Any]],
    given: Mapping[str, Any],
) -> list[Rendered]:
    """The same of a Jinja text.

    Raises also `TemplateInvalid`, `TemplateFailed`, `TemplateTooCostly`, `TemplatesBusy`.
    """
    checked = _checked(declared, given, ())
    if is_deeper(list(given.values()), DEEPEST + 1):
        raise VariablesInvalid({"variables": f"Nest values at most {DEEPEST} levels deep."})
    if checked.problems:
        used = await jinja.names(asker, text)
        raise VariablesInvalid(_checked(declared, given, used).problems)
    known = {name: value for name, value in given.items() if name not in checked.absent}
    try:
        messages = await jinja.rendered(asker, text, known | checked.known, checked.absent, LONGEST)
    except Trouble as trouble:
        if trouble.kind == "missing":
            missing = {f"variables.{name}": _MISSING for name in trouble.names}
            raise VariablesInvalid(missing) from trouble
        if trouble.kind == "undefined":
            raise VariablesInvalid({"variables": str(trouble)}) from trouble
        if trouble.kind == "large":
            raise _too_large() from trouble
        raise refusal(trouble) from trouble
    return [Rendered(role, content) for role, content in messages]


def _checked(
    declared: Sequence[Mapping[str, Any]], given: Mapping[str, Any], used: Iterable[str]
) -> _Values:
    known = {one["name"]: one for one in declared}
    found = _Values()
    for name in dict.fromkeys((*known, *used)):
        about = known.get(name, {})
        if given.get(name) is not None:
            found.known[name] = given[name]
            if not _fits(about.get("type"), given[name]):
                found.problems[f"variables.{name}"] = _EXPECTED[about["type"]]
        elif about.get("default") is not None:
            found.known[name] = about["default"]
        elif about.get("required") is False:
            found.absent.append(name)
        else:
            found.problems[f"variables.{name}"] = _MISSING
    return found


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
    paths = (match[1] for match in template.VARIABLE.finditer(text))
    return {
        f"variables.{path}": _NO_PART
        for path in paths
        if path and path != "history" and _at(path, values) is None
    }


def _at(path: str, values: Mapping[str, Any]) -> Any:
    found: Any = values
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def _filled(content: str, values: Mapping[str, Any], room: int) -> str:
    parts: list[str] = []
    end = size = 0
    for match in template.VARIABLE.finditer(content):
        filling = _filling(match, values)
        parts += (content[end : match.start()], filling)
        size += match.start() - end + len(filling)
        end = match.end()
        if size > room:
            break
    parts.append(content[end:])
    if size + len(content) - end > room:
        raise _too_large()
    return "".join(parts)


def _filling(match: Any, values: Mapping[str, Any]) -> str:
    if match[0] == "\\{{":
        return "{{"
    path = match[1]
    if path == "history":
        return str(match[0])
    value = _at(path, values)
    if isinstance(value, str):
        return value
    return _as_json(value)


def _too_large() -> RenderedTooLarge:
    return RenderedTooLarge(f"With its variables the text has more than {LONGEST} characters.")
