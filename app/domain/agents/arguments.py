"""The variables of a prompt as MCP has them, whose arguments are texts. Pure.

A `text` that is None is in a language that only its own renderer reads (Jinja): its declared
variables are what is known of it, and whatever else is given is passed on as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from app.domain.prompts.template import variables_in
from app.domain.releases.errors import VariablesInvalid

_ALLOWED: dict[str, type] = {"number": float, "boolean": bool, "json": object}
_WANTED = {
    "number": "Give a number, such as 12.5.",
    "boolean": "Give true or false.",
    "json": 'Give JSON, such as {"id": 7}.',
}


@dataclass(frozen=True, slots=True)
class Argument:
    name: str
    description: str
    is_required: bool


def arguments_of(text: str | None, declared: Sequence[Mapping[str, Any]]) -> list[Argument]:
    """What can be given for a text: its declared variables, then those it uses all the same."""
    known = {one["name"]: one for one in declared}
    kinds = _kinds(text, declared)
    return [
        Argument(name, _about(kinds[name], known.get(name, {})), _is_required(known.get(name, {})))
        for name in kinds
    ]


def parsed(
    text: str | None, declared: Sequence[Mapping[str, Any]], given: Mapping[str, str]
) -> dict[str, Any]:
    """What was given, each as its variable's type says. Raises `VariablesInvalid`."""
    kinds = _kinds(text, declared)
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, value in given.items():
        if name not in kinds and text is not None:
            problems[f"variables.{name}"] = "This prompt has no such argument."
        elif (kind := kinds.get(name, "string")) not in _ALLOWED:
            values[name] = value
        else:
            try:
                values[name] = msgspec.json.decode(value.strip(), type=_ALLOWED[kind])
            except (msgspec.DecodeError, UnicodeError):
                problems[f"variables.{name}"] = _WANTED[kind]
    if problems:
        raise VariablesInvalid(problems)
    return {name: _plain(value) for name, value in values.items()}


def _kinds(text: str | None, declared: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """By name: the declared type; of an undeclared one JSON if the text uses parts of it."""
    kinds = {one["name"]: str(one.get("type", "string")) for one in declared}
    for name in variables_in(text or ""):
        if name not in kinds:
            has_parts = re.search(rf"\{{\{{\s*{re.escape(name)}\.", text or "")
            kinds[name] = "json" if has_parts else "string"
    return kinds


def _is_required(about: Mapping[str, Any]) -> bool:
    return about.get("default") is None and about.get("required") is not False


def _about(kind: str, about: Mapping[str, Any]) -> str:
    """What a person or a model needs to know to fill it in."""
    words = str(about.get("description") or "").strip()
    facts = [kind]
    if (default := about.get("default")) is not None:
        shown = default if isinstance(default, str) else msgspec.json.encode(default).decode()
        facts.append(f"default: {shown}")
    return f"{words} ({'; '.join(facts)})".strip()


def _plain(value: Any) -> Any:
    """7 and not 7.0, which is how the text would say it."""
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return int(value) if is_whole else value
